// Expenses that people approve: each approver is asked, reminded and passed over in the end; who
// decides is told at once whether it counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <eventual/eventual.hpp>
#include <optional>
#include <string>
#include <vector>

namespace approval {

namespace ev = eventual;
using namespace std::chrono_literals;

struct Expense {
  std::string id;
  std::string employee;
  std::int64_t amount_cents = 0;
  std::vector<std::string> approvers;  // in the order in which they are asked
};
struct Decision {
  bool approved = false;
  std::string by;
  std::string comment = {};
};
struct Status {
  std::string state;  // "waiting", "approved", "rejected", "withdrawn" or "expired"
  std::vector<std::string> asked = {};
  std::int64_t reminders = 0;
  std::string decided_by = {};
  std::string comment = {};
};
struct Request {
  std::string expense_id;
  std::string approver;
  std::int64_t amount_cents = 0;
  bool is_reminder = false;
};

/// What others may ask of this service.
struct Contract {
  ev::Command<Expense, std::string> submit_expense{"submitExpense"};
  ev::Workflow<Expense, Status> approve_expense{"approveExpense"};
  ev::Update<Decision, Status> decide{"decide"};
  ev::Signal<void> withdraw{"withdraw"};
  ev::Query<void, Status> status{"status"};
};

/// Each approver is reminded so often, so far apart, before the next one is asked.
inline constexpr int k_reminders = 2;
inline constexpr auto k_patience = 48h;

inline ev::Service service{"approval"};

// Here a real service would send a mail with a link to the decision.
inline const auto ask_approver =
    service.task("askApprover", {.retry = {.max_attempts = 5}}, [](const Request&) {});
inline const auto pay_out =
    service.task("payOut", {.timeout = 30s}, [](const Expense& expense) -> std::string {
      return "payment-" + expense.id;  // pay with ev::idempotency_key() here
    });

inline const auto decide = service.update<Decision, Status>("decide");
inline const auto withdraw = service.signal("withdraw");
inline const auto status = service.query("status", [](const Status& shown) { return shown; });

// [approve-expense]
inline const auto approve_expense =
    service.workflow("approveExpense", [](Expense expense) -> ev::Future<Status> {
      Status current{.state = "waiting"};
      ev::publish(current);
      const auto ended = [&current] { return current.state != "waiting"; };
      auto withdrawing = withdraw.on([&] {
        if (!ended()) current.state = "withdrawn";
      });
      auto deciding = decide.on(
          [&](const Decision& given) {
            current.state = given.approved ? "approved" : "rejected";
            current.decided_by = given.by;
            current.comment = given.comment;
            ev::publish(current);
            return current;
          },
          [&](const Decision& given) {
            if (ended()) throw ev::Error("AlreadyDecided", "it is " + current.state);
            if (given.by == expense.employee) throw ev::Error("OwnExpense", "ask somebody else");
            if (std::ranges::find(current.asked, given.by) == current.asked.end()) {
              throw ev::Error("NotAsked", given.by + " was not asked");
            }
          });

      for (const std::string& approver : expense.approvers) {
        current.asked.push_back(approver);  // who was asked before may still decide
        ev::publish(current);
        for (int reminder = 0; reminder <= k_reminders; ++reminder) {
          co_await ask_approver(Request{expense.id, approver, expense.amount_cents, reminder > 0});
          if (reminder > 0) {
            ++current.reminders;
            ev::publish(current);
          }
          if (co_await ev::condition(ended, {.timeout = k_patience})) break;
        }
        if (ended()) break;
      }
      if (!ended()) current.state = "expired";
      ev::publish(current);
      if (current.state == "approved") co_await pay_out(expense);
      co_return current;
    });
// [/approve-expense]

// POST /expenses
inline const auto submit_expense =
    service.implement(Contract{}.submit_expense,
                      {.method = ev::http::Method::post,
                       .path = "/expenses",
                       .summary = "Submits an expense for approval"},
                      [](const Expense& expense) -> std::string {
                        if (expense.approvers.empty())
                          throw ev::http::HttpError(400, "NoApprovers", "name somebody");
                        return approve_expense.start(expense, {.name = expense.id}).get().id();
                      });

}  // namespace approval
