// What comes over HTTP: commands alone, and commands with events and workflows, for a while or for
// long.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/http_load.hpp"
#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"
#include "gateway/gateway.hpp"
#include "host/routes.hpp"
#include "store/rocksdb/rocksdb_store.hpp"

namespace eventual::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// A service that answers on a free port, in this process.
struct Serving {
  explicit Serving(const Options& options, const engine::Options& engine = {})
      : running(start_node(options, engine)) {
    gateway::GatewayOptions gateway_options;
    gateway_options.server.listen = "127.0.0.1:0";
    gateway = gateway::Gateway::start(std::move(gateway_options), *running.node,
                                      host::command_routes(*running.node, declarations()))
                  .value();
  }
  void stop() {
    gateway->stop(10s);
    running.node->stop(10s);
  }

  Running running;
  std::unique_ptr<gateway::Gateway> gateway;
};

HttpPlan hello_plan(const Options& options) {
  HttpPlan plan;
  plan.drive = drive_plan(options);
  plan.write = [](std::uint64_t index, std::string& request) {
    append_post(request, "/rpc/hello", payload_json(index));
  };
  plan.correct = [](std::uint64_t index, int status, std::string_view body) {
    return status == 200 && body == payload_json(index);
  };
  return plan;
}

/// Asks another server for one page: what a server without a service gives on this machine.
HttpPlan foreign_plan(const Options& options) {
  const std::string& target = options.target;
  const std::size_t colon = target.find(':');
  const std::size_t slash = std::min(target.find('/'), target.size());
  HttpPlan plan;
  plan.drive = drive_plan(options);
  plan.address = target.substr(0, colon);
  if (colon == std::string::npos || colon > slash ||
      std::from_chars(target.data() + colon + 1, target.data() + slash, plan.port).ec !=
          std::errc()) {
    throw Error(std::string(error_names::k_invalid_input),
                "--target must be like 127.0.0.1:8080/path");
  }
  const std::string path = slash == target.size() ? "/" : target.substr(slash);
  plan.write = [path](std::uint64_t, std::string& request) {
    fmt::format_to(std::back_inserter(request), "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
  };
  plan.correct = [](std::uint64_t, int status, std::string_view) { return status == 200; };
  return plan;
}

void warm_up(HttpPlan plan, const Options& options) {
  if (options.warm_up == 0) return;
  plan.drive.first = plan.drive.count;
  plan.drive.count = options.warm_up;
  Measurement ignored;
  run_http(plan, ignored);
  if (ignored.figures.errors > 0) throw Error("WarmUp", ignored.first_error);
}

// --- the mix: of ten requests seven are commands, two emit an event, one starts a workflow ---

enum class Kind : std::uint8_t { command, event, workflow };

Kind kind_of(std::uint64_t index) {
  if (index % 10 == 9) return Kind::workflow;
  return index % 10 == 3 || index % 10 == 6 ? Kind::event : Kind::command;
}

struct MixCounts {
  std::uint64_t events = 0;
  std::uint64_t workflows = 0;
};

MixCounts counts_of(std::uint64_t requests) {
  MixCounts counts{requests / 10 * 2, requests / 10};
  for (std::uint64_t index = requests / 10 * 10; index < requests; ++index)
    counts.events += kind_of(index) == Kind::event ? 1 : 0;
  return counts;
}

HttpPlan mix_plan(const Options& options) {
  HttpPlan plan = hello_plan(options);
  plan.write = [](std::uint64_t index, std::string& request) {
    const std::string payload = payload_json(index);
    switch (kind_of(index)) {
      case Kind::command:
        return append_post(request, "/rpc/hello", payload);
      case Kind::event:
        return append_post(
            request, "/_eventual/events",
            fmt::format(R"({{"name":"{}","payload":{}}})", names::k_happened, payload));
      case Kind::workflow:
        return append_post(request, fmt::format("/_eventual/workflows/{}/executions", names::k_seq),
                           fmt::format(R"({{"name":"{}","input":{}}})", index, payload));
    }
  };
  plan.correct = [](std::uint64_t index, int status, std::string_view body) {
    const Kind kind = kind_of(index);
    if (kind == Kind::command) return status == 200 && body == payload_json(index);
    return status == (kind == Kind::workflow ? 201 : 200);
  };
  return plan;
}

/// Until all that the mix has begun has ended. False when it does not within two minutes.
bool ended(const host::Node& node, const std::atomic<std::uint64_t>& deliveries,
           const MixCounts& counts) {
  const auto until = steady_clock::now() + 120s;
  for (;;) {
    const engine::Figures figures = node.figures();
    if (figures.closed >= counts.workflows && deliveries.load() >= k_subscriptions * counts.events)
      return true;
    if (steady_clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
}

/// Each workflow of the mix has the result that it must have.
void verify_workflows(host::Node& node, std::uint64_t requests, Measurement& measurement) {
  for (std::uint64_t index = 0; index < requests; ++index) {
    if (kind_of(index) != Kind::workflow) continue;
    const auto view = wait_for<ports::ExecutionView>([&](auto done) {
      node.describe({std::string(names::k_seq), fmt::format("{}", index), 0}, std::move(done));
    });
    if (view.status == "succeeded" && view.result_json == payload_json(index)) continue;
    ++measurement.figures.errors;
    if (measurement.first_error.empty())
      measurement.first_error = fmt::format("{} is {}", view.execution.id(), view.status);
  }
}

/// Runs the mix and waits for what it began; returns when that had ended.
void run_mix_of(const Options& options, const Serving& serving,
                const std::atomic<std::uint64_t>& deliveries, Measurement& measurement) {
  HttpPlan plan = mix_plan(options);
  plan.port = serving.gateway->bound_port();
  const auto began = steady_clock::now();
  run_http(plan, measurement);
  const MixCounts counts = counts_of(options.count);
  if (measurement.figures.errors == 0 && !ended(*serving.running.node, deliveries, counts)) {
    ++measurement.figures.errors;
    measurement.first_error = fmt::format("{} of {} deliveries, {} of {} workflows have ended",
                                          deliveries.load(), k_subscriptions * counts.events,
                                          serving.running.node->figures().closed, counts.workflows);
  }
  measurement.figures.elapsed_s =
      std::chrono::duration<double>(steady_clock::now() - began).count();
}

std::shared_ptr<std::atomic<std::uint64_t>> count_deliveries() {
  auto deliveries = std::make_shared<std::atomic<std::uint64_t>>(0);  // shared with the handlers
  g_on_delivery = [deliveries](std::uint64_t) { deliveries->fetch_add(1); };
  return deliveries;
}

// --- the soak: what a process uses over time ---

struct Sample {
  double memory_mib;
  double store_mib;  // what the store's buffers and cache hold of it
  double disk_mib;
  double debt_mib;
};

/// Looks at the process in even intervals, on a thread of its own.
class Sampler {
 public:
  Sampler(const ports::Store& store, std::string folder, std::chrono::milliseconds interval)
      : store_(store), folder_(std::move(folder)), thread_([this, interval] { run(interval); }) {}
  ~Sampler() { finish(); }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  std::vector<Sample> finish() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    ended_.notify_all();
    if (thread_.joinable()) thread_.join();
    return samples_;
  }

 private:
  void run(std::chrono::milliseconds interval) {
    constexpr double k_mib = 1 << 20;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, interval, [&] { return ending_; })) {
      lock.unlock();
      const store::RocksdbFigures rocksdb = store::rocksdb_figures(store_);
      const std::uint64_t stored =
          rocksdb.write_buffer_bytes + rocksdb.cache_bytes + rocksdb.open_file_bytes;
      const Sample sample{rss_mib(), static_cast<double>(stored) / k_mib,
                          static_cast<double>(folder_bytes(folder_)) / k_mib,
                          static_cast<double>(rocksdb.compaction_debt_bytes) / k_mib};
      lock.lock();
      samples_.push_back(sample);
    }
  }

  const ports::Store& store_;
  const std::string folder_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::vector<Sample> samples_;
  std::thread thread_;
};

