// Sends the parcel of every order that was paid.
#include "../contracts.hpp"

namespace ev = eventual;

namespace {

ev::Service shipping{"shipping"};

const auto order_shipped = shipping.event(shop::k_order_shipped);

const auto sending = shipping.subscription(
    "sending", ev::on(shop::k_payment_processed), [](const shop::PaymentProcessed& payment) {
      order_shipped
          .emit({payment.order_id, "parcel-" + payment.order_id}, {.key = payment.order_id})
          .get();
    });

}  // namespace

int main(int argc, char** argv) {
  shipping.subscribe_to(shop::payments_url(), shop::k_payment_processed);
  return shipping.run(argc, argv);
}
