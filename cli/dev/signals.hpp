// SIGINT, SIGTERM and SIGCHLD as something that poll() sees.
#pragma once

namespace eventual::cli {

/// Takes the three signals while it exists; one at a time in a program. SIGPIPE is ignored.
class SignalEvents {
 public:
  SignalEvents();
  ~SignalEvents();
  SignalEvents(const SignalEvents&) = delete;
  SignalEvents& operator=(const SignalEvents&) = delete;

  /// Becomes readable with each of them.
  static int descriptor() noexcept;
  /// Until the next one.
  void clear() const noexcept;
  /// SIGINT or SIGTERM came.
  bool stop_asked() const noexcept;
  /// They came more than once.
  static bool stop_asked_again() noexcept;
};

}  // namespace eventual::cli
