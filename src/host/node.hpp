// One engine with its store, its threads and its handlers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.hpp"
#include "eventual/command.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/http.hpp"
#include "gateway/exchange.hpp"
#include "host/committer.hpp"
#include "host/event_puller.hpp"
#include "host/handlers.hpp"
#include "host/worker_pool.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"

namespace eventual::host {

class CrashMarks;
class TurnWatch;

struct NodeOptions {
  engine::Options engine = {};  ///< its seed is drawn from the system unless `seed` is given
  std::optional<std::uint64_t> seed = {};
  WorkerPoolOptions workers = {};
  ServiceInfo service = {};       ///< an empty name: that of the declarations
  std::string crashes_file = {};  ///< where calls that crash the process are marked; empty: nowhere
  engine::LogSink log = {};       ///< any thread; absent: silent
  std::size_t requests_waiting_max = 100'000;  ///< for the engine's thread; beyond: LimitExceeded
  std::size_t batch_messages_max = 4096;  ///< taken into one commit; more raises latency under load
};

/// Runs a service's engine on a store. `start`ed it runs until `stop`.
///
/// Two threads drive the engine: one feeds it and performs effects, one writes while the first goes
/// on. What arrives while nothing is on its way is written at once, without a change of threads.
/// Effects come after the commit, always.
class Node final : public ports::Operations {
 public:
  /// Takes up what the store holds and begins. `declarations` must outlive the node, and the
  /// process where a handler does not end in time. Fails as the store or the file of crash marks
  /// do.
  static Result<std::unique_ptr<Node>> start(const detail::Declarations& declarations,
                                             std::unique_ptr<ports::Store> store,
                                             NodeOptions options);
  ~Node() override;  ///< stop(0), and waits for workflow code that has not given back
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Begins to stop: running attempts are asked to, those that a restart takes up do not begin any
  /// more, and nobody waits for results. Everything else goes on. Any thread.
  void drain();
  /// drain(), then waits at most `grace` for handlers, commits what there is and closes the store.
  /// Blocks. False when handlers were still running: their threads are left to themselves, what
  /// they give is ignored and the next start takes it up. False, too, when workflow code did not
  /// give back in that time: then the node still runs it, and its destruction waits for it. Lists,
  /// histories and health must not be asked for at the same time.
  bool stop(Duration grace);

  /// Answers `request` with what the middleware and the handler of a command or route make of it,
  /// once, on some thread. Any thread; does not block.
  void invoke(const detail::CommandDefinition& command, http::Request request,
              gateway::Exchange exchange);
  void invoke(const detail::RouteDefinition& route, http::Request request,
              gateway::Exchange exchange);

