// One execution with 100,000 steps: a step costs what the first one cost, and waking it up reads
// each row once. Counted, not timed. EVENTUAL_STEPS chooses another length.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.hpp"
#include "eventual/eventual.hpp"
#include "store/memory/memory_store.hpp"
#include "tests/growth/allocations.hpp"

namespace eventual::engine {
namespace {

using ports::Table;

std::int64_t steps_wanted() {
  const char* text = std::getenv("EVENTUAL_STEPS");
  return text != nullptr ? std::strtoll(text, nullptr, 10) : 100'000;
}

Service& service() {
  static Service made{"long"};
  return made;
}

const auto step = service().task("step", [](std::int64_t n) { return n + 1; });
const auto done = service().signal<void>("done");
const auto walk = service().workflow("walk", [](std::int64_t steps) -> Future<std::int64_t> {
  std::int64_t place = 0;
  for (std::int64_t i = 0; i < steps; ++i) place = co_await step(place);
  co_await done.expect();
  co_return place;
});

/// Counts what is read and written.
class CountingStore final : public ports::Store {
 public:
  std::uint64_t gets = 0;
  std::uint64_t rows_scanned = 0;
  std::uint64_t writes = 0;
  std::uint64_t bytes = 0;

  Result<std::optional<std::string>> get(Table table, std::string_view key) override {
    ++gets;
    return inner_.get(table, key);
  }
  Result<void> scan(Table table, ports::ScanRange range, const ports::RowVisitor& visit) override {
    return inner_.scan(table, range, [&](std::string_view key, std::string_view value) {
      ++rows_scanned;
      return visit(key, value);
    });
  }
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override {
    for (const ports::Batch& batch : parts) {
      for (const ports::Write& write : batch.writes) {
        ++writes;
        bytes += write.key.size() + write.value.size();
      }
    }
    return inner_.commit(parts);
  }
  Result<void> backup(const std::string& folder) override { return inner_.backup(folder); }
  ports::StoreFigures figures() const override { return inner_.figures(); }

 private:
  store::MemoryStore inner_;
};

/// The engine as a host drives it: commit, then act.
class Walker {
 public:
  explicit Walker(CountingStore& store)
      : store_(&store),
        engine_(service().declarations(), store, nullptr, Options{},
                [](LogLevel, std::string_view, std::string_view) {}) {
    engine_.recover(Timestamp{}).value();
  }

  Engine& engine() { return engine_; }

  std::vector<Attempt> commit() {
    std::vector<Attempt> attempts;
    while (engine_.has_output()) {
      Output output = engine_.take_output();
      if (!output.batch.empty()) store_->commit({&output.batch, 1}).value();
      for (Attempt& attempt : output.attempts) attempts.push_back(std::move(attempt));
      for (auto& reply : output.replies) reply();
      engine_.committed(output, Timestamp{});
    }
    return attempts;
  }

  /// Runs an attempt and what follows from it.
  std::vector<Attempt> finish(const Attempt& attempt) {
    AttemptResult result{attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
                         std::nullopt,         "null",      {}};
    detail::HandlerScope scope;
    result.result = attempt.definition->run(attempt.input, scope);
    engine_.attempt_finished(std::move(result), Timestamp{});
    return commit();
  }

  std::string status() {
    std::string status;
    engine_.describe(
        {"walk", "one", 0},
        [&](Result<ports::ExecutionView> view) {
          status = view ? view->status + " " + view->result_json.value_or("") : view.error().name();
        },
        Timestamp{});
    commit();
    return status;
  }

 private:
  CountingStore* store_;
  Engine engine_;
};

/// What a stretch of steps cost, for each of them.
struct Cost {
  double writes = 0;
  double bytes = 0;
  double reads = 0;
  double allocations = 0;
};

TEST(LongHistory, AStepCostsWhatTheFirstOneCostAndAWakeUpReadsEachRowOnce) {
  const std::int64_t steps = steps_wanted();
  const std::int64_t stretch = steps / 10;
  CountingStore store;
  std::vector<Cost> costs;
  {
    Walker walker(store);
    walker.engine().start({"walk", "one", to_json(steps), {}}, [](auto) {}, Timestamp{});
    std::vector<Attempt> attempts = walker.commit();
    for (int part = 0; part < 10; ++part) {
      const auto reads = [&] { return store.gets + store.rows_scanned; };
      const std::uint64_t before[] = {store.writes, store.bytes, reads(), test::allocations()};
      for (std::int64_t i = 0; i < stretch; ++i) {
        ASSERT_EQ(attempts.size(), 1U);
        attempts = walker.finish(attempts.front());
      }
      const auto each = [&](std::uint64_t now, std::uint64_t then) {
        return static_cast<double>(now - then) / static_cast<double>(stretch);
      };
      costs.push_back({each(store.writes, before[0]), each(store.bytes, before[1]),
                       each(reads(), before[2]), each(test::allocations(), before[3])});
    }
    EXPECT_TRUE(attempts.empty()) << "all steps are done";
    EXPECT_EQ(walker.engine().figures().replays, 0U);
  }
  const Cost& first = costs.front();
  const Cost& last = costs.back();
  std::printf("a step: %.2f rows, %.1f -> %.1f bytes, %.2f -> %.2f allocations\n", last.writes,
              first.bytes, last.bytes, first.allocations, last.allocations);
  EXPECT_LE(last.writes, 1.01) << "a sequential step is one row";
  EXPECT_EQ(last.reads, 0) << "a live execution reads nothing";
  EXPECT_LE(last.bytes, first.bytes + 16) << "numbers take a few more digits, nothing else grows";
  if (test::counts_allocations()) {
    // A number with one digit more no longer fits into a small string here and there.
    EXPECT_LE(last.allocations, first.allocations + 5);
  }

  // The next process wakes it up: its history is read once, and nothing of it is written again.
  store.gets = store.rows_scanned = store.writes = 0;
  const std::uint64_t allocated = test::allocations();
  const auto began = std::chrono::steady_clock::now();
  Walker walker(store);
  EXPECT_EQ(walker.status(), "running ");
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  std::printf("cold wake-up over %lld steps: %lld ms, %llu rows, %.1f allocations a step\n",
              static_cast<long long>(steps), static_cast<long long>(took.count()),
              static_cast<unsigned long long>(store.rows_scanned),
              static_cast<double>(test::allocations() - allocated) / static_cast<double>(steps));
  EXPECT_EQ(walker.engine().figures().replays, 1U);
  EXPECT_EQ(store.writes, 0U);
  EXPECT_LE(store.rows_scanned, static_cast<std::uint64_t>(steps) + 20);
  EXPECT_LE(store.gets, 40U);
  walker.engine().signal({{"walk", "one", 0}, "done", "null", ""}, [](auto) {}, Timestamp{});
  walker.commit();
  EXPECT_EQ(walker.status(), "succeeded " + std::to_string(steps));
}

}  // namespace
}  // namespace eventual::engine
