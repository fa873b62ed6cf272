// Charges the card of every order that was created.
#include "../contracts.hpp"

namespace ev = eventual;

namespace {

ev::Service payments{"payments"};

const auto payment_processed = payments.event(shop::k_payment_processed);

// [charging]
const auto charging = payments.subscription(
    "charging", ev::on(shop::k_order_created), {.order = ev::EventOrder::per_key},
    [](const shop::OrderCreated& order) {
      // Here a real service would charge the card, with ev::idempotency_key().
      payment_processed.emit({order.id, "charge-" + order.id}, {.key = order.id}).get();
    });
// [/charging]

}  // namespace

int main(int argc, char** argv) {
  // [subscribe-to]
  payments.subscribe_to(shop::orders_url(), shop::k_order_created);
  // [/subscribe-to]
  return payments.run(argc, argv);
}
