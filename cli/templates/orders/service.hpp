// Charges a card, waits while the order may be cancelled, ships it; undoes the charge when it is
// cancelled or cannot be shipped.
#pragma once

#include <chrono>
#include <cstdint>
#include <eventual/eventual.hpp>
#include <string>

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

inline ev::Service service{"@name@"};

// A crash may repeat an attempt; the key is the same on each, so that the card is charged once.
inline const auto charge_card = service.task(
    "chargeCard",
    {.timeout = 30s,
     .retry = {.max_attempts = 5, .initial_interval = 200ms, .non_retryable = {"CardDeclined"}},
     .on_cancel = ev::OnCancel::wait},
    [](const Order& order) -> Charge {
      return Charge{payments::charge(order.card, order.amount_cents, ev::idempotency_key())};
    });
inline const auto refund_card =
    service.task("refundCard", [](const Charge& charge) { payments::refund(charge.charge_id); });
inline const auto ship_order = service.task(
    "shipOrder", [](const Order& order) -> std::string { return shipping::book(order.id); });

inline const auto cancel_order = service.signal<std::string>("cancel");

inline const auto process_order =
    service.workflow("processOrder", [](Order order) -> ev::Future<Receipt> {
      ev::Saga saga;  // undone newest first if the workflow fails or is cancelled
      bool cancelled = false;
      auto listening = cancel_order.on([&](std::string) { cancelled = true; });

      Charge charge = co_await charge_card(order);
      saga.undo(refund_card, charge);
      if (co_await ev::condition([&] { return cancelled; }, {.timeout = 15min})) {
        throw ev::Error("OrderCancelled", order.id);
      }
      std::string tracking_id = co_await ship_order(order);
      co_return Receipt{order.id, tracking_id};
    });

// POST /orders
inline const auto create_order =
    service.command("createOrder",
                    {.method = ev::http::Method::post,
                     .path = "/orders",
                     .summary = "Places an order and starts its fulfilment"},
                    [](Order order) -> std::string {
                      return process_order.start(order, {.name = order.id}).get().id();
                    });
