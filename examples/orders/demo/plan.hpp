// What the demo will do, all of it drawn from one seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace demo {

enum class Outcome : std::uint8_t { succeeded, cancelled, unshippable, declined };
inline constexpr std::size_t k_outcomes = 4;

struct PlannedOrder {
  std::string id;
  std::string card;  ///< of this order alone
  std::int64_t amount_cents = 0;
  Outcome outcome = Outcome::succeeded;
  std::chrono::milliseconds place_at{};      ///< after the start
  std::chrono::milliseconds cancel_after{};  ///< after it was placed
};

struct PlannedKill {
  std::size_t orders_placed = 0;  ///< not before so many are placed
  std::chrono::milliseconds
      pause{};  ///< then this much later, at the next moment when an attempt is in flight
  std::chrono::milliseconds outage{};  ///< before it is started again
};

struct Plan {
  std::vector<PlannedOrder> orders;  ///< in the order of their placing
  std::vector<PlannedKill> kills;
};

struct Settings {
  std::size_t orders = 240;
  std::size_t kills = 6;
  std::uint64_t seed = 1;
  bool keep = false;
  std::chrono::milliseconds cancel_window{1500};
};

Plan make_plan(const Settings& settings);

}  // namespace demo
