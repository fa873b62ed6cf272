// What the service wants of a payment provider.
#pragma once

#include <cstdint>
#include <string>

namespace payments {

/// Charges the card and gives the id of the charge. The same key charges once. Blocks. Throws
/// ev::Error: CardDeclined, or PaymentsUnreachable when it may be tried again.
std::string charge(const std::string& card, std::int64_t amount_cents,
                   const std::string& idempotency_key);

/// Gives the money of a charge back, once. Blocks. Throws ev::Error("PaymentsUnreachable").
void refund(const std::string& charge_id);

}  // namespace payments
