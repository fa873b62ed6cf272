// A child process under load, SIGKILL, and what the next process makes of its store.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"

namespace eventual::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Memory that a forked child shares with its parent, and that outlives the child.
template <class T>
class Shared {
 public:
  explicit Shared(std::size_t count = 1) : bytes_(count * sizeof(T)) {
    void* memory =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    values_ = static_cast<T*>(memory);
    std::uninitialized_value_construct_n(values_, count);
  }
  ~Shared() { ::munmap(values_, bytes_); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T* get() const { return values_; }
  T* operator->() const { return values_; }

 private:
  std::size_t bytes_;
  T* values_;
};

/// A forked process that runs `work` and then sleeps until it is killed. Fork while the process has
/// one thread.
class Child {
 public:
  explicit Child(const std::function<void()>& work) : id_(::fork()) {
    if (id_ < 0) {
      throw Error(std::string(error_names::k_unavailable),
                  "fork: " + std::generic_category().message(errno));
    }
    if (id_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      work();
    } catch (const std::exception& error) {
      fmt::print(stderr, "eventual-bench: child: {}\n", error.what());
      std::_Exit(1);
    }
    for (;;) ::pause();
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Until `reached` holds. Throws Error when the child ends first.
  template <class Reached>
  void wait_until(Reached&& reached) {
    while (!reached()) {
      if (::waitpid(id_, nullptr, WNOHANG) == id_) {
        id_ = 0;
        throw Error("ChildEnded", "the process under load ended by itself");
      }
      std::this_thread::sleep_for(1ms);
    }
  }
  void kill() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    id_ = 0;
  }

 private:
  pid_t id_;
};

ports::StartRequest named(std::string_view workflow, std::uint64_t index) {
  return {.workflow = std::string(workflow),
          .name = fmt::format("{}", index),
          .input_json = payload_json(index),
          .timeout = {}};
}

/// Collects the answers of operations that were all asked at once.
class Answers {
 public:
  explicit Answers(Measurement& measurement) : measurement_(measurement) {}

  void take(std::uint64_t index, const Result<ports::ExecutionView>& view, std::string_view status,
            bool may_be_missing) {
    const bool missing = !view && view.error().name() == error_names::k_not_found;
    const bool good = view && view->status == status &&
                      (status != "succeeded" || view->result_json == payload_json(index));
    const std::lock_guard lock(mutex_);
    ++answers_;
    if (good) {
      ++measurement_.figures.done;
    } else if (!missing || !may_be_missing) {
      ++measurement_.figures.errors;
      if (measurement_.first_error.empty()) {
        measurement_.first_error =
            fmt::format("{} is {}", index,
                        view ? view->status + " or has the wrong result" : view.error().message());
      }
    }
    ended_.notify_all();
  }
  void wait(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    if (!ended_.wait_for(lock, 300s, [&] { return answers_ >= count; })) {
      throw Timeout(fmt::format("{} of {} executions have not ended five minutes after the restart",
                                count - answers_, count));
    }
  }

 private:
  Measurement& measurement_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::uint64_t answers_ = 0;
};

double since(SteadyTime began) {
  return std::chrono::duration<double>(steady_clock::now() - began).count();
}

void refuse_memory(const Options& options) {
  if (options.store == "memory")
    throw Error("NotAllowed", "a store in memory does not survive a kill");
}

}  // namespace

