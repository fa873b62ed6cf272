#include "bench/workload.hpp"

#include <algorithm>
#include <array>

#include "bench/service.hpp"
#include "store/open.hpp"

namespace eventual::bench {
namespace {

constexpr std::array k_workloads = {
    Workload{
        "rawlog",
        "append + fdatasync of 300-byte records, a batch of <concurrency>: the limit of the disk",
        200'000, 128, 1, false, &run_rawlog},
    Workload{"rawput",
             "one put a step through the store port, synced batches of <concurrency>: the limit of "
             "the store",
             200'000, 128, 1, false, &run_rawput},
    Workload{"seq", "executions of 10 tasks, one after the other", 20'000, 128, k_seq_steps, true,
             &run_seq},
    Workload{"seq-pure", "the same with pure tasks", 20'000, 128, k_seq_steps, true, &run_seq_pure},
    Workload{"fanout", "executions of 100 parallel tasks", 2'000, 16, k_fanout_steps, true,
             &run_fanout},
    Workload{"start", "executions without steps", 50'000, 128, 0, true, &run_start},
    Workload{"sleep", "executions that sleep for an hour; then SIGKILL and restart", 20'000, 128, 1,
             true, &run_sleep},
    Workload{"timers", "timers that are due at one instant: how late they fire", 10'000, 128, 1,
             false, &run_timers},
    Workload{"signal", "executions that wait for a signal: from sending it to completion", 5'000, 1,
             1, true, &run_signal},
    Workload{"crash", "all in flight, SIGKILL, restart: until all are complete", 2'000, 2'000,
             k_seq_steps, false, &run_crash},
    Workload{"history",
             "one execution of <count> steps: does a step's cost grow, how long is a cold wake-up",
             100'000, 1, 100'000, false, &run_history},
    Workload{"replay", "one core replays a history of 1,000 steps <count> times", 1'000, 1,
             k_replay_steps, false, &run_replay},
    Workload{"transfer",
             "transactions that move a coin between items of two entities of 1,000 and emit an "
             "event",
             100'000, 128, 1, true, &run_transfer},
    Workload{"events", "events that go to three subscriptions, until all have handled them", 50'000,
             128, k_subscriptions, true, &run_events},
    Workload{"rpc", "a trivial command over HTTP, on <concurrency> connections", 200'000, 64, 1,
             true, &run_rpc},
    Workload{"mix",
             "over HTTP: 70 % commands, 20 % events with three subscriptions, 10 % workflows of 10 "
             "tasks",
             50'000, 64, 1, true, &run_mix},
    Workload{"soak",
             "the mix at a rate (2,000 requests/s) for <count> seconds: memory, disk, compaction "
             "debt",
             600, 64, 1, true, &run_soak},
    Workload{"payload", "values of 1 KB to 16 MB: a step's input and result, a signal, an event",
             500, 4, 1, false, &run_payload},
};

}  // namespace

std::span<const Workload> workloads() { return k_workloads; }

const Workload* find_workload(std::string_view name) {
  const auto found = std::ranges::find(k_workloads, name, &Workload::name);
  return found == k_workloads.end() ? nullptr : &*found;
}

std::unique_ptr<ports::Store> open_store(const Options& options) {
  return store::open_store(options.store, options.folder + "/data",
                           {.write_buffer_bytes = options.write_buffer_bytes,
                            .cache_bytes = options.cache_bytes,
                            .log = {}})
      .value();
}

Meter::Meter(const ports::Store* store)
    : store_(store), syncs_before_(store == nullptr ? 0 : store->figures().syncs) {
  reset_peak_rss();
  before_ = usage_now();
}

void Meter::finish(Figures& figures) const {
  const Usage after = usage_now();
  figures.cpu_s = after.cpu_s - before_.cpu_s;
  figures.disk_written_mib =
      static_cast<double>(after.disk_written_bytes - before_.disk_written_bytes) / (1 << 20);
  figures.peak_rss_mib = bench::peak_rss_mib();
  if (store_ != nullptr) figures.syncs = store_->figures().syncs - syncs_before_;
}

}  // namespace eventual::bench
