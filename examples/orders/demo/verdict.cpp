#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace demo {
namespace {

struct Expectation {
  std::string_view label;
  std::string_view status;
  std::string_view error;
  std::size_t charges;
  std::size_t refunds;
  std::size_t parcels;
};

constexpr std::array<Expectation, k_outcomes> k_expectations{{
    {"succeeded: charged, shipped", "succeeded", "", 1, 0, 1},
    {"cancelled: charged, refunded", "failed", "OrderCancelled", 1, 1, 0},
    {"unshippable: charged, refunded", "failed", "Unshippable", 1, 1, 0},
    {"card declined: nothing charged", "failed", "CardDeclined", 0, 0, 0},
}};

const Expectation& expectation(Outcome outcome) {
  return k_expectations[static_cast<std::size_t>(outcome)];
}

/// What the ledger says once repeated attempts are left out.
struct Books {
  std::map<std::string, std::vector<ledger::Entry>> charges_of_card;
  std::map<std::string, std::vector<ledger::Entry>> refunds_of_charge;
  std::map<std::string, std::vector<ledger::Entry>> parcels_of_order;
};

struct Figures {
  std::size_t attempts = 0;
  std::size_t repeated = 0;
  std::size_t refused = 0;
  std::size_t done = 0;
};

class Judge {
 public:
  Judge(const Settings& settings, const Plan& plan, const Report& report)
      : settings_(settings), plan_(plan), report_(report), violations_(report.troubles) {}

  std::vector<std::string> operator()() {
    read_ledger();
    for (std::size_t i = 0; i < plan_.orders.size(); ++i)
      judge_order(plan_.orders[i], report_.orders[i]);
    judge_totals();
    print();
    return std::move(violations_);
  }

