// Fulfils orders with what the service "stock" has, now or later.
#include "../contracts.hpp"

namespace {

namespace ev = eventual;
using namespace std::chrono_literals;
using shop::Line;

constexpr shop::Orders k_contract;

// [caller]
const ev::ServiceClient<shop::Stock> stock{shop::url_of("STOCK_URL", "http://127.0.0.1:9002")};

ev::Service orders{"orders"};

// Reserving an order twice reserves it once, so that the call may be repeated.
const auto reserve = orders.task(
    "reserve", {.retry = {.max_attempts = 100, .initial_interval = 100ms, .max_interval = 2s}},
    [](const Line& line) { return stock->reserve(line, {.repeatable = true}).get(); });
// [/caller]

const auto reserved = orders.signal(k_contract.reserved);

const auto fulfil = orders.implement(k_contract.fulfil, [](Line line) -> ev::Future<std::string> {
  if (!co_await reserve(line)) co_await reserved.expect();
  co_return std::to_string(line.count) + " " + line.item + " for " + line.order_id;
});

}  // namespace

int main(int argc, char** argv) { return orders.run(argc, argv); }
