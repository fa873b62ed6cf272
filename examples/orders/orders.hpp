// The order service: charges a card, waits while the order may be cancelled, ships it, and undoes
// the charge when that fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "eventual/eventual.hpp"
#include "payments.hpp"
#include "shipping.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

struct Order {
  std::string id;
  std::string card;
  std::int64_t amount_cents = 0;
};
struct Charge {
  std::string charge_id;
};
struct Receipt {
  std::string order_id;
  std::string tracking_id;
};

/// How long an order may be cancelled: ORDERS_CANCEL_WINDOW_MS, or 15 minutes.
std::chrono::milliseconds cancel_window();

inline ev::Service orders{"orders"};

inline const auto charge_card = orders.task(
    "chargeCard",
    {.timeout = 30s,
     .retry = {.max_attempts = 5, .initial_interval = 200ms, .non_retryable = {"CardDeclined"}},
     .on_cancel = ev::OnCancel::wait},
    [](const Order& order) -> Charge {  // ordinary code on a worker thread; may block
      return Charge{payments::charge(order.card, order.amount_cents, ev::idempotency_key())};
    });
inline const auto refund_card =
    orders.task("refundCard", [](const Charge& charge) { payments::refund(charge.charge_id); });
// Tried again for long: an order that is refunded must not be on its way after all.
inline const auto ship_order =
    orders.task("shipOrder", {.retry = {.max_attempts = 10, .non_retryable = {"Unshippable"}}},
                [](const Order& order) -> std::string { return shipping::book(order.id); });

inline const auto cancel = orders.signal<std::string>("cancel");

// [process-order]
inline const auto process_order =
    orders.workflow("processOrder", [](Order order) -> ev::Future<Receipt> {
      ev::Saga saga;  // undone newest first if the workflow fails or is cancelled
      bool cancelled = false;
      auto listening = cancel.on([&](std::string) { cancelled = true; });  // until it leaves scope

      Charge charge = co_await charge_card(order);
      saga.undo(refund_card, charge);
      if (co_await ev::condition([&] { return cancelled; }, {.timeout = cancel_window()})) {
        throw ev::Error("OrderCancelled", order.id);
      }
      std::string tracking_id = co_await ship_order(order);
      co_return Receipt{order.id, tracking_id};
    });
// [/process-order]

inline const auto create_order =
    orders.command("createOrder",
                   {.method = ev::http::Method::post,
                    .path = "/orders",
                    .summary = "Places an order and starts its fulfilment"},
                   [](Order order) -> std::string {
                     return process_order.start(order, {.name = order.id}).get().id();
                   });
