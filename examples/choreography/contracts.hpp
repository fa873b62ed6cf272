// What the three services tell one another, and where they are.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <eventual/eventual.hpp>
#include <string>

namespace shop {

struct OrderCreated {
  std::string id;
  std::string card;
  std::int64_t amount_cents = 0;
};
struct PaymentProcessed {
  std::string order_id;
  std::string charge_id;
};
struct OrderShipped {
  std::string order_id;
  std::string tracking_id;
};

inline constexpr eventual::Event<OrderCreated> k_order_created{"OrderCreated"};
inline constexpr eventual::Event<PaymentProcessed> k_payment_processed{"PaymentProcessed"};
inline constexpr eventual::Event<OrderShipped> k_order_shipped{"OrderShipped"};

/// The URL of a service: from the environment, or where its README starts it.
inline std::string url_of(const char* variable, const char* otherwise) {
  const char* url = std::getenv(variable);
  return url != nullptr ? url : otherwise;
}
inline std::string orders_url() { return url_of("SHOP_ORDERS_URL", "http://127.0.0.1:9001"); }
inline std::string payments_url() { return url_of("SHOP_PAYMENTS_URL", "http://127.0.0.1:9002"); }
inline std::string shipping_url() { return url_of("SHOP_SHIPPING_URL", "http://127.0.0.1:9003"); }

}  // namespace shop
