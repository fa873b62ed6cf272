#include "program/verify/crash_report.hpp"

#include <signal.h>
#include <unistd.h>

namespace eventual::program {
namespace {

constexpr int k_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

constinit thread_local std::string_view t_execution;

void put(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Only what may be done in a signal handler.
void on_fatal_signal(int number) {
  ::signal(number, SIG_DFL);
  if (!t_execution.empty()) {
    put("the code crashed while it was replayed over the history of ");
    put(t_execution);
    put("\n");
  }
  ::raise(number);
}

}  // namespace

void report_crashes() {
  for (const int number : k_signals) {
    struct sigaction action{};
    action.sa_handler = &on_fatal_signal;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
}

Replaying::Replaying(std::string_view execution_id) noexcept { t_execution = execution_id; }
Replaying::~Replaying() { t_execution = {}; }

}  // namespace eventual::program
