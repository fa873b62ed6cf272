// How the service reaches the payment stand-in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "ledger.hpp"

namespace stand_in {

/// Asks the process that listens on the Unix socket named by ORDERS_PAYMENTS. Without it a ledger
/// in this process answers, kept in payments.tsv in the service's data folder (in memory when there
/// is none). Blocks. Throws ev::Error("PaymentsUnreachable"); asking again with the same key is
/// safe.
ledger::Answer ask(std::string operation, std::string key, std::string subject,
                   std::int64_t amount_cents = 0);

/// From now on `answer` is asked instead, on the thread of the handler.
void answer_with(std::function<ledger::Answer(const ledger::Request&)> answer);

}  // namespace stand_in
