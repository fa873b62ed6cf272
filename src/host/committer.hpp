// Writes the engine's outputs: inline while the node is idle, on a thread of its own while it is
// busy.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/engine.hpp"
#include "ports/store.hpp"

namespace eventual::host {

/// At most one output is on its way. What the store refuses is given again, the very same, until it
/// is taken.
class Committer {
 public:
  /// `done` is called on the committer's thread when an output given to begin() is durable.
  Committer(ports::Store& store, engine::LogSink log, std::function<void()> done);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // --- the engine's thread ---
  /// Writes on the calling thread. False: the store refused, and the committer's thread goes on
  /// with it.
  bool commit_inline(engine::Output& output);
  /// Writes on the committer's thread. Requires !busy().
  void begin(engine::Output output);
  bool busy() const noexcept { return busy_; }
  /// The output that has become durable, if it has.
  std::optional<engine::Output> take_done();
  /// Waits at most `grace` for what is on its way, then gives it up: nothing of it is promised.
  void give_up(Duration grace);
  /// Ends the thread and drops what was given up. Nothing may be given to it any more.
  void end();

  // --- any thread ---
  bool failing() const noexcept { return failing_.load(std::memory_order_acquire); }
  /// Why the store refuses; empty when it does not.
  std::string failure() const;

 private:
  void failed(const Error& error);
  void recovered();
  void run();

  ports::Store& store_;
  engine::LogSink log_;
  std::function<void()> on_done_;
  bool busy_ = false;  // the engine's thread only
  std::atomic<bool> failing_{false};
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<engine::Output> output_;
  bool refused_before_ = false;
  bool given_up_ = false;
  bool ending_ = false;
  std::string failure_;
  std::thread thread_;
};

}  // namespace eventual::host
