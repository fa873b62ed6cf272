// A workload: what it is called, how much it runs by default, and what it measures.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/histogram.hpp"
#include "bench/machine.hpp"
#include "eventual/error.hpp"
#include "ports/store.hpp"
#include "store/open.hpp"

namespace eventual::bench {

/// What one run was asked to do, with the workload's defaults filled in.
struct Options {
  std::string workload;
  std::uint64_t count = 0;
  std::uint32_t concurrency = 0;
  std::uint64_t warm_up = 0;  ///< executions before the measurement begins
  double rate_per_s = 0;      ///< executions begun per second; 0: a closed loop
  std::string store = "rocksdb";
  std::string folder;  ///< a fresh one, removed at the end
  std::size_t write_buffer_bytes = store::StoreOptions().write_buffer_bytes;
  std::size_t cache_bytes = store::StoreOptions().cache_bytes;
  std::string target;  ///< rpc: "127.0.0.1:8080/path" of another server; empty: its own
};

/// The figures of one measured stretch. Holds no pointer: a child process leaves it in shared
/// memory.
struct Figures {
  std::uint64_t done = 0;    ///< executions that ended with the right result
  std::uint64_t errors = 0;  ///< those that did not
  double elapsed_s = 0;
  Histogram latency;  ///< of an execution
  double cpu_s = 0;
  double peak_rss_mib = 0;
  double disk_written_mib = 0;
  std::uint64_t syncs = 0;
};

struct Measurement {
  Figures figures;
  std::string first_error;
  /// Figures of this workload alone, with their units in their names.
  std::vector<std::pair<std::string, double>> details;
};

struct Workload {
  std::string_view name;
  std::string_view summary;
  std::uint64_t count;
  std::uint32_t concurrency;
  std::uint32_t steps_per_execution;
  bool takes_rate;  ///< can run as an open loop
  /// Throws Error when it cannot run.
  Measurement (*run)(const Options& options);
};

std::span<const Workload> workloads();
const Workload* find_workload(std::string_view name);

/// The store that the options name, in a folder of its own. Throws Error.
std::unique_ptr<ports::Store> open_store(const Options& options);

/// Takes the figures that change while a load runs. `store` may be null.
class Meter {
 public:
  explicit Meter(const ports::Store* store);
  /// Writes what was used since the construction into `figures`.
  void finish(Figures& figures) const;

 private:
  const ports::Store* store_;
  std::uint64_t syncs_before_;
  Usage before_;
};

// raw.cpp
Measurement run_rawlog(const Options& options);
Measurement run_rawput(const Options& options);
// flows.cpp
Measurement run_seq(const Options& options);
Measurement run_seq_pure(const Options& options);
Measurement run_fanout(const Options& options);
Measurement run_start(const Options& options);
// waits.cpp
Measurement run_timers(const Options& options);
Measurement run_signal(const Options& options);
// kills.cpp
Measurement run_sleep(const Options& options);
Measurement run_crash(const Options& options);
// transfers.cpp
Measurement run_transfer(const Options& options);
// payloads.cpp
Measurement run_payload(const Options& options);
// emissions.cpp
Measurement run_events(const Options& options);
// web.cpp
Measurement run_rpc(const Options& options);
Measurement run_mix(const Options& options);
Measurement run_soak(const Options& options);
// histories.cpp
Measurement run_history(const Options& options);
Measurement run_replay(const Options& options);

}  // namespace eventual::bench
