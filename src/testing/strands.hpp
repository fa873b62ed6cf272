// Threads that run one at a time: who runs hands the baton on. Tests and the simulator run handlers
// on them, so that a handler may block while nothing is left to chance.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "eventual/time.hpp"

namespace eventual::testing {

/// Thread rule: all but `wait` and `abandoned` are for the thread that made it.
class Strands {
 public:
  Strands();
  ~Strands();
  Strands(const Strands&) = delete;
  Strands& operator=(const Strands&) = delete;

  /// Runs `job` until it ends or waits.
  void run(std::function<void()> job);
  /// Goes on with one that waits and can go on; false when there is none.
  bool resume_one(Timestamp now);
  bool ready(Timestamp now) const;
  /// When one that waits goes on at the latest.
  std::optional<Timestamp> next_due() const;
  std::size_t waiting() const noexcept { return waiting_.size(); }
  /// Ends all that wait: their wait throws.
  void abandon_all();

  /// On a strand: hands the baton back until `ready` holds or `due` is there. Throws Unavailable
  /// when it was abandoned.
  void wait(std::optional<Timestamp> due, const std::function<bool()>& ready);

 private:
  struct Strand;
  static bool can_go_on(const Strand& strand, Timestamp now);
  void switch_to(Strand& strand);
  void main_loop(Strand& strand);

  std::mutex mutex_;
  std::condition_variable changed_;
  Strand* running_ = nullptr;  // null: the owner has the baton
  std::list<std::unique_ptr<Strand>> all_;
  std::vector<Strand*> idle_;
  std::vector<Strand*> waiting_;
};

}  // namespace eventual::testing
