#include "eventual/slack.hpp"

#include <utility>

#include "state.hpp"

namespace eventual::slack {
namespace {

Posted posted_of(const Json& answer) {
  const Json& channel = answer["channel"];
  const Json& ts = answer["ts"];
  return {channel.is_string() ? channel.as_string() : std::string(),
          ts.is_string() ? ts.as_string() : std::string()};
}

Json message_of(const std::string& channel, const std::string& text, const Json& blocks) {
  Json message = Json::object({{"channel", channel}, {"text", text}});
  if (!blocks.is_null()) message.set("blocks", blocks);
  return message;
}

TaskOptions task_options(const SlackOptions& options, std::string description) {
  TaskOptions task;
  task.timeout = Duration(60'000);
  task.retry = options.retry;
  task.description = std::move(description);
  return task;
}

}  // namespace

detail::Answer detail::text_answer(const std::string& text) {
  if (text.empty()) return {};
  return Json::object({{"response_type", "ephemeral"}, {"text", text}}).dump();
}

Slack::Slack(Service& service, SlackOptions options)
    : Slack(service, [&options] {
        auto state = std::make_shared<State>();
        state->options = std::move(options);
        return state;
      }()) {}

Slack::Slack(Service& service, std::shared_ptr<State> state)
    : events(service.event<Event>("slackEvent", {.description = "An event of Slack"})),
      post_message(service.task(
          "slack.chat.postMessage", task_options(state->options, "Sends a message to Slack"),
          [state](const PostMessage& message) {
            Json arguments = message_of(message.channel, message.text, message.blocks);
            if (!message.thread_ts.empty()) arguments.set("thread_ts", message.thread_ts);
            return posted_of(state->call_api("chat.postMessage", arguments));
          })),
      update_message(service.task(
          "slack.chat.update", task_options(state->options, "Changes a message in Slack"),
          [state](const UpdateMessage& message) {
            Json arguments = message_of(message.channel, message.text, message.blocks);
            arguments.set("ts", message.ts);
            return posted_of(state->call_api("chat.update", arguments));
          })),
      open_view(service.task(
          "slack.views.open", task_options(state->options, "Opens a view in Slack"),
          [state](const OpenView& open) {
            (void)state->call_api(
                "views.open", Json::object({{"trigger_id", open.trigger_id}, {"view", open.view}}));
          })),
      respond(service.task("slack.respond",
                           task_options(state->options, "Answers a command or an interaction"),
                           [state](const Reply& reply) { state->reply(reply); })),
      call(service.task("slack.call", task_options(state->options, "Calls Slack's Web API"),
                        [state](const ApiCall& api_call) {
                          return state->call_api(api_call.method, api_call.arguments);
                        })),
      service_(service),
      state_(state) {
  service.http.post(state->options.path,
                    {.summary = "What Slack sends", .timeout = state->options.answer_timeout},
                    [state, events = events](const http::Request& request) {
                      return state->answer(request, events);
                    });
}

Slack::~Slack() = default;

void Slack::add_command(std::string name, detail::CommandHandler handler) {
  state_->commands[std::move(name)] = std::move(handler);
}

void Slack::add_interaction_handler(std::string kind, std::string id,
                                    detail::InteractionHandler handler) {
  state_->interactions[{std::move(kind), std::move(id)}] = std::move(handler);
}

void Slack::expect_event(std::string_view type) { state_->event_types.emplace(type); }

}  // namespace eventual::slack
