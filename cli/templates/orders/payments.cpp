#include "payments.hpp"

#include <eventual/error.hpp>

namespace payments {

std::string charge(const std::string& card, std::int64_t amount_cents, const std::string& key) {
  if (card.starts_with("declined") || amount_cents < 0) {
    throw eventual::Error("CardDeclined", "the bank declined " + card);
  }
  return "charge-" + key;
}

void refund(const std::string&) {}

}  // namespace payments
