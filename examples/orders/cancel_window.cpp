#include <cstdio>
#include <cstdlib>

#include "orders.hpp"

namespace {

std::chrono::milliseconds read_cancel_window() {
  const char* text = std::getenv("ORDERS_CANCEL_WINDOW_MS");
  if (text == nullptr || *text == '\0') return 15min;
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  constexpr long long k_longest = std::chrono::milliseconds(24h * 365).count();
  if (*end == '\0' && value >= 0 && value <= k_longest) return std::chrono::milliseconds(value);
  std::fprintf(stderr,
               "orders: ORDERS_CANCEL_WINDOW_MS must be a number of milliseconds from 0 to %lld, "
               "not \"%s\"\n",
               k_longest, text);
  std::exit(2);
}

// Read once, before the service starts: workflow code must not see it change, and a wrong one must
// not wait for the first order.
const std::chrono::milliseconds k_cancel_window = read_cancel_window();

}  // namespace

std::chrono::milliseconds cancel_window() { return k_cancel_window; }
