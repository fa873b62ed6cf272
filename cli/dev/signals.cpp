#include "cli/dev/signals.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace eventual::cli {
namespace {

std::atomic<int> g_event{-1};
std::atomic<int> g_stops{0};

constexpr std::array<int, 4> k_signals{SIGINT, SIGTERM, SIGCHLD, SIGPIPE};
std::array<struct sigaction, k_signals.size()> g_before;

void on_signal(int number) {
  const int error = errno;
  if (number == SIGINT || number == SIGTERM) ++g_stops;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(g_event.load(), &one, sizeof one);
  errno = error;
}

}  // namespace

SignalEvents::SignalEvents() {
  g_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_stops = 0;
  for (std::size_t i = 0; i < k_signals.size(); ++i) {
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(k_signals.at(i), &action, &g_before.at(i));
  }
}

SignalEvents::~SignalEvents() {
  for (std::size_t i = 0; i < k_signals.size(); ++i)
    ::sigaction(k_signals.at(i), &g_before.at(i), nullptr);
  ::close(g_event.exchange(-1));
}

int SignalEvents::descriptor() noexcept { return g_event; }

void SignalEvents::clear() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(g_event, &count, sizeof count);
}

bool SignalEvents::stop_asked() const noexcept { return g_stops > 0; }

bool SignalEvents::stop_asked_again() noexcept { return g_stops > 1; }

}  // namespace eventual::cli