 private:
  template <class... Arguments>
  void violation(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    violations_.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  void read_ledger() {
    std::map<std::string, std::int64_t> last_process;  // by operation and key
    for (const ledger::Entry& entry : report_.ledger) {
      const ledger::Request& request = entry.request;
      Figures& figures = figures_[request.operation];
      figures.attempts += 1;
      const auto [last, first_time] =
          last_process.emplace(request.operation + " " + request.key, request.process);
      if (entry.repeated) {
        figures.repeated += 1;
        repeated_ += 1;
        // Only a kill may repeat an attempt, and then another process makes it.
        if (!first_time && last->second == request.process) {
          violation("{} {} was attempted twice by one process", request.operation, request.subject);
        }
        last->second = request.process;
        continue;
      }
      if (!entry.answer.accepted) {
        figures.refused += 1;
        continue;
      }
      figures.done += 1;
      if (request.operation == "charge") books_.charges_of_card[request.subject].push_back(entry);
      if (request.operation == "refund") books_.refunds_of_charge[request.subject].push_back(entry);
      if (request.operation == "book") books_.parcels_of_order[request.subject].push_back(entry);
    }
  }

  /// What the order should have come to. A cancellation that reached the service when the window
  /// may have been over (it was down meanwhile) may be too late.
  Outcome expected(const PlannedOrder& planned, const Placed& order) {
    if (planned.outcome != Outcome::cancelled || order.cancelled_in_time ||
        order.status != "succeeded") {
      return planned.outcome;
    }
    late_ += 1;
    return Outcome::succeeded;
  }

  void judge_order(const PlannedOrder& planned, const Placed& order) {
    const Outcome outcome = expected(planned, order);
    const Expectation& should = expectation(outcome);
    const std::size_t before = violations_.size();
    if (!order.refusal.empty()) violation("{}: {}", planned.id, order.refusal);
    if (!order.acknowledged && order.refusal.empty())
      violation("{}: was never accepted", planned.id);
    if (order.status != should.status || order.error != should.error) {
      violation("{}: should have {} {}, but: {} {}", planned.id, should.status, should.error,
                order.status, order.error);
    }
    judge_money(planned, should);
    judge_parcel(planned, order, should);
    const auto index = static_cast<std::size_t>(outcome);
    expected_[index] += 1;
    if (violations_.size() == before) actual_[index] += 1;
  }

  void judge_money(const PlannedOrder& planned, const Expectation& should) {
    const std::vector<ledger::Entry>& charges = books_.charges_of_card[planned.card];
    if (charges.size() != should.charges) {
      violation("{}: {} was charged {} times, not {}", planned.id, planned.card, charges.size(),
                should.charges);
    }
    std::size_t refunds = 0;
    for (const ledger::Entry& charge : charges) {
      refunds += books_.refunds_of_charge[charge.answer.text].size();
      if (charge.request.amount_cents != planned.amount_cents) {
        violation("{}: {} cents were charged, not {}", planned.id, charge.request.amount_cents,
                  planned.amount_cents);
      }
    }
    if (refunds != should.refunds) {
      violation("{}: {} was refunded {} times, not {}", planned.id, planned.card, refunds,
                should.refunds);
    }
  }

  void judge_parcel(const PlannedOrder& planned, const Placed& order, const Expectation& should) {
    const std::vector<ledger::Entry>& parcels = books_.parcels_of_order[planned.id];
    if (parcels.size() != should.parcels) {
      violation("{}: {} parcels were booked, not {}", planned.id, parcels.size(), should.parcels);
    } else if (should.parcels == 1 && (order.receipt_order_id != planned.id ||
                                       order.receipt_tracking_id != parcels.front().answer.text)) {
      violation("{}: the receipt names order {} and parcel {}, the carrier {}", planned.id,
                order.receipt_order_id, order.receipt_tracking_id, parcels.front().answer.text);
    }
  }

  void judge_totals() {
    const std::size_t orders = plan_.orders.size();
    if (report_.executions != orders) {
      violation("the service lists {} executions for {} orders", report_.executions, orders);
    }
    if (books_.charges_of_card.size() > orders || books_.parcels_of_order.size() > orders) {
      violation("the ledger has cards or orders that nobody placed");
    }
    if (settings_.kills > 0 && report_.kills < settings_.kills) {
      violation("the service was killed {} times, not {}", report_.kills, settings_.kills);
    }
    if (settings_.kills > 0 && repeated_ == 0) {
      violation(
          "no attempt was repeated: the kills interrupted nothing, and this run proves nothing");
    }
  }

  void print() {
    fmt::print("\n{:<34}{:>10}{:>10}\n", "outcome", "expected", "actual");
    for (std::size_t i = 0; i < k_outcomes; ++i) {
      fmt::print("{:<34}{:>10}{:>10}\n", k_expectations[i].label, expected_[i], actual_[i]);
    }
    fmt::print("\n{:<34}{:>10}{:>10}{:>10}{:>10}\n", "ledger of the payment stand-in", "done once",
               "refused", "attempts", "repeated");
    for (const auto& [operation, label] :
         {std::pair("charge", "charges"), {"refund", "refunds"}, {"book", "parcels"}}) {
      const Figures& figures = figures_[operation];
      fmt::print("{:<34}{:>10}{:>10}{:>10}{:>10}\n", label, figures.done, figures.refused,
                 figures.attempts, figures.repeated);
    }
    fmt::print("\n");
    if (late_ > 0) {
      fmt::print(
          "{} cancellations came too late: the service was down until their window was over\n",
          late_);
    }
    std::vector<std::chrono::milliseconds> restarts = report_.restarts;
    if (restarts.size() > 1) {
      std::sort(restarts.begin() + 1, restarts.end());
      fmt::print("{} kills; ready again after {} ms (median), {} ms (longest)\n", report_.kills,
                 restarts[1 + (restarts.size() - 1) / 2].count(), restarts.back().count());
    }
    fmt::print("{:.1f} s in all\n", static_cast<double>(report_.elapsed.count()) / 1000);
  }

  const Settings& settings_;
  const Plan& plan_;
  const Report& report_;
  Books books_;
  std::map<std::string, Figures> figures_;
  std::size_t repeated_ = 0;
  std::size_t late_ = 0;
  std::array<std::size_t, k_outcomes> expected_{};
  std::array<std::size_t, k_outcomes> actual_{};
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> judge(const Settings& settings, const Plan& plan, const Report& report) {
  return Judge(settings, plan, report)();
}

}  // namespace demo
