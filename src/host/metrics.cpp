#include "host/metrics.hpp"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "eventual/service.hpp"
#include "model/records.hpp"

namespace eventual::host {
namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

double seconds(Metrics::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

Histogram::BucketBoundaries handler_buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}
Histogram::BucketBoundaries commit_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};
}

using Labels = std::vector<ClientMetric::Label>;

/// Values that are taken at the moment of asking.
class Snapshot {
 public:
  explicit Snapshot(std::vector<MetricFamily> families) : families_(std::move(families)) {}

  void gauge(std::string name, std::string help, double value, Labels labels = {}) {
    add(std::move(name), std::move(help), MetricType::Gauge, value, std::move(labels));
  }
  void counter(std::string name, std::string help, double value, Labels labels = {}) {
    add(std::move(name), std::move(help), MetricType::Counter, value, std::move(labels));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void add(std::string name, std::string help, MetricType type, double value, Labels labels) {
    if (families_.empty() || families_.back().name != name)
      families_.push_back({std::move(name), std::move(help), type, {}});
    ClientMetric metric;
    metric.label = std::move(labels);
    (type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = value;
    families_.back().metric.push_back(std::move(metric));
  }

  std::vector<MetricFamily> families_;
};

/// Resident bytes, or 0 where the system does not tell.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_files() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // ".", ".." and the one that reads
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

void add_process(Snapshot& now, double started_at) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto time = [](const timeval& value) {
    return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_usec) / 1e6;
  };
  now.counter("process_cpu_seconds_total", "Processor time of the process in seconds.",
              time(usage.ru_utime) + time(usage.ru_stime));
  now.gauge("process_resident_memory_bytes", "Memory of the process in bytes.", resident_bytes());
  now.gauge("process_open_fds", "Files and sockets that the process has open.", open_files());
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    now.gauge("process_max_fds", "Files and sockets that it may have open.",
              static_cast<double>(limit.rlim_cur));
  }
  now.gauge("process_start_time_seconds", "When the service started, in seconds since 1970.",
            started_at);
}

}  // namespace

class Metrics::Requests {
 public:
  Requests(Family<Counter>& counts, Histogram& times, std::string endpoint)
      : counts_(counts), times_(times), endpoint_(std::move(endpoint)) {}

  void answered(int status, Clock::duration time) {
    times_.Observe(seconds(time));
    const std::lock_guard lock(mutex_);
    Counter*& count = by_status_[status];
    if (count == nullptr)
      count = &counts_.Add({{"endpoint", endpoint_}, {"status", std::to_string(status)}});
    count->Increment();
  }

 private:
  Family<Counter>& counts_;
  Histogram& times_;
  const std::string endpoint_;
  std::mutex mutex_;
  std::map<int, Counter*> by_status_;
};

class Metrics::Attempts {
 public:
  Attempts(Counter& succeeded, Counter& failed, Histogram& times)
      : succeeded_(succeeded), failed_(failed), times_(times) {}

  void ended(bool succeeded, Clock::duration time) {
    times_.Observe(seconds(time));
    (succeeded ? succeeded_ : failed_).Increment();
  }

 private:
  Counter& succeeded_;
  Counter& failed_;
  Histogram& times_;
};

class Metrics::Impl {
 public:
  prometheus::Registry registry;
  Family<Counter>& request_counts = prometheus::BuildCounter()
                                        .Name("eventual_http_requests_total")
                                        .Help("Requests of commands and routes, by their answer.")
                                        .Register(registry);
  Family<Histogram>& request_times = prometheus::BuildHistogram()
                                         .Name("eventual_http_request_duration_seconds")
                                         .Help("From a request's arrival until its answer begins.")
                                         .Register(registry);
  Family<Counter>& attempt_counts = prometheus::BuildCounter()
                                        .Name("eventual_attempts_total")
                                        .Help("Attempts of tasks and deliveries to subscriptions.")
                                        .Register(registry);
  Family<Histogram>& attempt_times = prometheus::BuildHistogram()
                                         .Name("eventual_attempt_duration_seconds")
                                         .Help("How long the handlers of attempts ran.")
                                         .Register(registry);
  Histogram& commit_times =
      prometheus::BuildHistogram()
          .Name("eventual_commit_duration_seconds")
          .Help("From handing a commit of the engine to the store until it is durable.")
          .Register(registry)
          .Add({}, commit_buckets());
  const double started_at =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

