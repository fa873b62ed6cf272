// The service and the facts that its parts tell one another. orders.hpp, payments.hpp and
// shipping.hpp know only these, not each other.
#pragma once

#include <cstdint>
#include <eventual/eventual.hpp>
#include <string>

namespace ev = eventual;

inline ev::Service service{"@name@"};

struct Order {
  std::string id;
  std::string card;
  std::string city;
  std::int64_t amount_cents = 0;
};
struct Payment {
  Order order;
  std::string charge_id;
};
struct Parcel {
  std::string order_id;
  std::string tracking_id;
};
struct Refusal {
  std::string order_id;
  std::string reason;
};

// What has happened, in the past tense. Each event is emitted with the order's id as its key.
inline const auto order_placed = service.event<Order>("OrderPlaced");
inline const auto payment_taken = service.event<Payment>("PaymentTaken");
inline const auto payment_refused = service.event<Refusal>("PaymentRefused");
inline const auto parcel_sent = service.event<Parcel>("ParcelSent");
inline const auto parcel_refused = service.event<Refusal>("ParcelRefused");
inline const auto payment_returned = service.event<std::string>("PaymentReturned");
