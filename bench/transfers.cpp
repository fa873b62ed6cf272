// Transactions: each moves one coin between two entities of 1,000 items each and emits an event.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/random.hpp"
#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"
#include "eventual/json.hpp"

namespace eventual::bench {
namespace {

constexpr std::uint64_t k_items = 1'000;

/// Runs transactions between items that a seed picks.
void run_transfers(ports::Operations& operations, const Drive::Plan& plan,
                   Measurement& measurement) {
  Drive* driver = nullptr;
  Drive drive(plan, [&](std::uint32_t slot, std::uint64_t index) {
    base::Random random(index + 1);
    const std::uint64_t from = random.below(k_items);
    operations.transact({std::string(names::k_transfer),
                         fmt::format(R"({{"from":{},"to":{}}})", from, random.below(k_items)),
                         {}},
                        [driver, slot](const Result<std::string>& result) {
                          driver->end(slot, result ? std::string() : result.error().message());
                        });
  });
  driver = &drive;
  drive.run(measurement);
}

/// How many events the log holds.
std::uint64_t events_logged(ports::Operations& operations) {
  return wait_for<ports::EventsReply>([&](auto done) {
           ports::EventsRequest request;
           request.tail = true;
           operations.read_events(std::move(request), std::move(done));
         })
      .next;
}

/// Every transaction left its mark and its event, and no coin was made or lost.
void verify(ports::Operations& operations, std::uint64_t count, Measurement& measurement) {
  std::uint64_t changes = 0;
  std::int64_t coins = 0;
  for (const std::string_view entity : {names::k_sources, names::k_targets}) {
    ports::EntityOperation all;
    all.request.operation = detail::EntityRequest::Operation::scan;
    all.request.entity = entity;
    all.request.limit = k_items;
    const Json page = Json::parse(wait_for<std::string>([&](auto done) {
                        operations.entity(std::move(all), std::move(done));
                      })).value();
    for (const Json& item : page["items"].as_array()) {
      changes += item["version"].as_uint64();
      coins += item["value"]["coins"].as_int64();
    }
  }
  const std::uint64_t events = events_logged(operations);
  if (changes == 2 * count && coins == 0 && events == count) return;
  measurement.figures.errors += 1;
  measurement.first_error = fmt::format(
      "{} changes of items instead of {}, {} coins instead of 0, {} events instead of {}", changes,
      2 * count, coins, events, count);
}

}  // namespace

Measurement run_transfer(const Options& options) {
  const Running running = start_node(options);
  const Drive::Plan plan = drive_plan(options);
  if (options.warm_up > 0) {
    Drive::Plan warm_up = plan;
    warm_up.first = plan.count;
    warm_up.count = options.warm_up;
    Measurement ignored;
    run_transfers(*running.node, warm_up, ignored);
  }
  Measurement measurement;
  const Meter meter(running.store);
  run_transfers(*running.node, plan, measurement);
  meter.finish(measurement.figures);
  verify(*running.node, options.count + options.warm_up, measurement);
  running.node->stop(std::chrono::seconds(10));
  return measurement;
}

}  // namespace eventual::bench
