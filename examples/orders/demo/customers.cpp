#include "customers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "eventual/schema.hpp"

namespace demo {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_threads = 24;
constexpr auto k_retry_pause = 10ms;
/// The engine counts in whole milliseconds, and not with our clock.
constexpr auto k_clock_tolerance = 5ms;

struct OrderBody {
  std::string id;
  std::string card;
  std::int64_t amount_cents = 0;
};

}  // namespace

Customers::Customers(const Settings& settings, const Plan& plan, const HttpClient& service,
                     std::vector<Placed>& orders)
    : settings_(settings), plan_(plan), service_(service), orders_(orders) {
  for (std::size_t i = 0; i < k_threads; ++i) threads_.emplace_back([this] { work(); });
}

Customers::~Customers() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void Customers::work() {
  while (!stop_) {
    const std::size_t index = next_++;
    if (index >= plan_.orders.size()) return;
    if (!sleep_until(start_ + plan_.orders[index].place_at)) return;
    place(plan_.orders[index], orders_[index]);
    finished_ += 1;
  }
}

void Customers::place(const PlannedOrder& planned, Placed& order) {
  const Clock::time_point first_asked = Clock::now();
  const std::string body =
      eventual::to_json(OrderBody{planned.id, planned.card, planned.amount_cents});
  // The id names the execution: placing the same order again gives the one that is there.
  const std::optional<HttpResponse> answer = post_until_answered("/orders", body);
  placed_ += 1;
  if (!answer) return;
  if (answer->status != 200 || answer->body != eventual::to_json("processOrder/" + planned.id)) {
    order.refusal = fmt::format("POST /orders answered {}: {}", answer->status, answer->body);
    return;
  }
  order.acknowledged = true;
  if (planned.outcome == Outcome::cancelled && sleep_until(Clock::now() + planned.cancel_after)) {
    cancel(planned, order, first_asked);
  }
}

void Customers::cancel(const PlannedOrder& planned, Placed& order, Clock::time_point first_asked) {
  const std::string target =
      fmt::format("/_eventual/executions/processOrder/{}/signals/cancel", planned.id);
  const std::optional<HttpResponse> answer = post_until_answered(target, "\"changed my mind\"");
  if (!answer) return;
  if (answer->status >= 200 && answer->status < 300) {
    // The window opens after the charge, so it cannot have closed any earlier than this.
    order.cancelled_in_time =
        Clock::now() < first_asked + settings_.cancel_window - k_clock_tolerance;
  } else if (answer->body.find("\"Closed\"") == std::string::npos) {
    order.refusal =
        fmt::format("the cancellation was answered {}: {}", answer->status, answer->body);
  }
}

std::optional<HttpResponse> Customers::post_until_answered(const std::string& target,
                                                           std::string_view json) {
  while (!stop_) {
    std::optional<HttpResponse> answer = service_.post(target, json);
    if (answer && answer->status != 429 && answer->status < 500) return answer;
    std::this_thread::sleep_for(k_retry_pause);
  }
  return std::nullopt;
}

/// False when it is time to give up.
bool Customers::sleep_until(Clock::time_point time) const {
  while (!stop_) {
    const auto left = time - Clock::now();
    if (left <= 0ms) return true;
    std::this_thread::sleep_for(std::min<Clock::duration>(left, 20ms));
  }
  return false;
}

}  // namespace demo