  std::mutex mutex;
  std::deque<Requests> requests;
  std::deque<Attempts> attempts;
  std::unordered_map<std::string, Attempts*> attempts_by_task;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics::Requests& Metrics::requests_of(const std::string& endpoint) {
  const std::lock_guard lock(impl_->mutex);
  Histogram& times = impl_->request_times.Add({{"endpoint", endpoint}}, handler_buckets());
  return impl_->requests.emplace_back(impl_->request_counts, times, endpoint);
}

Metrics::Attempts& Metrics::attempts_of(const std::string& task) {
  const std::lock_guard lock(impl_->mutex);
  Attempts*& known = impl_->attempts_by_task[task];
  if (known == nullptr) {
    Counter& succeeded = impl_->attempt_counts.Add({{"task", task}, {"outcome", "succeeded"}});
    Counter& failed = impl_->attempt_counts.Add({{"task", task}, {"outcome", "failed"}});
    Histogram& times = impl_->attempt_times.Add({{"task", task}}, handler_buckets());
    known = &impl_->attempts.emplace_back(succeeded, failed, times);
  }
  return *known;
}

void Metrics::answered(Requests& requests, int status, Clock::duration time) {
  requests.answered(status, time);
}

void Metrics::attempt_ended(Attempts& attempts, bool succeeded, Clock::duration time) {
  attempts.ended(succeeded, time);
}

void Metrics::committed(Clock::duration time) { impl_->commit_times.Observe(seconds(time)); }

std::string Metrics::text(const Now& now) const {
  Snapshot all(impl_->registry.Collect());
  const auto number = [](auto value) { return static_cast<double>(value); };
  all.gauge("eventual_service_info", "Always 1; tells the name of the service.", 1,
            {{"service", now.service}});
  all.gauge("eventual_ready", "1 while the service takes requests, as /_eventual/health says.",
            now.ready ? 1 : 0);
  const engine::Figures& engine = now.engine;
  all.counter("eventual_executions_started_total", "Executions begun, runs and branches included.",
              number(engine.started));
  for (std::size_t i = 0; i < engine.closed_as.size(); ++i) {
    const auto status =
        static_cast<model::Status>(static_cast<std::size_t>(model::Status::succeeded) + i);
    all.counter("eventual_executions_closed_total", "Executions closed, by how they ended.",
                number(engine.closed_as[i]), {{"status", std::string(to_string(status))}});
  }
  all.counter("eventual_executions_parked_total",
              "Times that an execution was parked: its code does not fit its history, or failed.",
              number(engine.parked));
  all.counter("eventual_executions_forgotten_total",
              "Runs removed because they were closed for longer than they are kept.",
              number(engine.forgotten));
  all.gauge("eventual_executions_in_memory", "Executions that are held in memory.",
            number(engine.live));
  all.counter("eventual_turns_total", "Turns of workflow code.", number(engine.turns));
  all.counter("eventual_replays_total", "Executions brought back into memory by replay.",
              number(engine.replays));
  all.gauge("eventual_attempts_in_flight", "Attempts handed out and not ended.",
            number(engine.attempts_in_flight));
  all.gauge("eventual_timers_in_memory", "Timers that are close enough to be held in memory.",
            number(engine.timers_loaded));
  all.gauge("eventual_callers_waiting", "Callers that wait for an execution to close.",
            number(engine.callers_waiting));
  all.gauge("eventual_handler_threads", "Threads for handlers.", number(now.pool.threads));
  all.gauge("eventual_handlers_running", "Handlers that run.", number(now.pool.running));
  all.gauge("eventual_handlers_waiting", "Handlers that wait for something of the engine.",
            number(now.pool.blocked));
  all.gauge("eventual_jobs_waiting", "Requests and attempts that wait for a thread.",
            number(now.pool.waiting));
  all.counter("eventual_store_syncs_total", "Durable commits of the store.",
              number(now.store.syncs));
  all.counter("eventual_store_written_bytes_total", "Bytes handed to the store's log.",
              number(now.store.bytes_written));
  add_process(all, impl_->started_at);
  return all.text();
}

}  // namespace eventual::host
