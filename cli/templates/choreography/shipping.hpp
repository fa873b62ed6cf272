// Sends the parcel of every order that was paid.
#pragma once

#include "service.hpp"

namespace shipping {

inline const auto sending =
    payment_taken.on("sending", {.order = ev::EventOrder::per_key}, [](const Payment& payment) {
      const Order& order = payment.order;
      if (order.city == "Atlantis") {
        parcel_refused.emit({order.id, "no carrier goes to " + order.city}, {.key = order.id})
            .get();
      } else {
        parcel_sent.emit({order.id, "parcel-" + order.id}, {.key = order.id}).get();
      }
    });

}  // namespace shipping
