// Slack: slash commands, events and interactions of a Slack app, and its Web API as tasks.
// Link Eventual::slack.
//
//   inline ev::slack::Slack slack{orders, {.signing_secret =
//       ev::Secret::environment("SLACK_SIGNING_SECRET"), .token = ev::Secret::environment(
//       "SLACK_TOKEN")}};
//   …
//   slack.command("/deploy", [](const ev::slack::SlashCommand& command) {
//     return "deploying " + command.text;
//   });
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eventual/event.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"
#include "eventual/secret.hpp"
#include "eventual/service.hpp"
#include "eventual/task.hpp"
#include "eventual/time.hpp"

namespace eventual::slack {

// --- what Slack sends ---

/// A slash command as somebody typed it.
struct SlashCommand {
  std::string command;  ///< "/deploy"
  std::string text;     ///< what stands behind it
  std::string user_id;
  std::string user_name;
  std::string channel_id;
  std::string channel_name;
  std::string team_id;
  std::string response_url;  ///< takes up to 5 answers within 30 minutes: Slack::respond
  std::string trigger_id;    ///< opens a view within 3 seconds: Slack::open_view
};

/// An event of the Events API.
struct Event {
  std::string id;    ///< Slack's event_id: each is handled once
  std::string type;  ///< of the inner event: "app_mention", "message", …
  std::string team_id;
  std::string user;  ///< of the inner event, where it has one, as are the next four
  std::string channel;
  std::string text;
  std::string ts;
  std::string thread_ts;
  Json inner;  ///< all of the inner event
};

/// Somebody used a button, a menu, a shortcut or a view.
struct Interaction {
  std::string type;   ///< "block_actions", "view_submission", "view_closed", "shortcut",
                      ///< "message_action"
  std::string id;     ///< the action_id, or the callback_id of the view or shortcut
  std::string value;  ///< of a button, or of the option that was selected
  std::string user_id;
  std::string channel_id;
  std::string response_url;
  std::string trigger_id;
  Json payload;  ///< all of it
};

// --- what is sent to Slack ---

/// chat.postMessage. `blocks` null: text alone.
struct PostMessage {
  std::string channel;
  std::string text;
  Json blocks = {};
  std::string thread_ts = {};  ///< empty: not in a thread
};
/// chat.update.
struct UpdateMessage {
  std::string channel;
  std::string ts;
  std::string text;
  Json blocks = {};
};
/// A message as Slack names it.
struct Posted {
  std::string channel;
  std::string ts;
};
/// views.open.
struct OpenView {
  std::string trigger_id;
  Json view;
};
/// An answer to a response_url.
struct Reply {
  std::string response_url;
  std::string text;
  Json blocks = {};
  bool in_channel = false;        ///< for all to see; otherwise for who asked
  bool replace_original = false;  ///< takes the place of the message that was acted on
  bool delete_original = false;
};
/// Any method of the Web API.
struct ApiCall {
  std::string method;  ///< "reactions.add"
  Json arguments = {};
};

// --- checking ---

/// Whether `signature` ("v0=…", the header X-Slack-Signature) was made with `signing_secret` for
/// this body at `timestamp` (seconds, the header X-Slack-Request-Timestamp), and that time is no
/// farther from `now` than `window`. Takes the same time for every wrong signature.
bool verify_signature(std::string_view signing_secret, std::string_view timestamp,
                      std::string_view body, std::string_view signature, Timestamp now,
                      Duration window = Duration(300'000));

// --- the app ---

struct SlackOptions {
  Secret signing_secret = {};
  Secret token = {};  ///< of the bot, "xoxb-…"; only calls of the Web API need it
  /// Where Slack sends everything: slash commands, events and interactions.
  std::string path = "/slack";
  std::string api_url = "https://slack.com/api";
  /// Slack waits 3 s for an answer; a handler that takes longer goes on, and Slack shows an error.
  Duration answer_timeout = Duration(3'000);
  /// Of calls of the Web API. Errors that come again are final at once whatever it says; Slack's
  /// Retry-After is kept to.
  RetryPolicy retry = {.max_attempts = 10, .non_retryable = {"SlackError"}};
};

namespace detail {

/// What a handler answers as the JSON text of the response; empty: an empty body.
using Answer = std::string;
using CommandHandler = std::function<Answer(const SlashCommand&)>;
using InteractionHandler = std::function<Answer(const Interaction&)>;

Answer text_answer(const std::string& text);

template <class Handler, class Argument>
Answer answer_of(const Handler& handler, const Argument& argument) {
  using Output = std::invoke_result_t<const Handler&, const Argument&>;
  if constexpr (std::is_void_v<Output>) {
    handler(argument);
    return {};
  } else if constexpr (std::is_same_v<std::remove_cvref_t<Output>, Json>) {
    return handler(argument).dump();
  } else {
    static_assert(std::is_convertible_v<Output, std::string>,
                  "a handler of Slack returns text, ev::Json, or nothing");
    return text_answer(handler(argument));
  }
}

}  // namespace detail

/// A Slack app within a service: one route for what Slack sends, an event, and tasks. Declare it,
/// and what it handles, beside the service's own declarations; it must outlive the service's run.
///
/// Requests with a wrong signature, or one older than 5 minutes, get 404, as does what nothing
/// handles. Requests are answered within 3 s or not at all: do what takes longer in a workflow that
/// the handler starts, and answer with `respond`.
class Slack {
 public:
  Slack(Service& service, SlackOptions options);
  ~Slack();
  Slack(const Slack&) = delete;
  Slack& operator=(const Slack&) = delete;

  /// Handles a slash command ("/deploy"); a second handler of one name takes the first one's place.
  /// `handler` takes the SlashCommand and returns text (shown to who asked), ev::Json (a message)
  /// or nothing. Runs as a route's handler: it may start workflows, emit, signal. What it throws is
  /// shown to who asked, by its message where it is an ev::Error.
  template <class Handler>
  void command(std::string name, Handler handler) {
    add_command(std::move(name), [handler = std::move(handler)](const SlashCommand& command) {
      return detail::answer_of(handler, command);
    });
  }

  /// Handles a button or menu by its action_id.
  template <class Handler>
  void action(std::string action_id, Handler handler) {
    add_interaction("block_actions", std::move(action_id), std::move(handler));
  }
  /// Handles a view that was submitted, by its callback_id. ev::Json is a response_action.
  template <class Handler>
  void view(std::string callback_id, Handler handler) {
    add_interaction("view_submission", std::move(callback_id), std::move(handler));
  }
  /// Handles a global shortcut or one of a message, by its callback_id.
  template <class Handler>
  void shortcut(std::string callback_id, Handler handler) {
    add_interaction("shortcut", std::move(callback_id), std::move(handler));
  }

  /// Subscribes to events of this type ("app_mention"), as Service::subscription: `handler` takes
  /// the Event, is tried again when it throws, and each event, which Slack may send several times,
  /// is handled once. Slack is answered when the event is durable.
  template <class Handler>
  Subscription event(std::string_view type, std::string subscription_name,
                     SubscriptionOptions subscription_options, Handler handler,
                     std::source_location location = std::source_location::current()) {
    expect_event(type);
    return service_.subscription(std::move(subscription_name),
                                 on(events.where(where<&Event::type>() == std::string(type))),
                                 std::move(subscription_options), std::move(handler), location);
  }
  template <class Handler>
    requires(!std::is_convertible_v<Handler, SubscriptionOptions>)
  Subscription event(std::string_view type, std::string subscription_name, Handler handler,
                     std::source_location location = std::source_location::current()) {
    return event(type, std::move(subscription_name), SubscriptionOptions{}, std::move(handler),
                 location);
  }

  /// What Slack's events become: "slackEvent".
  const ServiceEvent<Event> events;

  // Tasks. Each fails with SlackError (details: method and error, Slack's own word for it), with
  // RateLimited after the last attempt, Unavailable, or Timeout. A crash, or an answer that was
  // lost, may do it twice.
  const Task<PostMessage, Posted> post_message;      ///< "slack.chat.postMessage"
  const Task<UpdateMessage, Posted> update_message;  ///< "slack.chat.update"
  const Task<OpenView, void> open_view;              ///< "slack.views.open": within 3 s of the
                                                     ///< trigger
  const Task<Reply, void> respond;                   ///< "slack.respond"
  const Task<ApiCall, Json> call;                    ///< "slack.call": gives all of the answer

 private:
  struct State;

  void add_command(std::string name, detail::CommandHandler handler);
  void add_interaction_handler(std::string kind, std::string id,
                               detail::InteractionHandler handler);
  void expect_event(std::string_view type);
  template <class Handler>
  void add_interaction(std::string kind, std::string id, Handler handler) {
    add_interaction_handler(std::move(kind), std::move(id),
                            [handler = std::move(handler)](const Interaction& interaction) {
                              return detail::answer_of(handler, interaction);
                            });
  }

  Slack(Service& service, std::shared_ptr<State> state);

  Service& service_;
  // shared: by the route and the tasks, which the service keeps
  std::shared_ptr<State> state_;
};

}  // namespace eventual::slack
