#include "host/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

std::unique_ptr<Job> job(std::function<void()> function) {
  return std::make_unique<FunctionJob>(std::move(function));
}

void submit(WorkerPool& pool, std::function<void()> function) {
  std::unique_ptr<Job> one = job(std::move(function));
  ASSERT_TRUE(pool.try_submit(one));
}

TEST(WorkerPool, RunsEveryJobOnce) {
  WorkerPool pool({.handlers_running_max = 3});
  constexpr int k_jobs = 20'000;
  std::vector<std::atomic<int>> runs(k_jobs);
  for (int first = 0; first < k_jobs;) {
    std::vector<std::unique_ptr<Job>> jobs;
    for (int count = first % 100 + 1; count > 0 && first < k_jobs; --count, ++first) {
      jobs.push_back(job([&runs, first] { ++runs[static_cast<std::size_t>(first)]; }));
    }
    ASSERT_TRUE(pool.submit(std::move(jobs)));
  }
  EXPECT_TRUE(pool.stop(k_patience));
  for (const auto& count : runs) ASSERT_EQ(count.load(), 1);
}

TEST(WorkerPool, RunsAJobWhateverItsThreadsDoBetweenTwo) {
  WorkerPool pool({.handlers_running_max = 2});
  for (int i = 0; i < 2'000; ++i) {
    const auto done = std::make_shared<Gate>();
    submit(pool, [done] { done->open(); });
    done->pass();
    if (::testing::Test::HasFailure()) break;
    // Threads that find nothing look for a moment, then sleep: each pause meets another of these.
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(i % 50);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  }
  EXPECT_TRUE(pool.stop(k_patience));
}

TEST(WorkerPool, RunsNoMoreThanAllowedAtATime) {
  WorkerPool pool({.handlers_running_max = 2});
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 500; ++i) {
    jobs.push_back(job([&] {
      const int now = ++running;
      for (int seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --running;
    }));
  }
  ASSERT_TRUE(pool.submit(std::move(jobs)));
  EXPECT_TRUE(pool.stop(k_patience));
  EXPECT_LE(most.load(), 2);
}

TEST(WorkerPool, BringsUpThreadsForJobsThatBlockUnannounced) {
  WorkerPool pool({.handlers_running_max = 3});
  Gate all_run;
  std::atomic<int> running{0};
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 3; ++i) {
    jobs.push_back(job([&] {
      if (++running == 3) all_run.open();
      all_run.pass();
    }));
  }
  ASSERT_TRUE(pool.submit(std::move(jobs)));
  EXPECT_TRUE(pool.stop(k_patience));
}

TEST(WorkerPool, AThreadThatWaitsLetsAnotherRun) {
  WorkerPool pool({.handlers_running_max = 1});
  Gate gate;
  submit(pool, [&] {
    const Blocking blocking(&pool);
    gate.pass();
  });
  submit(pool, [&] { gate.open(); });
  EXPECT_TRUE(pool.stop(k_patience));
}

TEST(WorkerPool, AThreadThatHasWaitedGoesOnOnlyWithASlot) {
  WorkerPool pool({.handlers_running_max = 1});
  Gate answer;
  std::atomic<bool> other_ended{false};
  std::atomic<bool> went_on_alone{false};
  submit(pool, [&] {
    {
      const Blocking blocking(&pool);
      answer.pass();
    }
    went_on_alone = other_ended.load();
  });
  submit(pool, [&] {
    answer.open();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time for the other to go wrong
    other_ended = true;
  });
  EXPECT_TRUE(pool.stop(k_patience));
  EXPECT_TRUE(went_on_alone);
}

TEST(WorkerPool, ManyThatWaitForEachOtherAllEnd) {
  WorkerPool pool({.handlers_running_max = 2, .handler_threads_max = 64});
  constexpr std::size_t k_jobs = 40;
  std::vector<Gate> gates(k_jobs + 1);
  std::vector<std::unique_ptr<Job>> jobs;
  for (std::size_t i = 0; i < k_jobs; ++i) {
    jobs.push_back(job([&, i] {
      {
        const Blocking blocking(&pool);
        gates[i + 1].pass();
      }
      gates[i].open();
    }));
  }
  ASSERT_TRUE(pool.submit(std::move(jobs)));
  submit(pool, [&] { gates[k_jobs].open(); });
  EXPECT_TRUE(pool.stop(k_patience));
  gates[0].pass();
}

TEST(WorkerPool, RefusesToWaitWhenNoThreadWouldBeLeft) {
  WorkerPool pool({.handlers_running_max = 2, .handler_threads_max = 2});
  Gate first_waits;
  Gate end;
  std::string refusal;
  submit(pool, [&] {
    const Blocking blocking(&pool);
    first_waits.open();
    end.pass();
  });
  submit(pool, [&] {
    first_waits.pass();
    try {
      const Blocking blocking(&pool);
    } catch (const Error& error) {
      refusal = error.name();
    }
    end.open();
  });
  EXPECT_TRUE(pool.stop(k_patience));
  EXPECT_EQ(refusal, error_names::k_limit_exceeded);
}

TEST(WorkerPool, RefusesSingleJobsBeyondItsQueueAndLeavesThem) {
  WorkerPool pool({.handlers_running_max = 1, .jobs_waiting_max = 1});
  Gate begun;
  Gate gate;
  submit(pool, [&] {
    begun.open();
    gate.pass();
  });
  begun.pass();
  submit(pool, [] {});
  std::unique_ptr<Job> refused = job([] {});
  const Result<void> taken = pool.try_submit(refused);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().name(), error_names::k_limit_exceeded);
  EXPECT_NE(refused, nullptr);
  gate.open();
  EXPECT_TRUE(pool.stop(k_patience));
  EXPECT_EQ(pool.try_submit(refused).error().name(), error_names::k_unavailable);
}

TEST(WorkerPool, AStopThatDoesNotSucceedDropsWhatHasNotBegunAndCanBeRepeated) {
  WorkerPool pool({.handlers_running_max = 1});
  Gate begun;
  Gate gate;
  std::atomic<int> runs{0};
  submit(pool, [&] {
    begun.open();
    gate.pass();
    ++runs;
  });
  begun.pass();
  submit(pool, [&] { ++runs; });
  EXPECT_FALSE(pool.stop(Duration(0)));
  gate.open();
  EXPECT_TRUE(pool.stop(k_patience));
  EXPECT_EQ(runs.load(), 1);
}

}  // namespace
}  // namespace eventual::host
