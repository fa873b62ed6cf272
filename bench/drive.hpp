// What keeps operations in flight: a fixed number of them, or as many as a rate asks for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "bench/workload.hpp"

namespace eventual::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Begins operations until all of them have been begun, and waits for their ends.
///
/// Closed loop (no rate): an operation begins when the one before it in its slot ends. Open loop:
/// operations are due at even intervals whatever becomes of those before them, and the latency of
/// each counts from when it was due, also where it began late for want of a slot: a stall shows in
/// the latencies of all that came meanwhile, as it would to callers who do not know of each other.
class Drive {
 public:
  struct Plan {
    std::uint64_t first = 0;  ///< the index of the first operation
    std::uint64_t count = 0;
    std::uint32_t concurrency = 1;  ///< slots; at a rate: the most in flight
    double rate_per_s = 0;          ///< operations begun per second; 0: a closed loop
  };
  /// Begins an operation; must not block. Each is followed by one end() of its slot, also before
  /// this returns.
  using Begin = std::function<void(std::uint32_t slot, std::uint64_t index)>;

  Drive(const Plan& plan, Begin begin);

  /// Blocks. Adds to done, errors, elapsed_s and latency of `measurement`. Ends the process when
  /// nothing moves for a minute: what is in flight may still call back.
  void run(Measurement& measurement);

  std::uint32_t slots() const { return static_cast<std::uint32_t>(began_.size()); }

  // Any thread, for a slot whose operation is in flight.
  std::uint64_t index_of(std::uint32_t slot) const { return index_[slot]; }
  /// From here on counts what the operation takes.
  void restart_clock(std::uint32_t slot) { began_[slot] = std::chrono::steady_clock::now(); }
  /// `error`: why it failed; empty: it did not. The slot may begin anew before this returns.
  void end(std::uint32_t slot, const std::string& error = {});

 private:
  void go_on(std::uint32_t slot);
  void pace(SteadyTime start);
  bool all_begun() const;

  const Plan plan_;
  const Begin begin_;
  std::vector<SteadyTime> began_;     // of each slot
  std::vector<std::uint64_t> index_;  // of each slot
  std::mutex mutex_;                  // guards what follows; never held while an operation begins
  std::condition_variable ended_;
  std::vector<std::uint32_t> free_;
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t errors_ = 0;
  std::string first_error_;
  Histogram latency_;
};

/// What the options ask of a drive.
Drive::Plan drive_plan(const Options& options);

}  // namespace eventual::bench
