// What tests/node/cloud_events drives: a service that takes an event and answers it with another.
#include <eventual/eventual.hpp>

#include <cstdint>
#include <string>

namespace ev = eventual;

namespace {

struct OrderCreated {
  std::string id;
  std::int64_t amount_cents = 0;
};

struct OrderSeen {
  std::string order;
  std::int64_t amount_cents = 0;
  std::string event;
  std::string source;
  std::string key;
};

ev::Service shop{"shop"};
const auto order_created = shop.event<OrderCreated>("OrderCreated");
const auto order_seen = shop.event<OrderSeen>("OrderSeen");

const auto seeing =
    order_created.on("seeing", [](const OrderCreated& order, ev::EventContext& event) {
      const OrderSeen seen{order.id, order.amount_cents, std::string(event.id()),
                           std::string(event.source()), std::string(event.key())};
      order_seen.emit(seen, {.key = "order " + order.id}).get();
    });

}  // namespace

int main(int argc, char** argv) { return shop.run(argc, argv); }
