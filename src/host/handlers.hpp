// Task attempts and commands as jobs of the worker pool.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/engine.hpp"
#include "eventual/command.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/http.hpp"
#include "gateway/exchange.hpp"
#include "host/awake_clock.hpp"
#include "host/deadlines.hpp"
#include "host/endpoints.hpp"
#include "host/handler_runtime.hpp"
#include "host/mailbox.hpp"
#include "host/metrics.hpp"
#include "host/requests.hpp"
#include "host/store_reads.hpp"
#include "host/transactions.hpp"
#include "host/worker_pool.hpp"
#include "ports/call_marker.hpp"

namespace eventual::host {

struct HandlersOptions {
  ServiceInfo service;
  engine::LogSink log;
  // shared: threads whose handlers do not end in time go on marking.
  std::shared_ptr<ports::CallMarker> marker;
  std::function<std::shared_ptr<void>()> thread_scope;
  WorkerPoolOptions workers;
  std::size_t requests_max = 0;  ///< of the mailbox
  std::size_t payload_bytes_max = base::k_payload_limit_default;
  // shared: as the marker.
  std::shared_ptr<const ports::TokenSigner> tokens;
  ports::Store* store = nullptr;  ///< lives until close_store()
};

/// Everything that a running handler stands on. Threads of the pool share it, so that one whose
/// handler never ends keeps it.
class Handlers : public std::enable_shared_from_this<Handlers> {
 public:
  static std::shared_ptr<Handlers> create(const detail::Declarations& declarations,
                                          HandlersOptions options);
  ~Handlers();
  Handlers(const Handlers&) = delete;
  Handlers& operator=(const Handlers&) = delete;

  Mailbox& mailbox() noexcept { return *mailbox_; }
  Requests& requests() noexcept { return requests_; }
  WorkerPool& pool() noexcept { return *pool_; }
  const engine::LogSink& log() const noexcept { return host_.log; }
  AwakeClock& clock() noexcept { return clock_; }
  Metrics& metrics() noexcept { return metrics_; }

  /// Runs them; each result is posted to the mailbox. While draining, those that a restart takes up
  /// are left out.
  Result<void> submit(std::vector<engine::Attempt> attempts);
  /// Runs them; what becomes of each is posted to the mailbox, or found out by the next start.
  void submit(std::vector<engine::StoreCall> calls);
  /// Asks a running attempt to stop.
  void stop(const engine::StopAttempt& attempt);

  /// Answers once: with what middleware and handler say, 429 or 503 when the service is too busy,
  /// 503 when the time of the request is over before it is answered.
  void invoke(const detail::CommandDefinition& command, http::Request request,
              gateway::Exchange exchange);
  void invoke(const detail::RouteDefinition& route, http::Request request,
              gateway::Exchange exchange);

  /// Asks all running attempts to stop; new ones that a restart takes up do not begin, and failures
  /// of such are not recorded.
  void drain();
  /// Waits for the handlers; see WorkerPool::stop.
  bool stop_pool(Duration grace);
  /// Handlers that still run read no more.
  void close_store() { reads_.close(); }

 private:
  class AttemptJob;
  class RequestJob;
  class FunctionJob;
  struct ThreadState;

  Handlers(const detail::Declarations& declarations, HandlersOptions options);
  void run_attempt(engine::Attempt attempt);
  void invoke(Endpoint& endpoint, http::Request request, gateway::Exchange exchange);
  /// Whether it was noted as stopped; forgets the note.
  template <class Attempt>
  bool was_stopped(const Attempt& attempt);
  static ThreadState*& thread_state() noexcept;

  const detail::Declarations& declarations_;
  Metrics metrics_;
  std::unordered_map<const detail::TaskDefinition*, Metrics::Attempts*> attempt_metrics_;
  const Endpoints endpoints_;
  std::shared_ptr<Mailbox> mailbox_;  // shared with requests_, which callbacks reach
  std::shared_ptr<const ports::TokenSigner> tokens_;
  Requests requests_;
  ServiceInfo service_;
  std::shared_ptr<ports::CallMarker> marker_;
  AwakeClock clock_;
  HandlerHost host_;
  StoreReads reads_;
  Transactions transactions_;
  std::atomic<bool> draining_{false};
  // Asked to stop while no thread ran them: they may wait for one.
  std::mutex stops_mutex_;
  std::deque<engine::StopAttempt> stops_;
  std::atomic<bool> has_stops_{false};
  std::mutex threads_mutex_;
  std::list<ThreadState*> threads_;
  Deadlines deadlines_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace eventual::host
