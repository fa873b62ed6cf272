#include "bench/drive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

namespace eventual::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds k_stalled{60};
/// More tell nothing new, and a load that fails at once would go round in circles.
constexpr std::uint64_t k_errors_max = 1'000;

}  // namespace

Drive::Drive(const Plan& plan, Begin begin) : plan_(plan), begin_(std::move(begin)) {
  began_.resize(std::min<std::uint64_t>(plan_.concurrency, plan_.count));
  index_.resize(began_.size());
}

void Drive::run(Measurement& measurement) {
  const auto start = steady_clock::now();
  if (plan_.rate_per_s > 0) {
    pace(start);
  } else {
    for (std::uint32_t slot = 0; slot < slots(); ++slot) go_on(slot);
  }
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  while (!ended_.wait_for(lock, k_stalled, [&] { return free_.size() == began_.size(); })) {
    if (done_ + errors_ == seen) {
      fmt::print(stderr,
                 "eventual-bench: nothing has ended for {} s: {} of {} are done, {} failed\n",
                 k_stalled.count(), done_, plan_.count, errors_);
      std::_Exit(1);
    }
    seen = done_ + errors_;
  }
  Figures& figures = measurement.figures;
  figures.elapsed_s += std::chrono::duration<double>(steady_clock::now() - start).count();
  figures.done += done_;
  figures.errors += plan_.count - done_;
  figures.latency = latency_;
  if (measurement.first_error.empty()) measurement.first_error = first_error_;
}

bool Drive::all_begun() const { return begun_ == plan_.count || errors_ >= k_errors_max; }

void Drive::go_on(std::uint32_t slot) {
  {
    const std::lock_guard lock(mutex_);
    if (plan_.rate_per_s > 0 || all_begun()) {
      free_.push_back(slot);
      ended_.notify_all();
      return;
    }
    index_[slot] = plan_.first + begun_++;
  }
  restart_clock(slot);
  begin_(slot, index_[slot]);
}

void Drive::pace(SteadyTime start) {
  for (std::uint32_t slot = 0; slot < slots(); ++slot) free_.push_back(slot);
  const std::chrono::duration<double> interval(1 / plan_.rate_per_s);
  for (;;) {
    const auto due =
        start + std::chrono::duration_cast<steady_clock::duration>(
                    interval * static_cast<double>(begun_));  // only this thread changes begun_
    std::this_thread::sleep_until(due);
    std::uint32_t slot = 0;
    {
      std::unique_lock lock(mutex_);
      if (all_begun()) return;
      // Without a free slot for so long, run() finds that nothing moves.
      if (!ended_.wait_for(lock, k_stalled, [&] { return !free_.empty(); })) return;
      slot = free_.back();
      free_.pop_back();
      index_[slot] = plan_.first + begun_++;
    }
    began_[slot] = due;
    begin_(slot, index_[slot]);
  }
}

void Drive::end(std::uint32_t slot, const std::string& error) {
  const auto took = steady_clock::now() - began_[slot];
  {
    const std::lock_guard lock(mutex_);
    if (error.empty()) {
      ++done_;
      latency_.add(took);
    } else {
      ++errors_;
      if (first_error_.empty()) first_error_ = error;
    }
  }
  go_on(slot);
}

Drive::Plan drive_plan(const Options& options) {
  return {.first = 0,
          .count = options.count,
          .concurrency = options.concurrency,
          .rate_per_s = options.rate_per_s};
}

}  // namespace eventual::bench
