// The code of docs/slack.md.
#include <gtest/gtest.h>

#include <cstdlib>
#include <eventual/eventual.hpp>
#include <eventual/slack.hpp>
#include <string>

namespace {

namespace ev = eventual;

// [app]
inline ev::Service releases{"releases"};
inline ev::slack::Slack slack{releases,
                              {.signing_secret = ev::Secret::environment("SLACK_SIGNING_SECRET"),
                               .token = ev::Secret::environment("SLACK_TOKEN")}};
// [/app]

// [workflow]
struct Deploy {
  std::string what;
  std::string response_url;
};

inline const auto approve = releases.signal<std::string>("approve");

inline const auto deploy = releases.workflow("deploy", [](Deploy asked) -> ev::Future<void> {
  co_await slack.post_message(
      {.channel = "#releases", .text = "May " + asked.what + " be deployed?"});
  const std::string by = co_await approve.expect();
  co_await slack.respond({.response_url = asked.response_url,
                          .text = asked.what + " is deployed, " + by + " said yes",
                          .in_channel = true});
});
// [/workflow]

inline const auto handled = [] {
  // [command]
  slack.command("/deploy", [](const ev::slack::SlashCommand& command) {
    deploy.start({command.text, command.response_url}, {.name = command.text}).get();
    return "deploying " + command.text;
  });
  // [/command]
  // [action]
  slack.action("approve", [](const ev::slack::Interaction& interaction) {
    approve.send(ev::ExecutionId{"deploy/" + interaction.value}, interaction.user_id).get();
    return std::string("thank you");
  });
  // [/action]
  // [event]
  slack.event("app_mention", "greeting", [](const ev::slack::Event& event) {
    ev::log_levels::info(event.user + " says: " + event.text);
  });
  // [/event]
  return true;
}();

TEST(SlackGuide, ItsDeclarationsHaveNoDefect) {
  EXPECT_TRUE(handled);
  EXPECT_TRUE(releases.declarations().defects().empty());
}

}  // namespace
