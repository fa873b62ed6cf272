// Takes the money of what was ordered, and returns it when nothing could be sent.
#pragma once

#include <chrono>

#include "service.hpp"

namespace payments {

using namespace std::chrono_literals;

// Orders are charged side by side, events of one order one after another (per_key). Here a real
// service would call its bank with ev::idempotency_key(), which is the same on every attempt.
inline const auto charging = order_placed.on(
    "charging",
    {.retry = {.max_attempts = 5, .initial_interval = 1s}, .order = ev::EventOrder::per_key},
    [](const Order& order) {
      if (order.card == "declined") {  // no failure of the handler: a fact, which others must hear
        payment_refused.emit({order.id, "the card was declined"}, {.key = order.id}).get();
      } else {
        payment_taken.emit({order, "charge-" + order.id}, {.key = order.id}).get();
      }
    });

inline const auto returning =
    parcel_refused.on("returning", {.order = ev::EventOrder::per_key}, [](const Refusal& refusal) {
      payment_returned.emit(refusal.order_id, {.key = refusal.order_id}).get();
    });

}  // namespace payments
