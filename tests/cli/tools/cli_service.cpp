// The service that the tests of the command talk to: a workflow for each way to wait and to end.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "eventual/eventual.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

struct Greeting {
  std::string name;
  std::int64_t times = 1;
};
template <>
struct eventual::Annotate<Greeting> {
  static constexpr FieldAnnotations fields[] = {field<&Greeting::times>({.default_value = 1})};
};
struct Progress {
  std::int64_t done = 0;
};

struct Note {
  std::string shelf;
  std::string title;
  std::int64_t pages = 0;
};

inline ev::Service desk{"desk", {.version = "1.2.3", .description = "Tests the command"}};

inline const auto greet = desk.task("greet", [](const Greeting& greeting) -> std::string {
  std::string text;
  for (std::int64_t i = 0; i < greeting.times; ++i) text += "hello " + greeting.name + ". ";
  return text;
});
inline const auto refuse =
    desk.task("refuse", [](std::string what) { throw ev::Error("Refused", "no " + what); });
inline const auto unlucky = desk.task(
    "unlucky",
    {.retry = {.max_attempts = 3, .initial_interval = 1h, .max_interval = 1h, .jitter = 0}},
    [](std::string what) { throw ev::Error("Unlucky", "no " + what); });
/// Fails once, then succeeds.
inline const auto second_try =
    desk.task("secondTry", {.retry = {.max_attempts = 3, .initial_interval = 1ms, .jitter = 0}},
              [](std::string what, ev::TaskContext& context) -> std::string {
                if (context.attempt() == 1) throw ev::Error("Unlucky", "no " + what);
                return what;
              });
/// Ends by a token, which it logs.
inline const auto by_token = desk.task(
    "byToken", {.timeout = 24h}, [](std::string, ev::TaskContext& context) -> std::string {
      ev::log(ev::LogLevel::info, "token " + context.complete_later());
      return {};
    });

inline const auto approve = desk.signal<std::string>("approve");
inline const auto progress =
    desk.query("progress", [](const Progress& view) -> std::int64_t { return view.done; });
inline const auto add = desk.update<std::int64_t, std::int64_t>("add");

inline const auto hello = desk.workflow(
    "hello", {.description = "Greets somebody"},
    [](Greeting greeting) -> ev::Future<std::string> { co_return co_await greet(greeting); });
inline const auto broken =
    desk.workflow("broken", [](std::string what) -> ev::Future<void> { co_await refuse(what); });
inline const auto retried = desk.workflow(
    "retried",
    [](std::string what) -> ev::Future<std::string> { co_return co_await second_try(what); });
inline const auto waiting_to_retry = desk.workflow(
    "waitingToRetry", [](std::string what) -> ev::Future<void> { co_await unlucky(what); });
inline const auto sleeping =
    desk.workflow("sleeping", [](std::string) -> ev::Future<void> { co_await ev::sleep_for(2h); });
inline const auto approval = desk.workflow("approval", [](std::string) -> ev::Future<std::string> {
  co_return co_await approve.expect();
});
inline const auto condition = desk.workflow("condition", [](std::string) -> ev::Future<bool> {
  bool approved = false;
  auto listening = approve.on([&](std::string) { approved = true; });
  co_return co_await ev::condition([&] { return approved; }, {.timeout = 1h});
});
inline const auto parent =
    desk.workflow("parent", [](std::string) -> ev::Future<void> { co_await sleeping("child"); });
inline const auto by_hand = desk.workflow(
    "byHand",
    [](std::string what) -> ev::Future<std::string> { co_return co_await by_token(what); });
inline const auto counting = desk.workflow("counting", [](std::string) -> ev::Future<std::int64_t> {
  Progress view;
  ev::publish(view);
  auto adding = add.on(
      [&](std::int64_t more) {
        view.done += more;
        ev::publish(view);
        return view.done;
      },
      [](std::int64_t more) {
        if (more < 0) throw ev::Error("Negative", "only up");
      });
  co_await approve.expect();
  co_return view.done;
});

inline const auto nightly =
    desk.schedule("nightly", ev::cron("0 3 * * *", "UTC"), hello, Greeting{"night"});

inline const auto notes =
    desk.entity("notes", ev::key(&Note::shelf, &Note::title), {.description = "What was written"});
inline const auto notes_by_size = desk.index(notes, "bySize", ev::key(&Note::shelf, &Note::pages));
inline const auto write_note = desk.command("writeNote", [](Note note) { notes.put(note).get(); });

/// Mails to nowhere are dead letters at once.
inline const auto placed = desk.event<std::string>("placed");
inline const auto mailing = desk.subscription(
    "mailing", ev::on(placed), {.retry = {.max_attempts = 1}}, [](const std::string& where) {
      if (where == "nowhere") throw ev::Error("NoSuchPlace", "no " + where);
      ev::log(ev::LogLevel::info, "mailed to " + where);
    });

inline const auto shout = desk.command("shout", [](Greeting greeting) -> std::string {
  if (greeting.name.empty()) throw ev::Error("NoName", "a name is needed");
  return "HELLO " + greeting.name;
});

inline const auto look_up = desk.command("lookUp", [](std::string what) -> std::string {
  throw ev::Error(std::string(ev::error_names::k_not_found), "no " + what + " here");
});

int main(int argc, char** argv) { return desk.run(argc, argv); }
