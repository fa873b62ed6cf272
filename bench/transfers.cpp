// Transactions: each moves one coin between two entities of 1,000 items each.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/random.hpp"
#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"
#include "eventual/json.hpp"

namespace eventual::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t k_items = 1'000;
constexpr std::chrono::seconds k_stalled{60};

/// Keeps `concurrency` transactions under way until `count` have been begun.
class Transfers {
 public:
  Transfers(ports::Operations& operations, std::uint64_t count, std::uint32_t concurrency)
      : operations_(operations), count_(count), began_(concurrency) {}

  void run(Measurement& measurement) {
    const auto start = steady_clock::now();
    for (std::uint32_t slot = 0; slot < began_.size(); ++slot) begin(slot);
    std::unique_lock lock(mutex_);
    std::uint64_t seen = 0;
    while (!ended_.wait_for(lock, k_stalled, [&] { return idle_ == began_.size(); })) {
      if (done_ + errors_ == seen) {
        fmt::print(stderr, "eventual-bench: nothing has ended for {} s\n", k_stalled.count());
        std::_Exit(1);
      }
      seen = done_ + errors_;
    }
    Figures& figures = measurement.figures;
    figures.elapsed_s += std::chrono::duration<double>(steady_clock::now() - start).count();
    figures.done += done_;
    figures.errors += errors_;
    figures.latency = latency_;
    if (measurement.first_error.empty()) measurement.first_error = first_error_;
  }

 private:
  void begin(std::uint32_t slot) {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    {
      const std::lock_guard lock(mutex_);
      if (next_ == count_) {
        ++idle_;
        ended_.notify_all();
        return;
      }
      ++next_;
      from = random_.below(k_items);
      to = random_.below(k_items);
    }
    began_[slot] = steady_clock::now();
    operations_.transact(
        {std::string(names::k_transfer), fmt::format(R"({{"from":{},"to":{}}})", from, to), {}},
        [this, slot](const Result<std::string>& result) {
          {
            const std::lock_guard lock(mutex_);
            latency_.add(steady_clock::now() - began_[slot]);
            if (result) {
              ++done_;
            } else {
              ++errors_;
              if (first_error_.empty()) first_error_ = result.error().message();
            }
          }
          begin(slot);
        });
  }

  ports::Operations& operations_;
  const std::uint64_t count_;
  std::vector<steady_clock::time_point> began_;
  std::mutex mutex_;
  std::condition_variable ended_;
  base::Random random_{1};
  std::uint64_t next_ = 0;
  std::uint64_t idle_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t errors_ = 0;
  std::string first_error_;
  Histogram latency_;
};

/// Every transaction left its mark, and no coin was made or lost.
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
  if (changes == 2 * count && coins == 0) return;
  measurement.figures.errors += 1;
  measurement.first_error = fmt::format("{} changes of items instead of {}, {} coins instead of 0",
                                        changes, 2 * count, coins);
}

}  // namespace

Measurement run_transfer(const Options& options) {
  const Running running = start_node(options);
  Measurement ignored;
  if (options.warm_up > 0)
    Transfers(*running.node, options.warm_up, options.concurrency).run(ignored);
  Measurement measurement;
  const Meter meter(running.store);
  Transfers(*running.node, options.count, options.concurrency).run(measurement);
  meter.finish(measurement.figures);
  verify(*running.node, options.count + options.warm_up, measurement);
  running.node->stop(std::chrono::seconds(10));
  return measurement;
}

}  // namespace eventual::bench
