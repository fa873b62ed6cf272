// The customers: threads that place the planned orders and cancel some, and try again for as long
// as the service is down.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http_client.hpp"
#include "run.hpp"

namespace demo {

class Customers {
 public:
  /// They begin at once. The arguments must outlive them; `orders` is theirs until they have
  /// finished.
  Customers(const Settings& settings, const Plan& plan, const HttpClient& service,
            std::vector<Placed>& orders);
  /// Makes them give up.
  ~Customers();
  Customers(const Customers&) = delete;
  Customers& operator=(const Customers&) = delete;

  std::size_t placed() const { return placed_.load(); }
  bool finished() const { return finished_.load() == plan_.orders.size(); }

 private:
  using Clock = std::chrono::steady_clock;

  void work();
  void place(const PlannedOrder& planned, Placed& order);
  void cancel(const PlannedOrder& planned, Placed& order, Clock::time_point first_asked);
  std::optional<HttpResponse> post_until_answered(const std::string& target, std::string_view json);
  bool sleep_until(Clock::time_point time) const;

  const Settings& settings_;
  const Plan& plan_;
  const HttpClient& service_;
  std::vector<Placed>& orders_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<bool> stop_ = false;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> placed_ = 0;
  std::atomic<std::size_t> finished_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace demo
