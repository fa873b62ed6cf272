// Expenses that a person approves: the workflow waits for days, reminds, and gives up in the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <eventual/eventual.hpp>
#include <optional>
#include <string>

namespace ev = eventual;
using namespace std::chrono_literals;

struct Expense {
  std::string id;
  std::string employee;
  std::int64_t amount_cents = 0;
};
struct Decision {
  bool approved = false;
  std::string by;
};
struct Status {
  std::string state;  // "waiting", "approved", "rejected" or "expired"
  std::int64_t reminders = 0;
  std::string decided_by;
};

inline ev::Service service{"@name@"};

inline const auto remind_approver = service.task("remindApprover", {.retry = {.max_attempts = 5}},
                                                 [](const Expense&) { /* send a mail here */ });
inline const auto pay_out =
    service.task("payOut", {.timeout = 30s}, [](const Expense& expense) -> std::string {
      return "payment-" + expense.id;  // pay with ev::idempotency_key() here
    });

// A decision is an update: whoever decides learns at once whether it counts.
inline const auto decide = service.update<Decision, Status>("decide");
inline const auto status = service.query("status", [](const Status& shown) { return shown; });

inline const auto approve_expense =
    service.workflow("approveExpense", [](Expense expense) -> ev::Future<Status> {
      Status current{"waiting", 0, ""};
      std::optional<Decision> decision;
      ev::publish(current);
      auto deciding = decide.on(
          [&](Decision given) {
            decision = given;
            current.state = given.approved ? "approved" : "rejected";
            current.decided_by = given.by;
            ev::publish(current);
            return current;
          },
          [&](const Decision& given) {
            if (decision) throw ev::Error("AlreadyDecided", "by " + decision->by);
            if (given.by.empty()) throw ev::Error("NoName", "say who decides");
            if (given.by == expense.employee) throw ev::Error("OwnExpense", "ask somebody else");
          });

      while (!co_await ev::condition([&] { return decision.has_value(); }, {.timeout = 48h})) {
        if (current.reminders == 3) {
          current.state = "expired";
          ev::publish(current);
          co_return current;
        }
        co_await remind_approver(expense);
        ++current.reminders;
        ev::publish(current);
      }
      if (decision->approved) co_await pay_out(expense);
      co_return current;
    });

// POST /expenses
inline const auto submit_expense =
    service.command("submitExpense",
                    {.method = ev::http::Method::post,
                     .path = "/expenses",
                     .summary = "Submits an expense for approval"},
                    [](Expense expense) -> std::string {
                      return approve_expense.start(expense, {.name = expense.id}).get().id();
                    });
