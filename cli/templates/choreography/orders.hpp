// Takes orders, says so, and waits until it hears how each of them ended.
#pragma once

#include "service.hpp"

namespace orders {

struct Outcome {
  std::string tracking_id{};
  std::string refused{};  ///< why there is no parcel
};

inline const auto settled = service.signal<Outcome>("settled");

// One execution for each order. The event leaves with the turn, in one commit.
inline const auto order = service.workflow("order", [](Order placed) -> ev::Future<std::string> {
  co_await order_placed.emit(placed, {.key = placed.id});
  Outcome outcome = co_await settled.expect();
  if (!outcome.refused.empty()) throw ev::Error("OrderRefused", outcome.refused);
  co_return outcome.tracking_id;
});

// POST /orders. The same order again is the same execution.
inline const auto place_order = service.command(
    "placeOrder",
    {.method = ev::http::Method::post, .path = "/orders", .summary = "Places an order"},
    [](Order placed) -> std::string {
      return order.start(placed, {.name = placed.id}).get().id();
    });

// The signal leaves with the success of the handler.
inline void settle(const std::string& order_id, const Outcome& outcome) {
  settled.send(ev::ExecutionId{"order/" + order_id}, outcome).get();
}

inline const auto closing = service.subscription(
    "closing", ev::on(parcel_sent, payment_refused, parcel_refused),
    ev::overloads{
        [](const Parcel& parcel) { settle(parcel.order_id, {.tracking_id = parcel.tracking_id}); },
        [](const Refusal& refusal) { settle(refusal.order_id, {.refused = refusal.reason}); }});

}  // namespace orders
