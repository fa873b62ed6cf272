#include "plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace demo {
namespace {

constexpr std::size_t k_cancelled_percent = 20;
constexpr std::size_t k_unshippable_percent = 15;
constexpr std::size_t k_declined_percent = 10;
constexpr std::chrono::milliseconds k_between_orders{25};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// Like std::uniform_int_distribution and std::shuffle, but the same with every standard library.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[engine_() % left]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

std::vector<Outcome> outcomes(std::size_t count, Random& random) {
  std::vector<Outcome> result(count, Outcome::succeeded);
  std::size_t next = 0;
  const auto mark = [&](std::size_t percent, Outcome outcome) {
    for (std::size_t left = count * percent / 100; left > 0; --left) result[next++] = outcome;
  };
  mark(k_cancelled_percent, Outcome::cancelled);
  mark(k_unshippable_percent, Outcome::unshippable);
  mark(k_declined_percent, Outcome::declined);
  random.shuffle(result);
  return result;
}

}  // namespace

Plan make_plan(const Settings& settings) {
  Random random(settings.seed);
  Plan plan;
  std::size_t number = 0;
  for (const Outcome outcome : outcomes(settings.orders, random)) {
    const auto mean = static_cast<std::int64_t>(number) * k_between_orders.count();
    ++number;
    PlannedOrder order;
    order.outcome = outcome;
    order.id =
        fmt::format("order-{:04}{}", number, outcome == Outcome::unshippable ? "-unshippable" : "");
    order.card =
        fmt::format("{}-{:04}", outcome == Outcome::declined ? "declined" : "card", number);
    order.amount_cents = random.between(500, 20'000);
    order.place_at = std::chrono::milliseconds(mean + random.between(0, k_between_orders.count()));
    order.cancel_after =
        std::chrono::milliseconds(random.between(0, settings.cancel_window.count() / 3));
    plan.orders.push_back(std::move(order));
  }
  for (std::size_t i = 0; i < settings.kills; ++i) {
    plan.kills.push_back({.orders_placed = settings.orders * (i + 1) / (settings.kills + 1),
                          .pause = std::chrono::milliseconds(random.between(0, 100)),
                          .outage = std::chrono::milliseconds(random.between(0, 100))});
  }
  return plan;
}

}  // namespace demo