Measurement run_sleep(const Options& options) {
  refuse_memory(options);
  struct Report {
    Figures figures;
    double rss_before_mib;
    double rss_after_mib;
    std::atomic<bool> ready;
  };
  const Shared<Report> report;
  Child child([&] {
    const Running running = start_node(options);
    Plan plan = payload_plan(options, names::k_sleeper);
    plan.until = Plan::Until::started;
    plan.request = [](std::uint64_t index) { return named(names::k_sleeper, index); };
    report->rss_before_mib = rss_mib();
    Measurement measurement;
    const Meter meter(running.store);
    Load(*running.node, std::move(plan)).run(measurement);
    meter.finish(measurement.figures);
    report->rss_after_mib = rss_mib();
    report->figures = measurement.figures;
    report->ready.store(true);
    for (;;) ::pause();  // with its node alive
  });
  child.wait_until([&] { return report->ready.load(); });
  child.kill();

  Measurement measurement;
  const double rss_before = rss_mib();
  const auto restart = steady_clock::now();
  const Running running = start_node(options);
  static_cast<void>(wait_for<ports::ExecutionView>([&](auto done) {
    running.node->describe({std::string(names::k_sleeper), "0", 0}, std::move(done));
  }));
  const double serving_s = since(restart);
  const double rss_restarted = rss_mib();

  Measurement checked;
  Answers answers(checked);
  for (std::uint64_t index = 0; index < options.count; ++index) {
    running.node->describe({std::string(names::k_sleeper), fmt::format("{}", index), 0},
                           [&answers, index](Result<ports::ExecutionView> view) {
                             answers.take(index, view, "running", false);
                           });
    if (index % 1000 == 999) answers.wait(index + 1);
  }
  answers.wait(options.count);
  running.node->stop(10s);

  measurement.figures = report->figures;
  measurement.figures.done = checked.figures.done;
  measurement.figures.errors += checked.figures.errors;
  measurement.first_error = checked.first_error;
  const double each = static_cast<double>(1 << 20) / static_cast<double>(options.count);
  measurement.details = {
      {"restart_to_serving_s", serving_s},
      {"memory_bytes_per_sleeper", (report->rss_after_mib - report->rss_before_mib) * each},
      {"memory_bytes_per_sleeper_restarted", (rss_restarted - rss_before) * each},
      {"disk_bytes_per_sleeper", static_cast<double>(folder_bytes(options.folder + "/data")) /
                                     static_cast<double>(options.count)}};
  return measurement;
}

Measurement run_crash(const Options& options) {
  refuse_memory(options);
  const std::uint64_t steps = options.count * k_seq_steps;
  const Shared<std::atomic<std::uint8_t>> marks(steps);
  const Shared<std::atomic<std::uint8_t>> acknowledged(options.count);
  g_marks = marks.get();
  const auto steps_run = [&] {
    std::uint64_t run = 0;
    for (std::uint64_t i = 0; i < steps; ++i) run += marks.get()[i].load(std::memory_order_relaxed);
    return run;
  };

  Child child([&] {
    const Running running = start_node(options);
    for (std::uint64_t index = 0; index < options.count; ++index) {
      running.node->start(named(names::k_marked, index),
                          [&, index](Result<ports::StartReply> reply) {
                            if (reply) acknowledged.get()[index].store(1);
                          });
    }
    for (;;) ::pause();
  });
  child.wait_until([&] { return steps_run() >= steps / 3; });
  child.kill();
  const std::uint64_t before = steps_run();

  Measurement measurement;
  const auto restart = steady_clock::now();
  const Running running = start_node(options);
  const double serving_s = since(restart);
  const Meter meter(running.store);
  Answers answers(measurement);
  for (std::uint64_t index = 0; index < options.count; ++index) {
    const bool may_be_missing = acknowledged.get()[index].load() == 0;
    running.node->wait_closed({std::string(names::k_marked), fmt::format("{}", index), 0}, 1h,
                              [&answers, &measurement, restart, index,
                               may_be_missing](Result<ports::ExecutionView> view) {
                                if (view)
                                  measurement.figures.latency.add(steady_clock::now() - restart);
                                answers.take(index, view, "succeeded", may_be_missing);
                              });
  }
  answers.wait(options.count);
  measurement.figures.elapsed_s = since(restart);
  meter.finish(measurement.figures);
  running.node->stop(10s);

  std::uint64_t repeated = 0;
  for (std::uint64_t i = 0; i < steps; ++i) {
    const std::uint8_t runs = marks.get()[i].load();
    if (runs > 1) repeated += runs - 1U;
    const std::uint64_t index = i / k_seq_steps;
    if (runs == 0 && acknowledged.get()[index].load() != 0) {
      ++measurement.figures.errors;
      if (measurement.first_error.empty())
        measurement.first_error = fmt::format("a step of {} never ran", index);
    }
  }
  measurement.details = {{"kill_to_all_complete_s", measurement.figures.elapsed_s},
                         {"restart_to_serving_s", serving_s},
                         {"steps_before_kill", static_cast<double>(before)},
                         {"steps_run_twice", static_cast<double>(repeated)}};
  return measurement;
}

}  // namespace eventual::bench
