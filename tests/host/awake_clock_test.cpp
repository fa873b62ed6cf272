// Time that does not pass while the process stands still.
#include "host/awake_clock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "host/deadlines.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Time that the test moves.
struct ManualTime {
  std::atomic<std::int64_t> real_ns{1'000'000'000'000};

  void pass(milliseconds time) { real_ns += nanoseconds(time).count(); }
  AwakeClockOptions options() {
    return {.period = 50ms,
            .gap_min = 150ms,
            .real_time = [this] { return nanoseconds(real_ns.load()); },
            .ticks = false};
  }
};

TEST(AwakeClock, PassesAsTimePasses) {
  ManualTime time;
  AwakeClock clock(time.options());
  for (int i = 0; i < 100; ++i) {
    time.pass(149ms);
    clock.now();
  }
  EXPECT_EQ(clock.now(), 14'900ms);
  EXPECT_EQ(clock.stood_still(), 0ms);
}

TEST(AwakeClock, StandsStillForWhoeverReadsItFirstAfterAStop) {
  ManualTime time;
  AwakeClock clock(time.options());
  time.pass(50ms);
  clock.now();
  time.pass(3'600'000ms);
  EXPECT_EQ(clock.now(), 100ms) << "a period may have passed before the stop";
  EXPECT_EQ(clock.stood_still(), 3'599'950ms);
  time.pass(50ms);
  EXPECT_EQ(clock.now(), 150ms);
}

TEST(AwakeClock, AddsUpStops) {
  ManualTime time;
  AwakeClock clock(time.options());
  for (int i = 0; i < 10; ++i) {
    time.pass(1050ms);
    clock.now();
    time.pass(50ms);
    clock.now();
  }
  EXPECT_EQ(clock.stood_still(), 10s);
  EXPECT_EQ(clock.now(), 1s);
}

TEST(AwakeClock, LooksByItselfSoThatQuietIsNoStop) {
  AwakeClock clock({.period = 1ms, .gap_min = 2h});  // nothing is so long: it would be a stop
  const auto before = clock.now();
  while (clock.now() == before) std::this_thread::yield();
  EXPECT_EQ(clock.stood_still(), 0ms);
}

TEST(Deadlines, ExpireInOrderAndNotWhenRemoved) {
  AwakeClock clock;
  Deadlines deadlines(clock);
  std::promise<void> last;
  std::string order;
  deadlines.add(40ms, [&] {
    order += "c";
    last.set_value();
  });
  const auto removed = deadlines.add(10ms, [&] { order += "x"; });
  deadlines.remove(removed);
  deadlines.add(20ms, [&] { order += "b"; });
  deadlines.add(-1ms, [&] { order += "a"; });
  last.get_future().wait();
  EXPECT_EQ(order, "abc");
}

TEST(Deadlines, DoNotExpireWhileTheClockStandsStill) {
  ManualTime time;
  AwakeClock clock(time.options());
  Deadlines deadlines(clock);
  std::atomic<bool> expired{false};
  std::promise<void> later;
  deadlines.add(100ms, [&] { expired = true; });
  time.pass(1h);  // a stop: some 50 ms count
  // One that is due at once wakes the thread, which looks at the first one too.
  deadlines.add(-1ms, [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_FALSE(expired);
  time.pass(60ms);
  while (!expired) std::this_thread::yield();
}

}  // namespace
}  // namespace eventual::host