/// The mean of a stretch of the samples; its ends are fractions of them all.
double mean(const std::vector<Sample>& samples, double Sample::* member, double from, double to) {
  const auto size = static_cast<double>(samples.size());
  const auto first = static_cast<std::size_t>(size * from);
  const auto last =
      std::min(samples.size(), std::max(static_cast<std::size_t>(size * to), first + 1));
  if (first >= last) return 0;
  double sum = 0;
  for (std::size_t i = first; i < last; ++i) sum += samples[i].*member;
  return sum / static_cast<double>(last - first);
}

double most(const std::vector<Sample>& samples, double Sample::* member) {
  double value = 0;
  for (const Sample& sample : samples) value = std::max(value, sample.*member);
  return value;
}

}  // namespace

Measurement run_rpc(const Options& options) {
  Measurement measurement;
  if (!options.target.empty()) {
    const HttpPlan plan = foreign_plan(options);
    warm_up(plan, options);
    const Meter meter(nullptr);
    run_http(plan, measurement);
    meter.finish(measurement.figures);
    return measurement;
  }
  Serving serving(options);
  HttpPlan plan = hello_plan(options);
  plan.port = serving.gateway->bound_port();
  warm_up(plan, options);
  const Meter meter(serving.running.store);
  run_http(plan, measurement);
  meter.finish(measurement.figures);
  serving.stop();
  return measurement;
}

