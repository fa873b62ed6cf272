// eventual-bench: one workload, measured.
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/workload.hpp"
#include "eventual/json.hpp"

namespace eventual::bench {
namespace {

struct CommandLine {
  std::string workload;
  std::optional<std::uint64_t> count;
  std::optional<std::uint32_t> concurrency;
  std::optional<std::uint64_t> warm_up;
  std::string store = "rocksdb";
  std::string dir;
  double rate_per_s = 0;
  std::string target;
  bool json = false;
};

/// A fresh folder; removed with its content.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& dir)
      : parent_(dir.empty() ? ".eventual-bench" : dir), made_parent_(dir.empty()) {
    path_ = parent_ / fmt::format("bench-{}", ::getpid());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~WorkFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    if (made_parent_) std::filesystem::remove(parent_, error);  // unless another run uses it
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path parent_;
  bool made_parent_;
  std::filesystem::path path_;
};

double rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  return std::round(value * scale) / scale;
}

std::string footer() {
  std::string text = "Workloads:\n";
  for (const Workload& workload : workloads()) {
    text += fmt::format("  {:9} {} (--count {} --concurrency {})\n", workload.name,
                        workload.summary, workload.count, workload.concurrency);
  }
  text +=
      "\nExamples:\n"
      "  eventual-bench seq --count 20000 --concurrency 128\n"
      "  eventual-bench seq --concurrency 1 --count 500 --json | tail -n 1 | jq .latency_ms\n"
      "  eventual-bench fanout --store memory\n"
      "  eventual-bench rpc --rate 10000 --count 100000\n"
      "  eventual-bench rawlog --dir /var/lib/bench\n";
  return text;
}

Json to_json(const Options& options, const Workload& workload, const Measurement& measurement,
             bool durable, const SyncTimes& syncs) {
  const Figures& figures = measurement.figures;
  const std::uint32_t steps = workload.name == "history" ? static_cast<std::uint32_t>(options.count)
                                                         : workload.steps_per_execution;
  const double per_s =
      figures.elapsed_s > 0 ? static_cast<double>(figures.done) / figures.elapsed_s : 0;
  return Json::object({
      {"workload", options.workload},
      {"count", options.count},
      {"concurrency", options.concurrency},
      {"steps_per_execution", steps},
      {"done", figures.done},
      {"errors", figures.errors},
      {"elapsed_s", rounded(figures.elapsed_s, 4)},
      {"executions_per_s", rounded(per_s, 1)},
      {"steps_per_s", rounded(per_s * steps, 1)},
      {"latency_ms", Json::object({{"p50", rounded(figures.latency.percentile_ms(0.5), 3)},
                                   {"p90", rounded(figures.latency.percentile_ms(0.9), 3)},
                                   {"p99", rounded(figures.latency.percentile_ms(0.99), 3)},
                                   {"max", rounded(figures.latency.max_ms(), 3)}})},
      {"cpu_s", rounded(figures.cpu_s, 3)},
      {"peak_rss_mib", rounded(figures.peak_rss_mib, 1)},
      {"disk_written_mib", rounded(figures.disk_written_mib, 2)},
      {"syncs", figures.syncs},
      {"store", workload.name == "rawlog" ? std::string("file") : options.store},
      {"durable", durable},
      {"fsync_us",
       Json::object({{"p50", rounded(syncs.p50_us, 1)}, {"p99", rounded(syncs.p99_us, 1)}})},
  });
}

std::string shown(const Json& value) {
  if (value.type() == Json::Type::string) return value.as_string();
  if (value.type() == Json::Type::number) return fmt::format("{:.10g}", value.as_double());
  if (value.type() != Json::Type::object) return value.dump();
  std::string text;
  for (const auto& [name, member] : value.as_object()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "   ", name, shown(member));
  }
  return text;
}

void print_table(const Json& report, const Json& details) {
  const auto print = [](const std::string& name, const Json& value) {
    fmt::print("{:<22} {}\n", name, shown(value));
  };
  for (const auto& [name, value] : report.as_object()) print(name, value);
  for (const auto& [name, value] : details.as_object()) print(name, value);
}

int run(const CommandLine& asked) {
  const Workload& workload = *find_workload(asked.workload);
  const WorkFolder folder(asked.dir);
  Options options;
  options.workload = asked.workload;
  options.count = asked.count.value_or(workload.count);
  options.concurrency = asked.concurrency.value_or(workload.concurrency);
  options.warm_up = asked.warm_up.value_or(
      std::min<std::uint64_t>(options.count / 10, 4 * std::uint64_t{options.concurrency} + 50));
  options.store = asked.store;
  options.folder = folder.path();
  options.rate_per_s = asked.rate_per_s;
  options.target = asked.target;
  if (options.rate_per_s > 0 && !workload.takes_rate) {
    throw Error(std::string(error_names::k_invalid_input),
                fmt::format("{} runs at no rate", workload.name));
  }

  const bool on_disk = is_on_disk(options.folder);
  if (!on_disk)
    fmt::print(stderr, "eventual-bench: {} is in memory: nothing here is durable\n",
               options.folder);
  const bool durable = on_disk && (options.store == "rocksdb" || workload.name == "rawlog");
  const SyncTimes syncs = measure_syncs(options.folder).value();

  const Measurement measurement = workload.run(options);
  const Json report = to_json(options, workload, measurement, durable, syncs);
  Json details = Json::object();
  for (const auto& [name, value] : measurement.details) details.set(name, rounded(value, 3));
  if (!measurement.first_error.empty()) {
    fmt::print(stderr, "eventual-bench: {} errors, the first: {}\n", measurement.figures.errors,
               measurement.first_error);
  }
  if (asked.json) {
    if (details.size() > 0) fmt::print("{}\n", Json::object({{"details", details}}).dump());
    fmt::print("{}\n", report.dump());
  } else {
    print_table(report, details);
  }
  return measurement.figures.errors == 0 ? 0 : 1;
}

int run_command_line(int argc, char** argv) {
  CLI::App app("Measures durable executions: latency, throughput, and what they cost.",
               "eventual-bench");
  CommandLine asked;
  std::vector<std::string> names;
  for (const Workload& workload : workloads()) names.emplace_back(workload.name);
  app.add_option("workload", asked.workload, "what to run, see below")
      ->required()
      ->check(CLI::IsMember(names));
  app.add_option("--count", asked.count,
                 "executions (rawlog, rawput: records; history: steps; soak: seconds)")
      ->check(CLI::PositiveNumber);
  app.add_option("--concurrency", asked.concurrency, "executions in flight")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", asked.rate_per_s,
                 "executions or requests begun per second, whatever becomes of those before: "
                 "latencies count from when each was due (default: each follows another's end)")
      ->check(CLI::PositiveNumber);
  app.add_option("--target", asked.target, "rpc: ask this server instead, GET 127.0.0.1:8080/path");
  app.add_option("--warm-up", asked.warm_up, "executions before the measurement begins")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--store", asked.store, "where they are kept")
      ->check(CLI::IsMember({"rocksdb", "memory"}))
      ->capture_default_str();
  app.add_option("--dir", asked.dir,
                 "a folder on the disk to measure; what is written there is removed at the end "
                 "(default: .eventual-bench in the current folder)");
  app.add_flag("--json", asked.json, "one JSON object as the last line on standard output");
  app.footer(footer());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return run(asked);
  } catch (const std::exception& error) {
    fmt::print(stderr, "eventual-bench: {}\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace eventual::bench

int main(int argc, char** argv) { return eventual::bench::run_command_line(argc, argv); }
