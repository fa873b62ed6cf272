// Remembers, over the end of the process, which calls were running when it died of its own fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "eventual/error.hpp"
#include "ports/call_marker.hpp"

namespace eventual::host {

/// Marks calls in a mapped file when a fatal signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, so
/// also std::terminate) hits a thread between begin and end; the signal then takes its usual
/// course. SIGKILL and loss of power mark nothing.
class CrashMarks final : public ports::CallMarker {
 public:
  /// Opens or creates the file, and takes over the fatal signals of the process. Unavailable when
  /// the disk refuses, Corrupt when it is no such file.
  static Result<std::shared_ptr<CrashMarks>> open(const std::string& path);
  ~CrashMarks() override;
  CrashMarks(const CrashMarks&) = delete;
  CrashMarks& operator=(const CrashMarks&) = delete;

  /// Gives the calling thread a signal stack of its own while the result lives, so that a stack
  /// overflow is marked too.
  static std::shared_ptr<void> protect_thread();

  void begin(const ports::CallName& call) noexcept override;
  void end() noexcept override;
  std::uint32_t crashes(const ports::CallName& call) override;
  void forgive(std::string_view execution_id) override;

  struct File;  ///< the mapping; its layout reaches disk

 private:
  explicit CrashMarks(File* file);
  void count_marks();

  File* file_;
  std::mutex mutex_;
  using Call = std::tuple<std::string, std::uint32_t, std::uint32_t>;
  std::map<Call, std::uint32_t> counts_;  // as of the start, without what was forgiven
};

}  // namespace eventual::host
