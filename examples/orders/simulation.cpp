#include "simulation.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ledger.hpp"
#include "orders.hpp"
#include "stand_in.hpp"

namespace {

/// The books of one run: what the payment stand-in was asked for, and what it answered.
class Books {
 public:
  ledger::Answer apply(const ledger::Request& request) {
    const ledger::Answer answer = ledger_.apply(request);
    if (!answer.accepted) return answer;
    if (request.operation == "charge") charges_[answer.text] = request.subject;
    if (request.operation == "refund") refunded_[request.subject] = true;
    if (request.operation == "book") parcels_[request.subject] = answer.text;
    return answer;
  }

  /// The charges of a card.
  std::vector<std::string> charges_of(const std::string& card) const {
    std::vector<std::string> found;
    for (const auto& [charge, charged] : charges_) {
      if (charged == card) found.push_back(charge);
    }
    return found;
  }
  bool refunded(const std::string& charge) const { return refunded_.contains(charge); }
  bool shipped(const std::string& order) const { return parcels_.contains(order); }

 private:
  ledger::Ledger ledger_{""};
  std::map<std::string, std::string> charges_;  // charge -> card
  std::map<std::string, bool> refunded_;        // charge
  std::map<std::string, std::string> parcels_;  // order -> tracking id
};

constexpr std::uint64_t k_orders = 6;

/// Each order has a card of its own, so that the books tell whose charge it is.
std::string card_of(const std::string& order_id, bool declined) {
  return (declined ? "declined-" : "visa-") + order_id;
}

/// The kinds of orders are in their names: "o-3-declined", "o-3-unshippable", "o-3-cancelled".
bool has_kind(std::string_view id, std::string_view kind) { return id.ends_with(kind); }

/// From now on the handlers reach these.
std::shared_ptr<Books> open_books() {
  auto books = std::make_shared<Books>();  // shared: with whoever asks the stand-in
  stand_in::answer_with([books](const ledger::Request& request) { return books->apply(request); });
  return books;
}

/// One order as it stands when all is quiet.
struct Ended {
  std::string id;
  std::string status;
  std::string error;
  bool charge_unknown = false;  ///< every attempt to charge failed, perhaps after it had charged
};

/// What the simulation itself makes of an attempt.
bool is_a_fault(const std::string& error) {
  return error == "SimulatedFailure" || error == "Timeout";
}

std::vector<Ended> ended_orders(ev::SimulatedRun& run) {
  std::vector<Ended> orders_seen;
  for (const std::string& execution : run.executions()) {
    const ev::Json view = run.view(execution);
    Ended order;
    order.id = execution.substr(execution.find('/') + 1);
    order.status = view["status"].as_string();
    if (const ev::Json* error = view.find("error"); error != nullptr && error->is_object())
      order.error = (*error)["name"].as_string();
    for (const ev::Json& event : run.history(execution)) {
      if (event["type"].as_string() == "task_failed" && event["seq"].as_uint64() == 0)
        order.charge_unknown = is_a_fault(order.error);
    }
    orders_seen.push_back(std::move(order));
  }
  return orders_seen;
}

[[noreturn]] void wrong(const Ended& order, const std::string& what) {
  throw ev::Error("WrongOrder",
                  order.id + " is " + order.status + " (" + order.error + "): " + what);
}

void check_outcome(const Ended& order) {
  if (order.status != "succeeded" && order.status != "failed") wrong(order, "it should have ended");
  if (order.status == "failed" && is_a_fault(order.error)) return;
  if (has_kind(order.id, "-declined") && order.error != "CardDeclined")
    wrong(order, "its card is declined");
  if (has_kind(order.id, "-unshippable") && order.error != "Unshippable")
    wrong(order, "nobody ships it");
  if (has_kind(order.id, "-plain") && order.status != "succeeded")
    wrong(order, "nothing is wrong with it");
  if (has_kind(order.id, "-cancelled") && order.status == "failed" &&
      order.error != "OrderCancelled")
    wrong(order, "it was cancelled");
}

void check_books(const Books& books, const Ended& order) {
  const auto charges = books.charges_of(card_of(order.id, has_kind(order.id, "-declined")));
  const bool shipped = books.shipped(order.id);
  if (charges.size() > 1) wrong(order, "its card was charged twice");
  if (order.charge_unknown) return;  // somebody has to ask the bank
  const bool paid = charges.size() == 1 && !books.refunded(charges.front());
  if (order.status == "succeeded" && !(paid && shipped))
    wrong(order, paid ? "it was never shipped" : "it was never paid for");
  if (order.status == "failed" && paid) wrong(order, "its money was not given back");
  if (shipped && !paid) wrong(order, "the parcel is on its way and nobody has paid for it");
}

}  // namespace

// [simulate-orders]
void simulate_orders(ev::Simulation& simulation) {
  // shared: between the scenario, which opens new ones, and the invariants
  auto books = std::make_shared<std::shared_ptr<Books>>();
  simulation.scenario([books](ev::SimulatedRun& run) {
    *books = open_books();
    constexpr const char* k_kinds[] = {"-plain", "-declined", "-unshippable", "-cancelled"};
    for (std::uint64_t i = 0; i < k_orders; ++i) {
      const std::string kind = k_kinds[run.random(std::size(k_kinds))];
      const std::string id = "o-" + std::to_string(i) + kind;
      const Order order{id, card_of(id, kind == "-declined"), 1999};
      const ev::Duration at = run.random_duration(1h);
      if (run.random(2) == 0) {
        run.call(create_order, order, at);
      } else {
        run.start(process_order, order, id, at);
      }
      // Some come too early, some in time, some too late.
      if (kind == "-cancelled")
        run.send("processOrder/" + id, cancel, "changed my mind", at + run.random_duration(20min));
    }
  });
  simulation.invariant("every order ends as its name says", [](ev::SimulatedRun& run) {
    for (const Ended& order : ended_orders(run)) check_outcome(order);
  });
  simulation.invariant("who pays gets the goods, or the money back",
                       [books](ev::SimulatedRun& run) {
                         for (const Ended& order : ended_orders(run)) check_books(**books, order);
                       });
}
// [/simulate-orders]
