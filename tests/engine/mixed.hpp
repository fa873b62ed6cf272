// A workflow that does a bit of everything by a plan, so that what it must give is known
// beforehand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eventual/eventual.hpp"

namespace eventual::engine::mixed {

using namespace std::chrono_literals;

enum class Step : std::int64_t {
  task,
  flaky,
  failing,
  sleep,
  signal,
  child,
  condition,
  send,
  parallel,
  count
};

struct Plan {
  std::vector<std::int64_t> steps;
  bool fails = false;
};
struct Try {
  std::string name;
  std::int64_t fail_times = 0;
};

inline std::map<std::string, int>& attempts_seen() {
  static std::map<std::string, int> seen;
  return seen;
}
inline std::map<std::string, int>& undone() {
  static std::map<std::string, int> seen;
  return seen;
}

inline Service& service() {
  static Service made{"mixed"};
  return made;
}

inline const auto poke = service().signal<void>("poke");
inline const auto note = service().signal<std::int64_t>("note");
inline const auto finish = service().signal<void>("finish");
inline std::string attempt_once(const Try& what, TaskContext& context) {
  // By number, not by memory: an attempt that a crash interrupted runs again as it was.
  if (context.attempt() <= what.fail_times) throw Error("Flaky", what.name);
  attempts_seen()[context.idempotency_key()]++;
  return what.name;
}
inline void undo_once(const std::string& what) { undone()[what]++; }
inline TaskOptions attempt_options() {
  return {.timeout = 1min, .retry = {.max_attempts = 4, .initial_interval = 10ms}};
}
inline Future<std::int64_t> run_leaf(std::int64_t n);

inline const auto attempt_it = service().task("attemptIt", attempt_options(), &attempt_once);
inline const auto undo_it = service().task("undoIt", &undo_once);
inline Future<std::int64_t> run_leaf(std::int64_t n) {
  co_await sleep_for(Duration(n % 7));
  co_await attempt_it(Try{"leaf", n % 2});
  co_return 2 * n;
}
inline const auto leaf = service().workflow("leaf", &run_leaf);
inline const auto sink = service().workflow("sink", []() -> Future<std::int64_t> {
  std::int64_t total = 0;
  auto listening = note.on([&](std::int64_t n) { total += n; });
  co_await finish.expect();
  co_return total;
});
inline const auto mix = service().workflow("mix", [](Plan plan) -> Future<std::string> {
  Saga saga;
  saga.undo(undo_it, this_execution().id);
  std::string out;
  std::int64_t place = 0;
  for (const std::int64_t step : plan.steps) {
    ++place;
    switch (static_cast<Step>(step)) {
      case Step::task:
        out += co_await attempt_it(Try{"t", 0});
        break;
      case Step::flaky:
        out += co_await attempt_it(Try{"f", 2});
        break;
      case Step::failing: {
        const auto result = co_await settle(attempt_it(Try{"x", 9}));
        out += result.ok() ? "?" : result.error().name();
        break;
      }
      case Step::sleep:
        co_await sleep_for(Duration(5 * place));
        out += "z";
        break;
      case Step::signal:
        co_await poke.expect();
        out += "s";
        break;
      case Step::child:
        out += std::to_string(co_await leaf(place));
        break;
      case Step::condition:
        out += co_await condition([] { return false; }, {.timeout = 20ms}) ? "?" : "c";
        break;
      case Step::send:
        co_await note.send(ExecutionId{"sink/one", 0}, std::int64_t{1});
        out += "n";
        break;
      case Step::parallel: {
        std::vector<Future<std::string>> calls;
        for (std::int64_t i = 0; i < 3; ++i) calls.push_back(attempt_it(Try{"p", i}));
        co_await all(std::move(calls));
        out += "p";
        break;
      }
      case Step::count:
        break;
    }
  }
  if (plan.fails) throw Error("Planned", out);
  co_return out;
});

/// The same service after a change that does not agree with recorded histories.
inline Service& broken_service() {
  static Service made{"mixed"};
  static const bool declared = [] {
    made.signal<void>("poke");
    made.signal<std::int64_t>("note");
    made.signal<void>("finish");
    made.task("attemptIt", attempt_options(), &attempt_once);
    made.task("undoIt", &undo_once);
    made.workflow("leaf", &run_leaf);
    made.workflow("sink", []() -> Future<std::int64_t> {
      co_await sleep_for(24h);
      co_return 0;
    });
    made.workflow("mix", [](Plan) -> Future<std::string> {
      co_await sleep_for(24h);
      co_return "broken";
    });
    return true;
  }();
  (void)declared;
  return made;
}

/// What `mix` gives for a plan.
inline std::string expected(const Plan& plan) {
  std::string out;
  std::int64_t place = 0;
  for (const std::int64_t step : plan.steps) {
    ++place;
    switch (static_cast<Step>(step)) {
      case Step::task:
        out += "t";
        break;
      case Step::flaky:
        out += "f";
        break;
      case Step::failing:
        out += "Flaky";
        break;
      case Step::sleep:
        out += "z";
        break;
      case Step::signal:
        out += "s";
        break;
      case Step::child:
        out += std::to_string(2 * place);
        break;
      case Step::condition:
        out += "c";
        break;
      case Step::send:
        out += "n";
        break;
      case Step::parallel:
        out += "p";
        break;
      case Step::count:
        break;
    }
  }
  return out;
}

inline std::int64_t count_of(const Plan& plan, Step step) {
  std::int64_t n = 0;
  for (const std::int64_t each : plan.steps) n += each == static_cast<std::int64_t>(step) ? 1 : 0;
  return n;
}

}  // namespace eventual::engine::mixed
