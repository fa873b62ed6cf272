// Knows what is there, and tells the service "orders" when what an order waits for has come.
#include "../contracts.hpp"

namespace {

namespace ev = eventual;
using namespace std::chrono_literals;
using shop::Delivery;
using shop::Line;

constexpr shop::Stock k_contract;

struct Level {
  std::string item;
  std::int64_t count = 0;
};
struct Waiting {
  std::string item;
  std::string order_id;
  std::int64_t count = 0;
};
struct Reserved {
  std::string order_id;
  std::string item;
};

const ev::ServiceClient<shop::Orders> orders{shop::url_of("ORDERS_URL", "http://127.0.0.1:9001")};

ev::Service stock{"stock"};

const auto levels = stock.entity("levels", ev::key(&Level::item));
const auto waiting = stock.entity("waiting", ev::key(&Waiting::item, &Waiting::order_id));
const auto reservations = stock.entity("reservations", ev::key(&Reserved::order_id));

const auto reserved = stock.event<Reserved>("Reserved");

const auto take = stock.transaction("take", [](const Line& line, ev::TransactionContext& tx) {
  if (tx.get(reservations, line.order_id)) return true;
  Level level = tx.get(levels, line.item).value_or(Level{line.item, 0});
  if (level.count < line.count) {
    tx.put(waiting, {line.item, line.order_id, line.count});
    return false;
  }
  level.count -= line.count;
  tx.put(levels, level);
  tx.put(reservations, {line.order_id, line.item});
  return true;
});

// First come, first served, as far as it goes.
const auto add = stock.transaction("add", [](const Delivery& delivery, ev::TransactionContext& tx) {
  Level level = tx.get(levels, delivery.item).value_or(Level{delivery.item, 0});
  level.count += delivery.count;
  for (const Waiting& order : tx.query(waiting, delivery.item).items) {
    if (order.count > level.count) continue;
    level.count -= order.count;
    tx.remove(waiting, order.item, order.order_id);
    tx.put(reservations, {order.order_id, order.item});
    tx.emit(reserved, Reserved{order.order_id, order.item});
  }
  tx.put(levels, level);
  return level.count;
});

// [callee]
const auto reserve =
    stock.implement(k_contract.reserve, [](const Line& line) { return take(line).get(); });
// [/callee]
const auto deliver = stock.implement(k_contract.deliver, [](const Delivery& delivery) {
  return add(delivery, {.id = delivery.id}).get();  // a delivery counts once
});

// [calls-back]
const auto telling = reserved.on(
    "telling", {.retry = {.max_attempts = 100, .max_interval = 2s}}, [](const Reserved& told) {
      orders->reserved.send(ev::ExecutionId{"fulfil/" + told.order_id}, told.item).get();
    });
// [/calls-back]

}  // namespace

int main(int argc, char** argv) { return stock.run(argc, argv); }
