#include "bench/service.hpp"

#include <chrono>
#include <vector>

#include "eventual/eventual.hpp"

namespace eventual::bench {
namespace {

using namespace std::chrono_literals;

struct Payload {
  std::uint64_t index = 0;
  std::string padding;
};
struct Step {
  std::uint64_t index = 0;
  std::uint32_t step = 0;
  std::string padding;
};
struct Sum {
  std::uint64_t steps = 0;
  std::uint64_t sum = 0;
};
struct Alarm {
  std::int64_t due_ms = 0;
};
struct Long {
  std::uint64_t steps = 0;
};

struct Purse {
  std::uint64_t id = 0;
  std::int64_t coins = 0;
};
struct Transfer {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

Payload make_payload(std::uint64_t index, std::size_t bytes) {
  Payload payload{index, {}};
  const std::size_t empty = to_json(payload).size();
  payload.padding.assign(bytes > empty ? bytes - empty : 0, 'x');
  return payload;
}

Service& service() {
  static Service the_service{"bench"};
  return the_service;
}

const auto step = service().task("step", [](const Payload& payload) { return payload; });
const auto pure_step =
    service().task("pureStep", {.pure = true}, [](const Payload& payload) { return payload; });
const auto marked_step = service().task("markedStep", [](const Step& input) {
  g_marks[input.index * k_seq_steps + input.step].fetch_add(1, std::memory_order_relaxed);
  return input;
});
const auto timed_step = service().task("timedStep", [](const Payload& payload) {
  if (g_step_times_ns != nullptr) {
    g_step_times_ns[payload.index] = std::chrono::steady_clock::now().time_since_epoch() / 1ns;
  }
  return payload;
});
const auto go = service().signal<Payload>(std::string(names::k_go));

const auto seq =
    service().workflow(std::string(names::k_seq), [](Payload payload) -> Future<Payload> {
      for (std::uint32_t i = 0; i < k_seq_steps; ++i) payload = co_await step(payload);
      co_return payload;
    });

const auto seq_pure =
    service().workflow(std::string(names::k_seq_pure), [](Payload payload) -> Future<Payload> {
      for (std::uint32_t i = 0; i < k_seq_steps; ++i) payload = co_await pure_step(payload);
      co_return payload;
    });

const auto fanout =
    service().workflow(std::string(names::k_fanout), [](Payload payload) -> Future<Sum> {
      std::vector<Future<Payload>> calls;
      calls.reserve(k_fanout_steps);
      for (std::uint32_t i = 0; i < k_fanout_steps; ++i)
        calls.push_back(step(Payload{payload.index + i, payload.padding}));
      const std::vector<Payload> results = co_await all(std::move(calls));
      Sum sum;
      for (const Payload& result : results) {
        if (result.padding != payload.padding)
          throw Error("WrongResult", "a step returned another padding");
        ++sum.steps;
        sum.sum += result.index;
      }
      co_return sum;
    });

const auto start = service().workflow(
    std::string(names::k_start), [](Payload payload) -> Future<Payload> { co_return payload; });

const auto echo = service().workflow(
    std::string(names::k_echo),
    [](Payload payload) -> Future<Payload> { co_return co_await step(payload); });

const auto same = service().workflow(std::string(names::k_same),
                                     [](Payload payload) -> Future<Payload> { co_return payload; });
const auto parent = service().workflow(
    std::string(names::k_parent),
    [](Payload payload) -> Future<Payload> { co_return co_await same(payload); });

const auto sleeper =
    service().workflow(std::string(names::k_sleeper), [](Payload payload) -> Future<Payload> {
      co_await sleep_for(1h);
      co_return payload;
    });

const auto alarm_at =
    service().workflow(std::string(names::k_alarm), [](Alarm alarm) -> Future<Alarm> {
      co_await sleep_until(Timestamp(Duration(alarm.due_ms)));
      co_return Alarm{now().time_since_epoch() / 1ms};
    });

const auto receiver =
    service().workflow(std::string(names::k_receiver),
                       [](Payload) -> Future<Payload> { co_return co_await go.expect(); });

const auto marked =
    service().workflow(std::string(names::k_marked), [](Payload payload) -> Future<Payload> {
      for (std::uint32_t i = 0; i < k_seq_steps; ++i) {
        const Step result = co_await marked_step(Step{payload.index, i, payload.padding});
        if (result.step != i) throw Error("WrongResult", "another step's result");
      }
      co_return payload;
    });

const auto happened = service().event<Payload>(std::string(names::k_happened));
void deliver(const Payload& payload) {
  if (g_on_delivery) g_on_delivery(payload.index);
}
const auto first = happened.on("first", &deliver);
const auto second = happened.on("second", &deliver);
const auto third = happened.on("third", &deliver);

const auto hello =
    service().command(std::string(names::k_hello), [](const Payload& payload) { return payload; });

const auto transferred = service().event<Transfer>(std::string(names::k_transferred));
const auto sources = service().entity(std::string(names::k_sources), key(&Purse::id));
const auto targets = service().entity(std::string(names::k_targets), key(&Purse::id));
const auto transfer = service().transaction(
    std::string(names::k_transfer), [](const Transfer& input, TransactionContext& tx) {
      auto from = tx.get(sources, input.from).value_or(Purse{input.from});
      auto to = tx.get(targets, input.to).value_or(Purse{input.to});
      --from.coins;
      ++to.coins;
      tx.put(sources, from);
      tx.put(targets, to);
      tx.emit(transferred, input);
    });

const auto long_one =
    service().workflow(std::string(names::k_long), [](Long input) -> Future<Payload> {
      Payload payload = make_payload(0, 100);
      for (std::uint64_t i = 0; i < input.steps; ++i) {
        payload.index = i;
        payload = co_await timed_step(payload);
      }
      co_return co_await go.expect();
    });

}  // namespace

const detail::Declarations& declarations() { return service().declarations(); }

std::string payload_json(std::uint64_t index) { return payload_json(index, 100); }
std::string payload_json(std::uint64_t index, std::size_t bytes) {
  return to_json(make_payload(index, bytes));
}

std::string fanout_result_json(std::uint64_t index) {
  constexpr std::uint64_t steps = k_fanout_steps;
  return to_json(Sum{steps, steps * index + steps * (steps - 1) / 2});
}

std::string alarm_json(std::int64_t due_ms) { return to_json(Alarm{due_ms}); }
std::string long_json(std::uint64_t steps) { return to_json(Long{steps}); }

}  // namespace eventual::bench
