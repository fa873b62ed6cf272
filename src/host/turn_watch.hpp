// Notices workflow code that does not give back: while it runs, the engine stands still.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/attempt.hpp"
#include "host/crash_marks.hpp"
#include "ports/call_marker.hpp"

namespace eventual::host {

/// Stands between the engine and the crash marks, and knows which execution's code runs. A thread
/// of its own looks every `tick` whether it is still the same stretch of code; after `k_slow_ticks`
/// of them it warns, and again after each `k_again_ticks`. Ticks are counted, not time: a process
/// that was stopped (SIGSTOP, a debugger, a suspended machine) is not taken for slow code.
class TurnWatch final : public ports::CallMarker {
 public:
  static constexpr std::uint32_t k_slow_ticks = 5;
  static constexpr std::uint32_t k_again_ticks = 60;

  /// `marks` may be null.
  TurnWatch(std::shared_ptr<CrashMarks> marks, engine::LogSink log,
            std::chrono::milliseconds tick = std::chrono::seconds(1));
  ~TurnWatch() override;
  TurnWatch(const TurnWatch&) = delete;
  TurnWatch& operator=(const TurnWatch&) = delete;

  /// The stretch of code that runs now; 0: none. Each has another number. Any thread.
  std::uint64_t running() const;
  /// Why the engine stands still, once it has been told; empty while it does not. Any thread.
  std::string slow() const;
  /// The execution whose code runs, or ran last. Any thread.
  std::string execution() const;

  // ports::CallMarker, of the engine: one thread at a time.
  void begin(const ports::CallName& call) noexcept override;
  void end() noexcept override;
  std::uint32_t crashes(const ports::CallName& call) override;
  void forgive(std::string_view execution_id) override;

 private:
  static constexpr std::size_t k_id_bytes_max = 512;

  void watch();
  std::string id() const;

  const std::shared_ptr<CrashMarks> marks_;  // shared: see Node
  const engine::LogSink log_;
  const std::chrono::milliseconds tick_;
  std::uint32_t depth_ = 0;  // of the engine's thread

  mutable std::mutex mutex_;  // all below
  std::condition_variable wake_;
  bool ended_ = false;
  std::uint64_t stretch_ = 0;
  bool runs_ = false;
  bool slow_ = false;
  std::size_t id_bytes_ = 0;
  std::array<char, k_id_bytes_max> id_{};

  std::thread thread_;
};

}  // namespace eventual::host
