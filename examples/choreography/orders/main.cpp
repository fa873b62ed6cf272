// Takes orders, says so, and waits until somebody says that the order was shipped.
#include "../contracts.hpp"

namespace ev = eventual;

namespace {

ev::Service orders{"orders"};

const auto order_created = orders.event(shop::k_order_created);
const auto shipped = orders.signal<std::string>("shipped");

const auto order =
    orders.workflow("order", [](shop::OrderCreated created) -> ev::Future<std::string> {
      co_await order_created.emit(created, {.key = created.id});
      co_return co_await shipped.expect();
    });

const auto place_order =
    orders.command("placeOrder", [](const shop::OrderCreated& created) -> std::string {
      return order.start(created, {.name = created.id}).get().id();
    });

const auto closing = orders.subscription(
    "closing", ev::on(shop::k_order_shipped), [](const shop::OrderShipped& parcel) {
      shipped.send(ev::ExecutionId{"order/" + parcel.order_id}, parcel.tracking_id).get();
    });

}  // namespace

int main(int argc, char** argv) {
  orders.subscribe_to(shop::shipping_url(), shop::k_order_shipped);
  return orders.run(argc, argv);
}
