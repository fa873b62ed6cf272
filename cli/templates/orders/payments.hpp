// A stand-in for a payment provider: put the real one's client here.
#pragma once

#include <cstdint>
#include <string>

namespace payments {

/// Charges the card and gives the id of the charge. The same key charges once. Throws
/// ev::Error("CardDeclined").
std::string charge(const std::string& card, std::int64_t amount_cents, const std::string& key);

/// Gives the money of a charge back.
void refund(const std::string& charge_id);

}  // namespace payments
