// The service that the crash tests kill: workflows that use everything an execution can wait for.
// The program crash_service runs it; the tests link the same declarations to run the code again
// over the histories.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "eventual/eventual.hpp"

namespace crash {

namespace ev = eventual;
using namespace std::chrono_literals;

/// The environment variable that names the journal.
inline constexpr const char* k_journal_variable = "CRASH_JOURNAL";

/// Appends "<key> <attempt> <process>" to the journal, which lives outside the engine: what really
/// ran.
inline void keep_in_journal(const std::string& key, std::uint32_t attempt) {
  static const int file = [] {
    const char* path = std::getenv(k_journal_variable);
    return path == nullptr ? -1 : ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }();
  const std::string line =
      key + " " + std::to_string(attempt) + " " + std::to_string(::getpid()) + "\n";
  if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw ev::Error("NoJournal", "the journal cannot be written");
}

/// The instruction faults; a store through a null pointer that the compiler sees may become
/// anything.
[[gnu::noinline]] inline void fault() {
  int* volatile nowhere = nullptr;
  *nowhere = 1;
}

struct Plan {
  std::string name;
  std::int64_t number = 0;
  bool fails = false;
  std::string padding = {};  ///< fills disks
};

struct Step {
  std::string key;
  std::int64_t number = 0;
  std::int64_t pause_ms = 2;
  std::int64_t fails_until = 0;  ///< attempts before this one fail
};

struct Answer {
  std::string to;
  std::int64_t number = 0;
};

inline ev::Service service{"crash"};

// --- tasks ---

inline const auto step = service.task(
    "step", {.retry = {.max_attempts = 4, .initial_interval = 15ms, .non_retryable = {"Full"}}},
    [](const Step& input, ev::TaskContext& context) -> std::int64_t {
      keep_in_journal(input.key, context.attempt());
      std::this_thread::sleep_for(std::chrono::milliseconds(input.pause_ms));
      if (context.attempt() < input.fails_until) throw ev::Error("Flaky", "not yet");
      if (input.fails_until < 0) throw ev::Error("Full", "no room");
      return input.number;
    });
inline const auto step_once =
    service.task("stepOnce", {.delivery = ev::Delivery::at_most_once},
                 [](const Step& input, ev::TaskContext& context) -> std::int64_t {
                   keep_in_journal(input.key, context.attempt());
                   std::this_thread::sleep_for(std::chrono::milliseconds(input.pause_ms));
                   return input.number;
                 });
inline const auto fault_in_task = service.task("faultInTask", {.timeout = 10min},
                                               [](const Step& input, ev::TaskContext& context) {
                                                 keep_in_journal(input.key, context.attempt());
                                                 fault();
                                               });

// --- signals ---

inline const auto add = service.signal<std::int64_t>("add");
inline const auto go = service.signal<std::int64_t>("go");
inline const auto ping = service.signal<Answer>("ping");
inline const auto pong = service.signal<std::int64_t>("pong");

inline const auto announce =
    service.task("announce", [](const Step& input, ev::TaskContext& context) -> std::int64_t {
      keep_in_journal(input.key, context.attempt());
      add.send({context.execution_id()}, input.number)
          .get();  // leaves with the success, and only then
      std::this_thread::sleep_for(std::chrono::milliseconds(input.pause_ms));
      return input.number;
    });

// --- workflows ---

/// Tasks one after the other, one of them with retries: 3 * number.
inline const auto sequence =
    service.workflow("sequence", [](Plan plan) -> ev::Future<std::int64_t> {
      std::int64_t sum = 0;
      for (int i = 0; i < 3; ++i) {
        Step next{plan.name + "/" + std::to_string(i), plan.number};
        next.fails_until = i == 1 ? 3 : 0;
        sum += co_await step(next);
      }
      co_return sum;
    });

/// Tasks at the same time: 5 * number.
inline const auto parallel =
    service.workflow("parallel", [](Plan plan) -> ev::Future<std::int64_t> {
      std::vector<ev::Future<std::int64_t>> steps;
      for (int i = 0; i < 4; ++i) {
        steps.push_back(step(Step{plan.name + "/" + std::to_string(i), plan.number, 1 + 3 * i}));
      }
      auto last = step(Step{plan.name + "/last", plan.number});
      std::int64_t sum = 0;
      for (const std::int64_t value : co_await ev::all(std::move(steps))) sum += value;
      co_return sum + co_await last;
    });

/// Durable sleeps, and what must be the same on replay: 2 * number.
inline const auto sleeper = service.workflow("sleeper", [](Plan plan) -> ev::Future<std::int64_t> {
  const std::int64_t first = co_await step(Step{plan.name + "/" + ev::new_id(), plan.number, 1});
  co_await ev::sleep_for(ev::Duration(10 + static_cast<std::int64_t>(ev::random_u64() % 120)));
  auto nap = ev::sleep_for(40ms);
  auto second = step(Step{plan.name + "/" + std::to_string(ev::random_u64()), plan.number, 1});
  co_await nap;
  co_await ev::sleep_until(ev::now() + 25ms);
  co_return first + co_await second;
});

/// A condition whose time passes, then one that three signals fulfil: their sum.
inline const auto collect = service.workflow("collect", [](Plan plan) -> ev::Future<std::int64_t> {
  std::int64_t sum = 0;
  std::int64_t count = 0;
  auto listening = add.on([&](std::int64_t value) {
    sum += value;
    ++count;
  });
  if (co_await ev::condition([] { return false; }, {.timeout = 20ms}))
    throw ev::Error("Impossible", "a condition that never holds held");
  co_await step(Step{plan.name + "/between", plan.number, 1});
  if (!co_await ev::condition([&] { return count == 3; }, {.timeout = 30min}))
    throw ev::Error("Late", "the signals did not come");
  co_return sum;
});

/// One signal after the other, the last with a limit that passes: the difference of the two.
inline const auto expect = service.workflow("expect", [](Plan plan) -> ev::Future<std::int64_t> {
  const std::int64_t first = co_await go.expect();
  co_await step(Step{plan.name + "/between", plan.number, 1});
  const std::int64_t second = co_await go.expect({.timeout = 30min});
  const ev::Result<std::int64_t> third = co_await ev::settle(go.expect({.timeout = 15ms}));
  if (third.ok()) throw ev::Error("Impossible", "a signal that nobody sent came");
  co_return (first > second) ? first - second : second - first;
});

inline const auto child = service.workflow("child", [](Plan plan) -> ev::Future<std::int64_t> {
  co_await ev::sleep_for(15ms);
  const std::int64_t value = co_await step(Step{plan.name + "/child", plan.number});
  if (plan.fails) throw ev::Error("ChildFailed", plan.name);
  co_return value;
});

/// Children: two that are waited for, one that fails, one that nobody waits for. 2 * number.
inline const auto parent = service.workflow("parent", [](Plan plan) -> ev::Future<std::int64_t> {
  auto one = child(Plan{plan.name + ".one", plan.number});
  auto two = child(Plan{plan.name + ".two", plan.number});
  auto failing = child(Plan{plan.name + ".failing", plan.number, true});
  co_await child.start(Plan{plan.name + ".left", plan.number}, {.name = plan.name + ".left"});
  const auto [first, second] = co_await ev::all(std::move(one), std::move(two));
  if ((co_await ev::settle(std::move(failing))).ok())
    throw ev::Error("Impossible", "a child that fails succeeded");
  co_return first + second;
});

/// Fails after two steps when the plan says so, and undoes them; otherwise 2 * number.
inline const auto saga = service.workflow("saga", [](Plan plan) -> ev::Future<std::int64_t> {
  ev::Saga undo;
  const std::int64_t first = co_await step(Step{plan.name + "/book", plan.number});
  undo.undo(step, Step{plan.name + "/undo-book", plan.number});
  const std::int64_t second = co_await step(Step{plan.name + "/pay", plan.number});
  undo.undo(step, Step{plan.name + "/undo-pay", plan.number});
  Step last{plan.name + "/ship", plan.number};
  last.fails_until = plan.fails ? -1 : 0;
  co_await step(last);
  co_return first + second;
});

inline const auto ponger = service.workflow("ponger", [](Plan) -> ev::Future<std::int64_t> {
  std::int64_t sum = 0;
  for (int i = 0; i < 2; ++i) {
    const Answer asked = co_await ping.expect();
    sum += asked.number;
    co_await pong.send({asked.to}, asked.number);
  }
  co_return sum;
});

/// Signals between executions, there and back twice: 2 * number.
inline const auto pinger = service.workflow("pinger", [](Plan plan) -> ev::Future<std::int64_t> {
  const auto partner = co_await ponger.start(plan, {.name = plan.name});
  std::int64_t sum = 0;
  for (int i = 0; i < 2; ++i) {
    co_await ping.send(partner, Answer{ev::this_execution().id, plan.number});
    sum += co_await pong.expect();
  }
  co_return sum;
});

/// A task whose attempts send a signal here: it counts once. The number.
inline const auto teller = service.workflow("teller", [](Plan plan) -> ev::Future<std::int64_t> {
  std::int64_t sum = 0;
  auto listening = add.on([&](std::int64_t value) { sum += value; });
  co_await announce(Step{plan.name + "/announce", plan.number, 8});
  co_await ev::condition([&] { return sum != 0; });
  co_await ev::sleep_for(30ms);  // a second one would be here by then
  co_return sum;
});

/// A task that runs at most once: the number, or 0 when a crash interrupted it.
inline const auto once = service.workflow("once", [](Plan plan) -> ev::Future<std::int64_t> {
  const auto done = co_await ev::settle(step_once(Step{plan.name + "/once", plan.number, 5}));
  if (done.ok()) co_return *done;
  if (done.error().name() != ev::error_names::k_interrupted) throw ev::Error(done.error());
  co_return 0;
});

/// Its task crashes the process when the plan says so.
inline const auto faulty_task =
    service.workflow("faultyTask", [](Plan plan) -> ev::Future<std::int64_t> {
      const std::int64_t value = co_await step(Step{plan.name + "/before", plan.number});
      if (plan.fails) co_await fault_in_task(Step{plan.name + "/fault", plan.number});
      co_return value;
    });

/// Its own code crashes the process when the plan says so.
inline const auto faulty_code =
    service.workflow("faultyCode", [](Plan plan) -> ev::Future<std::int64_t> {
      const std::int64_t value = co_await step(Step{plan.name + "/before", plan.number});
      if (plan.fails) fault();
      co_return value;
    });

/// Its own code crashes the process before anything of it is stored.
inline const auto faulty_start =
    service.workflow("faultyStart", [](Plan plan) -> ev::Future<std::int64_t> {
      if (plan.fails) fault();
      co_return plan.number;
    });

/// One task that takes `number` milliseconds: the number.
inline const auto linger = service.workflow("linger", [](Plan plan) -> ev::Future<std::int64_t> {
  co_return co_await step(Step{plan.name + "/linger", plan.number, plan.number});
});

// --- values that are rows of their own ---

inline const auto more = service.signal<std::string>("more");
inline const auto copy =
    service.task("copy", [](const std::string& text, ev::TaskContext& context) {
      keep_in_journal(std::string(context.idempotency_key()), context.attempt());
      return text + text.substr(0, 1);
    });
/// Its padding and one letter; unless the plan fails, then what a signal brings, and one more.
inline const auto bulky = service.workflow("bulky", [](Plan plan) -> ev::Future<std::string> {
  std::string text = co_await copy(plan.padding);
  if (plan.fails) co_return text;
  text += co_await more.expect();
  co_return co_await copy(text);
});

// --- entities ---

struct Purse {
  std::string id;
  std::int64_t coins = 0;
};
struct Move {
  std::string id;
  std::string from;
  std::string to;
  std::int64_t amount = 0;
};

inline const auto purses = service.entity("purses", ev::key(&Purse::id));
inline const auto moves = service.entity("moves", ev::key(&Move::id));
/// Changes two purses and puts the move itself: its version tells how often it happened.
inline const auto move_coins =
    service.transaction("move", [](const Move& move, ev::TransactionContext& tx) {
      auto from = tx.get(purses, move.from).value_or(Purse{move.from});
      auto to = tx.get(purses, move.to).value_or(Purse{move.to});
      from.coins -= move.amount;
      to.coins += move.amount;
      tx.put(purses, from);
      tx.put(purses, to);
      tx.put(moves, move);
    });

/// A change of a purse that was told. Kept once, however often it is told.
struct Told {
  std::string purse;
  std::int64_t version = 0;
  std::int64_t before = 0;
  std::int64_t now = 0;
  bool in_order = false;  ///< the one before it was told before
};
inline const auto told = service.entity("told", ev::key(&Told::purse, &Told::version));
inline const auto telling = purses.on_change("telling", [](const ev::EntityChange<Purse>& change) {
  const Told one{
      change.now->id, static_cast<std::int64_t>(change.version),
      change.before ? change.before->coins : 0, change.now->coins,
      change.version == 1 || told.get(change.now->id, static_cast<std::int64_t>(change.version) - 1)
                                 .get()
                                 .has_value()};
  if (!told.get(one.purse, one.version).get()) told.put(one).get();
});

// --- waiting for somebody outside, with limits ---

inline std::int64_t wait_for_file(const std::string& path, const std::string& key) {
  keep_in_journal(key, 1);
  while (::access(path.c_str(), F_OK) != 0) std::this_thread::sleep_for(1ms);
  return 1;
}
inline const auto patient_task =
    service.task("patientTask", {.timeout = 2s, .retry = {.max_attempts = 1}},
                 [](const std::string& path) { return wait_for_file(path, "task"); });
/// 1, as soon as there is a file of that name; fails after two seconds.
inline const auto patient = service.workflow(
    "patient",
    [](std::string path) -> ev::Future<std::int64_t> { co_return co_await patient_task(path); });
inline const auto patient_command =
    service.command("patientCommand", {.timeout = 2s},
                    [](const std::string& path) { return wait_for_file(path, "command"); });

}  // namespace crash
