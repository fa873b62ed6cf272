#include "payments.hpp"

#include "eventual/error.hpp"
#include "stand_in.hpp"

namespace payments {

std::string charge(const std::string& card, std::int64_t amount_cents,
                   const std::string& idempotency_key) {
  ledger::Answer answer = stand_in::ask("charge", idempotency_key, card, amount_cents);
  if (!answer.accepted) throw eventual::Error("CardDeclined", answer.text);
  return answer.text;
}

void refund(const std::string& charge_id) {
  const ledger::Answer answer = stand_in::ask("refund", charge_id, charge_id);
  if (!answer.accepted) throw eventual::Error("RefundRefused", answer.text);
}

}  // namespace payments