  // ports::Operations. Refusals are answered on the caller's thread.
  void start(ports::StartRequest request, ports::Callback<ports::StartReply> done) override;
  void signal(ports::SignalRequest request, ports::Callback<bool> done) override;
  void update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done) override;
  void published(ports::ExecutionRef execution, ports::Callback<std::string> done) override;
  void describe(ports::ExecutionRef execution, ports::Callback<ports::ExecutionView> done) override;
  void wait_closed(ports::ExecutionRef execution, Duration wait,
                   ports::Callback<ports::ExecutionView> done) override;
  void cancel(ports::ExecutionRef execution, ports::Callback<bool> done) override;
  void terminate(ports::ExecutionRef execution, std::string reason,
                 ports::Callback<bool> done) override;
  void pause(ports::ExecutionRef execution, std::string reason,
             ports::Callback<bool> done) override;
  void resume(ports::ExecutionRef execution, ports::Callback<bool> done) override;
  void retry(ports::ExecutionRef execution, ports::Callback<ports::StartReply> done) override;
  void fork(ports::ForkRequest request, ports::Callback<ports::StartReply> done) override;
  void schedules(std::string name, ports::Callback<std::vector<ports::ScheduleView>> done) override;
  void act_on_schedule(ports::ScheduleAct act, ports::Callback<ports::ScheduleReply> done) override;
  void tell_attempt(detail::AttemptNews news, ports::Callback<bool> done) override;
  void transact(ports::TransactionRequest request, ports::Callback<std::string> done) override;
  void entity(ports::EntityOperation operation, ports::Callback<std::string> done) override;
  void emit(ports::EmitRequest request, ports::Callback<ports::EmitReply> done) override;
  void read_events(ports::EventsRequest request, ports::Callback<ports::EventsReply> done) override;
  void receive_events(ports::ReceiveRequest request, ports::Callback<bool> done) override;
  void source_position(std::string url, ports::Callback<ports::SourcePosition> done) override;
  void dead_letters(ports::DeadLettersRequest request,
                    ports::Callback<ports::DeadLettersReply> done) override;
  void act_on_dead_letters(ports::DeadLetterAct act,
                           ports::Callback<ports::DeadLetterActReply> done) override;
  void subscriptions(ports::Callback<std::vector<ports::SubscriptionView>> done) override;
  Result<ports::ListReply> list(const ports::ListRequest& request) override;
  Result<ports::HistoryReply> history(const ports::HistoryRequest& request) override;
  Result<std::string> export_history(const ports::HistoryRequest& request) override;
  Result<ports::BackupReply> backup(const std::string& folder) override;
  Result<ports::ImportReply> import_history(const ports::ImportRequest& request) override;
  ports::Health health() override;

  /// Prometheus' text. As health(), not while it stops.
  std::string metrics();

  engine::Figures figures() const;
  ports::StoreFigures store_figures() const;

 private:
  Node(const detail::Declarations& declarations, std::unique_ptr<ports::Store> store,
       NodeOptions options, std::shared_ptr<CrashMarks> marks,
       std::shared_ptr<const ports::TokenSigner> tokens);

  void run_engine();
  /// Whether the engine's thread has ended by `deadline`; it may take longer as long as no
  /// workflow code holds it up.
  bool await_engine(std::chrono::steady_clock::time_point deadline);
  void finish();
  void take_input();
  void note_stops();
  void feed(Message& message, Timestamp now);
  /// Whether more may be fed before the next output is taken.
  bool has_room() const;
  bool refuse(Message& message);
  /// Makes the engine's output durable or hands it on; false when there is none or another one is
  /// on its way.
  bool push_output();
  /// Whether what waits is taken in before the next write.
  bool gathers() const;
  void note_written();
  void perform(engine::Output output);
  void publish_figures();
  void sleep();

  const detail::Declarations& declarations_;
  const NodeOptions options_;
  std::unique_ptr<ports::Store> store_;
  std::shared_ptr<CrashMarks>
      marks_;  // shared: threads whose handlers do not end in time go on marking
  std::unique_ptr<TurnWatch> watch_;
  std::shared_ptr<Handlers> handlers_;  // shared: see there
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Committer> committer_;

  // the engine's thread
  std::vector<Message> inbox_;
  std::size_t inbox_next_ = 0;
  std::size_t fed_messages_ = 0;
  std::size_t fed_bytes_ = 0;
  Duration stood_still_{0};
  std::chrono::steady_clock::time_point write_start_{};
  std::chrono::steady_clock::duration write_time_{0};    // of late
  std::chrono::steady_clock::duration prepare_time_{0};  // of what is not yet written

  std::atomic<bool> stopping_{false};  // handlers are done: commit and end
  std::atomic<bool> draining_{false};
  mutable std::mutex figures_mutex_;
  engine::Figures figures_;
  std::mutex stop_mutex_;
  bool stop_begun_ = false;
  bool handlers_ended_ = false;
  bool stopped_ = false;
  bool stopped_cleanly_ = false;
  std::promise<void> engine_ended_;
  const std::future<void> engine_end_ = engine_ended_.get_future();
  std::thread thread_;
  std::vector<std::unique_ptr<EventPuller>> pullers_;
};

}  // namespace eventual::host
