#include <cstdlib>

#include "orders.hpp"

std::chrono::milliseconds cancel_window() {
  const char* text = std::getenv("ORDERS_CANCEL_WINDOW_MS");
  if (text == nullptr || *text == '\0') return 15min;
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  if (*end != '\0' || value < 0) {
    throw ev::Error("InvalidConfiguration",
                    "ORDERS_CANCEL_WINDOW_MS must be a number of milliseconds");
  }
  return std::chrono::milliseconds(value);
}
