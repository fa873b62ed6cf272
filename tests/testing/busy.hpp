// A service that uses everything, for simulations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eventual/eventual.hpp"

namespace eventual::busy {

using namespace std::chrono_literals;

struct Job {
  std::string id;
  std::int64_t parts = 0;
};
struct State {
  std::int64_t total = 0;
  std::int64_t notes = 0;
  std::int64_t rounds = 0;
};
struct Add {
  std::int64_t amount = 0;
};

inline constexpr Task<std::int64_t, std::int64_t> work{"work"};
inline constexpr Task<std::int64_t, std::int64_t> look{"look"};
inline constexpr Task<std::string, std::string> slow{"slow"};
inline constexpr Task<std::string, void> once{"once"};
inline constexpr Task<std::string, void> undo{"undo"};
inline constexpr Signal<std::string> note{"note"};
inline constexpr Signal<void> stop{"stop"};
inline constexpr Update<Add, std::int64_t> add{"add"};
inline constexpr Workflow<std::string, std::string> helper{"helper"};

/// Tasks one after the other and side by side, a saga, children, a condition.
inline Future<std::string> job(Job job) {
  Saga saga;
  State state;
  publish(state);
  auto listening = note.on([&](std::string) { ++state.notes; });
  auto adding = add.on([&](Add change) -> std::int64_t {
    state.total += change.amount;
    publish(state);
    return state.total;
  });
  for (std::int64_t part = 0; part < job.parts % 4; ++part) {
    state.total += co_await work(part);
    state.total += co_await look(part);
    saga.undo(undo, job.id);
  }
  co_await once(job.id);
  const bool told = co_await condition([&] { return state.notes > 1; }, {.timeout = 20min});
  auto helped = helper.start_child(job.id);
  std::vector<Future<std::int64_t>> many;
  for (std::int64_t part = 0; part < 3; ++part) many.push_back(work(part));
  if (told) co_await helped.signal(note, "hurry");
  for (const std::int64_t value : co_await all(std::move(many))) state.total += value;
  publish(state);
  std::string text = co_await slow(job.id);
  Result<std::string> result = co_await settle(helped.result());
  co_return text + (result ? *result : result.error().name()) + std::to_string(state.total);
}

/// Waits, and may be told to hurry.
inline Future<std::string> help(std::string text) {
  auto first = sleep_for(5min);
  auto second = sleep_for(3min);
  auto hurried = note.expect({.timeout = 4min});
  co_await second;
  (void)co_await settle(std::move(hurried));
  co_await first;
  co_return "helped " + text;
}

/// Goes on as new until it is told to stop.
inline Future<std::int64_t> counter(State state) {
  bool stopped = false;
  auto stopping = stop.on([&] { stopped = true; });
  auto counting = note.on([&](std::string) { ++state.notes; });
  auto adding = add.on([&](Add change) -> std::int64_t { return state.total += change.amount; });
  state.rounds = state.rounds < 0 ? 0 : state.rounds % 1000;
  for (int i = 0; i < 3; ++i) {
    state.total += co_await work(i) % 10;
    publish(state);
    if (co_await condition([&] { return stopped; }, {.timeout = 7min})) co_return state.total;
  }
  if (++state.rounds % 4 == 3) co_return state.total;
  co_return co_await continue_as_new(state);
}

/// Gives its parts to children, gives up on the late, and may be cancelled while it does.
inline Future<std::int64_t> parent(std::int64_t parts) {
  std::int64_t done = 0;
  for (std::int64_t part = 0; part < parts % 3; ++part) {
    auto child = helper.start_child(std::to_string(part));
    auto late = sleep_for(4min);
    co_await late;
    if (part == 1) co_await child.cancel();
    const auto result = co_await settle(child.result());
    if (result) ++done;
  }
  const auto last = co_await settle(with_timeout(10s, work(done)));
  if (last) done += *last;
  co_return done;
}

/// Of a schedule.
inline Future<void> nightly() {
  (void)co_await work(1);
  co_await sleep_for(10min);
}

inline void declare(Service& service) {
  (void)service.task("work",
                     {.timeout = 1min, .retry = {.max_attempts = 20, .initial_interval = 1s}},
                     [](std::int64_t part) { return part * 2; });
  (void)service.task("look", {.pure = true}, [](std::int64_t part) { return part + 1; });
  (void)service.task("slow",
                     {.timeout = 5min,
                      .retry = {.max_attempts = 8},
                      .on_cancel = OnCancel::wait,
                      .heartbeat_timeout = 30s,
                      .limit = {.concurrency = 2}},
                     [](const std::string& text, TaskContext& context) {
                       context.heartbeat(1);
                       return text;
                     });
  (void)service.task("once", {.delivery = Delivery::at_most_once}, [](const std::string&) {});
  (void)service.task("undo", {.retry = {.max_attempts = 5}}, [](const std::string&) {});
  (void)service.signal<std::string>("note");
  (void)service.signal<void>("stop");
  (void)service.update<Add, std::int64_t>("add");
  (void)service.workflow("job", &job);
  (void)service.workflow("helper", &help);
  (void)service.workflow("counter", {.timeout = 24h}, &counter);
  (void)service.workflow("parent", &parent);
  const auto night = service.workflow("nightly", &nightly);
  (void)service.schedule("night", every(7min), night, {.overlap = Overlap::buffer});
  (void)service.command("begin", [](Job input) -> std::string {
    constexpr Workflow<Job, std::string> job_workflow("job");
    return job_workflow.start(input, {.name = "begun-" + input.id}).get().id();
  });
}

}  // namespace eventual::busy
