#include "testing/shrink.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "testing/faults.hpp"

namespace eventual::testing {
namespace {

/// Runs in all: a large scenario must not keep its author waiting.
constexpr int k_runs_max = 400;

class Shrinker {
 public:
  Shrinker(const SimulationOptions& options,
           const std::function<bool(const SimulationOptions&)>& fails)
      : best_(options), fails_(fails) {}

  /// Takes `candidate` if it fails too.
  bool attempt(const SimulationOptions& candidate) {
    last_was_best_ = false;
    if (runs_ >= k_runs_max) return false;
    ++runs_;
    if (!fails_(candidate)) return false;
    best_ = candidate;
    return last_was_best_ = true;
  }

  void leave_out_kinds() {
    SimulationOptions without = best_;
    without.faults = Faults::none();
    if (attempt(without)) return;
    for (const FaultKind& kind : fault_kinds()) {
      if (best_.faults.*kind.chance == 0) continue;
      SimulationOptions candidate = best_;
      candidate.faults.*kind.chance = 0;
      attempt(candidate);
    }
  }

  /// Ever smaller pieces of what is left.
  void leave_out_requests(std::uint32_t requests) {
    if (!best_.only) {
      std::vector<std::uint32_t> all(requests);
      std::iota(all.begin(), all.end(), 0U);
      best_.only = std::move(all);
    }
    for (std::size_t piece = best_.only->size() / 2; piece > 0; piece /= 2) {
      for (std::size_t begin = 0; begin < best_.only->size();) {
        SimulationOptions candidate = best_;
        const std::size_t end = std::min(begin + piece, best_.only->size());
        candidate.only->erase(candidate.only->begin() + static_cast<std::ptrdiff_t>(begin),
                              candidate.only->begin() + static_cast<std::ptrdiff_t>(end));
        if (!attempt(candidate)) begin = end;
      }
    }
    if (best_.only->size() == requests) best_.only.reset();
  }

  /// The earliest step after which no more faults are needed, if there is a clear one.
  void end_faults_early(std::uint64_t steps) {
    std::uint64_t low = 0;
    std::uint64_t high = std::min(best_.calm_after, steps);
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      SimulationOptions candidate = best_;
      candidate.calm_after = middle;
      if (attempt(candidate)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
  }

  bool any_fault() const {
    return std::any_of(fault_kinds().begin(), fault_kinds().end(),
                       [&](const FaultKind& kind) { return best_.faults.*kind.chance > 0; });
  }

  /// The best, which was tried last.
  SimulationOptions finish() {
    if (runs_ > 0 && !last_was_best_) fails_(best_);
    return best_;
  }

 private:
  SimulationOptions best_;
  const std::function<bool(const SimulationOptions&)>& fails_;
  int runs_ = 0;
  bool last_was_best_ = true;
};

}  // namespace

SimulationOptions shrink(const SimulationOptions& options, std::uint32_t requests,
                         std::uint64_t steps,
                         const std::function<bool(const SimulationOptions&)>& fails) {
  SimulationOptions quiet = options;
  quiet.trace = nullptr;
  Shrinker shrinker(quiet, fails);
  shrinker.leave_out_kinds();
  shrinker.leave_out_requests(requests);
  if (shrinker.any_fault()) {
    shrinker.leave_out_kinds();
    shrinker.end_faults_early(steps);
  }
  return shrinker.finish();
}

}  // namespace eventual::testing