Measurement run_mix(const Options& options) {
  const auto deliveries = count_deliveries();
  Serving serving(options);
  HttpPlan warming = hello_plan(options);
  warming.port = serving.gateway->bound_port();
  warm_up(warming, options);
  Measurement measurement;
  const Meter meter(serving.running.store);
  run_mix_of(options, serving, *deliveries, measurement);
  meter.finish(measurement.figures);
  verify_workflows(*serving.running.node, options.count, measurement);
  serving.stop();
  return measurement;
}

Measurement run_soak(const Options& options) {
  constexpr double k_rate_per_s = 2'000;
  const std::uint64_t seconds = options.count;
  Options mix = options;
  if (mix.rate_per_s <= 0) mix.rate_per_s = k_rate_per_s;
  // Small ones fill soon: what grows then is not the store's, which would fill its cache for an
  // hour.
  mix.write_buffer_bytes = 24U << 20;
  mix.cache_bytes = 8U << 20;
  mix.count = static_cast<std::uint64_t>(mix.rate_per_s * static_cast<double>(seconds));

  engine::Options engine;  // a tenth of the time is kept: the rest of it must hold no more
  engine.retention = Duration(seconds * 100);
  engine.events_kept = engine.retention;
  engine.event_ids_kept = engine.retention;
  const auto deliveries = count_deliveries();
  Serving serving(mix, engine);
  Measurement measurement;
  const Meter meter(serving.running.store);
  Sampler sampler(*serving.running.store, options.folder + "/data",
                  std::clamp<std::chrono::milliseconds>(seconds * 1s / 200, 20ms, 1s));
  run_mix_of(mix, serving, *deliveries, measurement);
  const std::vector<Sample> samples = sampler.finish();
  meter.finish(measurement.figures);
  const engine::Figures figures = serving.running.node->figures();
  serving.stop();

  const auto growth = [&](double Sample::* member) {
    return mean(samples, member, 0.9, 1) / std::max(0.001, mean(samples, member, 0.4, 0.5));
  };
  measurement.details = {{"requests", static_cast<double>(mix.count)},
                         {"rate_per_s", mix.rate_per_s},
                         {"retention_s", static_cast<double>(engine.retention / 1s)},
                         {"executions_closed", static_cast<double>(figures.closed)},
                         {"executions_forgotten", static_cast<double>(figures.forgotten)},
                         {"memory_growth", growth(&Sample::memory_mib)},
                         {"disk_growth", growth(&Sample::disk_mib)},
                         {"store_mib_max", most(samples, &Sample::store_mib)},
                         {"memory_mib_max", most(samples, &Sample::memory_mib)},
                         {"disk_mib_max", most(samples, &Sample::disk_mib)},
                         {"compaction_debt_mib_max", most(samples, &Sample::debt_mib)}};
  for (int tenth = 1; tenth <= 10; ++tenth) {
    const double from = (tenth - 1) / 10.0;
    const double to = tenth / 10.0;
    measurement.details.emplace_back(fmt::format("memory_mib_{}", tenth),
                                     mean(samples, &Sample::memory_mib, from, to));
    measurement.details.emplace_back(fmt::format("store_mib_{}", tenth),
                                     mean(samples, &Sample::store_mib, from, to));
    measurement.details.emplace_back(fmt::format("disk_mib_{}", tenth),
                                     mean(samples, &Sample::disk_mib, from, to));
  }
  return measurement;
}

}  // namespace eventual::bench
