#include "host/node.hpp"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>

#include "base/limits.hpp"
#include "base/thread_name.hpp"
#include "host/crash_marks.hpp"
#include "host/random.hpp"
#include "host/tokens.hpp"
#include "host/turn_watch.hpp"
#include "store/backup.hpp"

namespace eventual::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// How long the engine's thread looks for mail before it sleeps: waking it costs about as much.
constexpr std::chrono::microseconds k_spin{30};
/// The longest sleep: the wall clock may be set forward meanwhile.
constexpr Duration k_sleep_most{1000};
/// What one tick of the engine's timers counts for in a batch.
constexpr std::size_t k_tick_messages = 1000;
/// How long a stop waits for a store that refuses writes, and for handlers that have just lost what
/// they waited for.
constexpr Duration k_last_grace{500};

/// A stall of the disk must not hold up the next write.
constexpr std::chrono::milliseconds k_gather_most{5};

Timestamp wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Error stopped() {
  return Error(std::string(error_names::k_unavailable), "the service has stopped");
}

}  // namespace

Node::Node(const detail::Declarations& declarations, std::unique_ptr<ports::Store> store,
           NodeOptions options, std::shared_ptr<CrashMarks> marks,
           std::shared_ptr<const ports::TokenSigner> tokens)
    : declarations_(declarations),
      options_(std::move(options)),
      store_(std::move(store)),
      marks_(std::move(marks)) {
  HandlersOptions handlers;
  handlers.service = options_.service;
  handlers.log = options_.log;
  handlers.marker = marks_;
  handlers.tokens = std::move(tokens);
  if (marks_ != nullptr) handlers.thread_scope = [] { return CrashMarks::protect_thread(); };
  handlers.workers = options_.workers;
  handlers.requests_max = options_.requests_waiting_max;
  handlers.payload_bytes_max = options_.engine.payload_bytes_max;
  handlers.store = store_.get();
  handlers_ = Handlers::create(declarations_, std::move(handlers));
  engine::Options engine_options = options_.engine;
  engine_options.seed = options_.seed.value_or(system_random_u64());
  watch_ = std::make_unique<TurnWatch>(marks_, options_.log);
  engine_ = std::make_unique<engine::Engine>(declarations_, *store_, watch_.get(), engine_options,
                                             options_.log);
}

Result<std::unique_ptr<Node>> Node::start(const detail::Declarations& declarations,
                                          std::unique_ptr<ports::Store> store,
                                          NodeOptions options) {
  if (!options.log) options.log = [](LogLevel, std::string_view, std::string_view) {};
  if (options.service.name.empty()) options.service.name = declarations.name();
  std::shared_ptr<CrashMarks> marks;
  if (!options.crashes_file.empty()) {
    auto opened = CrashMarks::open(options.crashes_file);
    if (!opened) return opened.error();
    marks = std::move(*opened);
  }
  auto tokens = Tokens::open(*store);
  if (!tokens) return tokens.error();
  std::unique_ptr<Node> node(new Node(declarations, std::move(store), std::move(options),
                                      std::move(marks), std::move(*tokens)));
  {
    // Recovery runs workflow code.
    const std::shared_ptr<void> scope =
        node->marks_ != nullptr ? CrashMarks::protect_thread() : nullptr;
    if (const Result<void> recovered = node->engine_->recover(wall_clock()); !recovered)
      return recovered.error();
    node->publish_figures();
  }
  node->committer_ =
      std::make_unique<Committer>(*node->store_, node->options_.log,
                                  [handlers = node->handlers_] { handlers->mailbox().wake(); });
  node->thread_ = std::thread([raw = node.get()] {
    raw->run_engine();
    raw->engine_ended_.set_value();
  });
  for (const detail::EventSourceDefinition& source : declarations.event_sources()) {
    node->pullers_.push_back(
        std::make_unique<EventPuller>(source, node->handlers_->requests(), node->options_.log));
  }
  return node;
}

Node::~Node() {
  stop(Duration(0));
  const std::lock_guard lock(stop_mutex_);
  if (!stopped_) finish();
}

void Node::drain() {
  draining_.store(true);
  handlers_->drain();
}

bool Node::stop(Duration grace) {
  const std::lock_guard lock(stop_mutex_);
  if (stopped_) return stopped_cleanly_;
  if (!thread_.joinable()) {  // it never began
    stopped_ = true;
    handlers_->stop_pool(Duration(0));
    return stopped_cleanly_ = true;
  }
  const SteadyClock::time_point deadline = SteadyClock::now() + grace;
  if (!std::exchange(stop_begun_, true)) {
    drain();
    pullers_.clear();
    handlers_ended_ = handlers_->stop_pool(grace);
    handlers_->mailbox().close();
    stopping_.store(true);
    handlers_->mailbox().wake();
  }
  if (!await_engine(deadline + k_last_grace)) {
    options_.log(LogLevel::error, watch_->execution(),
                 "its workflow code does not give back: the service stops without it. What is "
                 "committed stays; the next start runs it again");
    return false;
  }
  finish();
  return stopped_cleanly_;
}

bool Node::await_engine(SteadyClock::time_point deadline) {
  const std::future<void>& ended = engine_end_;
  std::uint64_t held_up_by = watch_->running();
  while (ended.wait_until(deadline) != std::future_status::ready) {
    const std::uint64_t runs = watch_->running();
    if (runs != 0 && runs == held_up_by) return false;
    held_up_by = runs;
    deadline = SteadyClock::now() + k_last_grace;
  }
  return true;
}

void Node::finish() {
  thread_.join();
  stopped_ = true;
  handlers_->mailbox().take(inbox_);
  inbox_.clear();
  committer_->end();
  engine_.reset();
  // What still waited for the engine has got Unavailable by now.
  if (!handlers_ended_) handlers_ended_ = handlers_->stop_pool(k_last_grace);
  handlers_->close_store();
  store_.reset();
  stopped_cleanly_ = handlers_ended_;
}

// --- the engine's thread ---

void Node::run_engine() {
  base::name_thread("ev-engine");
  const std::shared_ptr<void> scope = marks_ != nullptr ? CrashMarks::protect_thread() : nullptr;
  Mailbox& mailbox = handlers_->mailbox();
  bool abandoned = false;
  for (;;) {
    if (std::optional<engine::Output> done = committer_->take_done()) {
      note_written();
      perform(std::move(*done));
    }
    take_input();
    if (push_output()) continue;
    if (has_room() && (inbox_next_ < inbox_.size() || !mailbox.empty())) continue;
    if (!stopping_.load()) {
      sleep();
      continue;
    }
    if (committer_->busy()) {
      committer_->give_up(k_last_grace);
      std::optional<engine::Output> done = committer_->take_done();
      if (!done) return;
      perform(std::move(*done));
    } else if (!std::exchange(abandoned, true)) {
      engine_->abandon_waiters();
    } else if (mailbox.empty()) {
      return;
    }
  }
}

/// While the store refuses writes, what is not refused is bounded by the attempts that run: it must
/// not hold up refusals.
bool Node::has_room() const {
  return committer_->failing() ||
         (fed_messages_ < options_.batch_messages_max && fed_bytes_ < base::k_commit_bytes_max);
}

void Node::take_input() {
  note_stops();
  if (inbox_next_ == inbox_.size()) {
    inbox_.clear();
    inbox_next_ = 0;
    if (!handlers_->mailbox().empty()) handlers_->mailbox().take(inbox_);
  }
  const Timestamp now = wall_clock();
  if (inbox_next_ < inbox_.size()) {
    const SteadyClock::time_point start = SteadyClock::now();
    while (inbox_next_ < inbox_.size() && has_room()) feed(inbox_[inbox_next_++], now);
    prepare_time_ += SteadyClock::now() - start;
  }
  // A store that refuses takes no more work, and a stopping node begins none.
  if (stopping_.load() || committer_->failing() || !has_room()) return;
  if (const auto due = engine_->next_due(); due && *due <= now) {
    engine_->tick(now);
    fed_messages_ += k_tick_messages;
  }
}

/// Before anything is due: a stop of the process must not use up what attempts may take.
void Node::note_stops() {
  const Duration total = handlers_->clock().stood_still();
  const Duration more = total - std::exchange(stood_still_, total);
  if (more > Duration(0)) engine_->stood_still(more);
}

void Node::feed(Message& message, Timestamp now) {
  if (committer_->failing() && refuse(message)) return;
  ++fed_messages_;
  fed_bytes_ += size_of(message);
  std::visit(
      [&](auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, engine::AttemptResult>) {
          engine_->attempt_finished(std::move(value), now);
        } else if constexpr (std::is_same_v<T, engine::StoreCallResult>) {
          engine_->store_call_finished(std::move(value), now);
        } else if constexpr (std::is_same_v<T, messages::Commit>) {
          engine_->add_part(std::move(value.part));
        } else if constexpr (std::is_same_v<T, messages::Start>) {
          engine_->start(std::move(value.request), std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Signal>) {
          engine_->signal(std::move(value.request), std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Update>) {
          engine_->update(std::move(value.request), std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Published>) {
          engine_->published(value.execution, std::move(value.done));
        } else if constexpr (std::is_same_v<T, messages::Describe>) {
          engine_->describe(value.execution, std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::WaitClosed>) {
          engine_->wait_closed(value.execution, value.wait, std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Tell>) {
          if (value.latest != nullptr) value.news.json = value.latest->take();
          engine_->tell_attempt(std::move(value.news), std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::EventWork>) {
          value.run(*engine_, now);
        } else if constexpr (std::is_same_v<T, messages::Drain>) {
          engine_->abandon_waiters();
        } else if constexpr (std::is_same_v<T, messages::Retry>) {
          engine_->retry(value.execution, std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Fork>) {
          engine_->fork(value.request, std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Import>) {
          engine_->import_history(std::move(value.history), value.name, std::move(value.done), now);
        } else if constexpr (std::is_same_v<T, messages::Schedules>) {
          engine_->schedules(value.name, std::move(value.done));
        } else if constexpr (std::is_same_v<T, messages::ActOnSchedule>) {
          engine_->act_on_schedule(value.act, std::move(value.done), now);
        } else {
          static_assert(std::is_same_v<T, messages::Act>);
          switch (value.kind) {
            case messages::Act::Kind::cancel:
              return engine_->cancel(value.execution, std::move(value.done), now);
            case messages::Act::Kind::terminate:
              return engine_->terminate(value.execution, std::move(value.reason),
                                        std::move(value.done), now);
            case messages::Act::Kind::pause:
              return engine_->pause(value.execution, std::move(value.reason), std::move(value.done),
                                    now);
            case messages::Act::Kind::resume:
              return engine_->resume(value.execution, std::move(value.done), now);
          }
        }
      },
      message);
}

/// While the store refuses writes no request is taken: its answer could not be kept.
bool Node::refuse(Message& message) {
  return std::visit(
      [&](auto& value) {
        if constexpr (requires { value.done; }) {
          if (value.done)
            value.done(Error(std::string(error_names::k_unavailable), committer_->failure()));
          value.done = nullptr;
          return true;
        } else if constexpr (requires { value.part; }) {
          value.part.done(Error(std::string(error_names::k_unavailable), committer_->failure()));
          return true;
        } else {
          return false;
        }
      },
      message);
}

/// What takes much less time to prepare than to write is better prepared with the messages that
/// wait: the answers to one write then come back together, not in two halves of which each waits
/// for the write of the other. What takes longer to prepare is written while the next is prepared.
bool Node::gathers() const {
  if (inbox_next_ == inbox_.size() && handlers_->mailbox().empty()) return false;
  if (!has_room() || stopping_.load() || committer_->failing()) return false;
  return 2 * prepare_time_ < std::min<SteadyClock::duration>(write_time_, k_gather_most);
}

void Node::note_written() {
  const SteadyClock::duration time = SteadyClock::now() - write_start_;
  write_time_ = (3 * write_time_ + time) / 4;
  handlers_->metrics().committed(time);
}

bool Node::push_output() {
  if (committer_->busy() || gathers()) return false;
  fed_messages_ = 0;
  fed_bytes_ = 0;
  prepare_time_ = SteadyClock::duration(0);
  if (!engine_->has_output()) return false;
  engine::Output output = engine_->take_output();
  write_start_ = SteadyClock::now();
  if (output.batch.empty() && output.parts.empty()) {
    perform(std::move(output));
  } else if (inbox_next_ == inbox_.size() && handlers_->mailbox().empty()) {
    if (committer_->commit_inline(output)) {
      note_written();
      perform(std::move(output));
    }
  } else {
    committer_->begin(std::move(output));
  }
  return true;
}

void Node::publish_figures() {
  const std::lock_guard lock(figures_mutex_);
  figures_ = engine_->figures();
}

void Node::perform(engine::Output output) {
  publish_figures();  // first: who has an answer may ask for them
  for (const auto& reply : output.replies) reply();
  for (const engine::Part& part : output.parts) part.done(part.committed);
  if (!output.store_calls.empty() && !stopping_.load())
    handlers_->submit(std::move(output.store_calls));
  if (!output.attempts.empty() && !stopping_.load()) {
    if (const Result<void> submitted = handlers_->submit(std::move(output.attempts)); !submitted) {
      options_.log(LogLevel::error, {},
                   "tasks wait for the next start: " + submitted.error().message());
    }
  }
  for (const engine::StopAttempt& stop : output.stops) handlers_->stop(stop);
  engine_->committed(output, wall_clock());
  publish_figures();
}

void Node::sleep() {
  Mailbox& mailbox = handlers_->mailbox();
  const SteadyClock::time_point start = SteadyClock::now();
  if (!has_room()) return mailbox.sleep_until(start + k_sleep_most, Mailbox::Until::woken);
  Duration wait = k_sleep_most;
  if (!committer_->failing()) {
    if (const auto due = engine_->next_due())
      wait = std::clamp(*due - wall_clock(), Duration(0), wait);
  }
  if (wait == Duration(0)) return;
  do {
    if (!mailbox.empty()) return;
    std::this_thread::yield();
  } while (SteadyClock::now() - start < k_spin);
  mailbox.sleep_until(start + wait, Mailbox::Until::mail);
}

// --- requests ---

void Node::invoke(const detail::CommandDefinition& command, http::Request request,
                  gateway::Exchange exchange) {
  handlers_->invoke(command, std::move(request), std::move(exchange));
}
void Node::invoke(const detail::RouteDefinition& route, http::Request request,
                  gateway::Exchange exchange) {
  handlers_->invoke(route, std::move(request), std::move(exchange));
}

void Node::start(ports::StartRequest request, ports::Callback<ports::StartReply> done) {
  handlers_->requests().start(std::move(request), std::move(done));
}
void Node::signal(ports::SignalRequest request, ports::Callback<bool> done) {
  handlers_->requests().signal(std::move(request), std::move(done));
}
void Node::update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done) {
  handlers_->requests().update(std::move(request), std::move(done));
}
void Node::published(ports::ExecutionRef execution, ports::Callback<std::string> done) {
  handlers_->requests().published(std::move(execution), std::move(done));
}
void Node::describe(ports::ExecutionRef execution, ports::Callback<ports::ExecutionView> done) {
  handlers_->requests().describe(std::move(execution), std::move(done));
}
void Node::wait_closed(ports::ExecutionRef execution, Duration wait,
                       ports::Callback<ports::ExecutionView> done) {
  handlers_->requests().wait_closed(std::move(execution), wait, std::move(done));
}
void Node::cancel(ports::ExecutionRef execution, ports::Callback<bool> done) {
  handlers_->requests().cancel(std::move(execution), std::move(done));
}
void Node::terminate(ports::ExecutionRef execution, std::string reason,
                     ports::Callback<bool> done) {
  handlers_->requests().terminate(std::move(execution), std::move(reason), std::move(done));
}
void Node::pause(ports::ExecutionRef execution, std::string reason, ports::Callback<bool> done) {
  handlers_->requests().pause(std::move(execution), std::move(reason), std::move(done));
}
void Node::retry(ports::ExecutionRef execution, ports::Callback<ports::StartReply> done) {
  handlers_->requests().retry(std::move(execution), std::move(done));
}
void Node::fork(ports::ForkRequest request, ports::Callback<ports::StartReply> done) {
  handlers_->requests().fork(std::move(request), std::move(done));
}
void Node::schedules(std::string name, ports::Callback<std::vector<ports::ScheduleView>> done) {
  handlers_->requests().schedules(std::move(name), std::move(done));
}
void Node::act_on_schedule(ports::ScheduleAct act, ports::Callback<ports::ScheduleReply> done) {
  handlers_->requests().act_on_schedule(std::move(act), std::move(done));
}
void Node::resume(ports::ExecutionRef execution, ports::Callback<bool> done) {
  handlers_->requests().resume(std::move(execution), std::move(done));
}

void Node::tell_attempt(detail::AttemptNews news, ports::Callback<bool> done) {
  handlers_->requests().tell_attempt(std::move(news), std::move(done));
}

void Node::transact(ports::TransactionRequest request, ports::Callback<std::string> done) {
  handlers_->requests().transact(std::move(request), std::move(done));
}
void Node::entity(ports::EntityOperation operation, ports::Callback<std::string> done) {
  handlers_->requests().entity(std::move(operation), std::move(done));
}
void Node::emit(ports::EmitRequest request, ports::Callback<ports::EmitReply> done) {
  handlers_->requests().emit(std::move(request), std::move(done));
}
void Node::read_events(ports::EventsRequest request, ports::Callback<ports::EventsReply> done) {
  handlers_->requests().read_events(std::move(request), std::move(done));
}
void Node::receive_events(ports::ReceiveRequest request, ports::Callback<bool> done) {
  handlers_->requests().receive_events(std::move(request), std::move(done));
}
void Node::source_position(std::string url, ports::Callback<ports::SourcePosition> done) {
  handlers_->requests().source_position(std::move(url), std::move(done));
}
void Node::dead_letters(ports::DeadLettersRequest request,
                        ports::Callback<ports::DeadLettersReply> done) {
  handlers_->requests().dead_letters(std::move(request), std::move(done));
}
void Node::act_on_dead_letters(ports::DeadLetterAct act,
                               ports::Callback<ports::DeadLetterActReply> done) {
  handlers_->requests().act_on_dead_letters(std::move(act), std::move(done));
}
void Node::subscriptions(ports::Callback<std::vector<ports::SubscriptionView>> done) {
  handlers_->requests().subscriptions(std::move(done));
}

Result<ports::ListReply> Node::list(const ports::ListRequest& request) {
  if (store_ == nullptr) return stopped();
  return engine::list_executions(*store_, options_.engine.shards, request);
}

Result<ports::HistoryReply> Node::history(const ports::HistoryRequest& request) {
  if (store_ == nullptr) return stopped();
  return engine::read_history(*store_, options_.engine.shards, request);
}

Result<std::string> Node::export_history(const ports::HistoryRequest& request) {
  if (store_ == nullptr) return stopped();
  auto page = engine::read_history_page(*store_, options_.engine.shards, request);
  if (!page) return page.error();
  try {
    return model::write_history(*page);
  } catch (const Error& error) {
    return error;
  }
}

Result<ports::BackupReply> Node::backup(const std::string& folder) {
  if (store_ == nullptr) return stopped();
  return store::back_up(*store_, folder);
}

Result<ports::ImportReply> Node::import_history(const ports::ImportRequest& request) {
  if (store_ == nullptr) return stopped();
  return handlers_->requests().import_history(request);
}

ports::Health Node::health() {
  ports::Health health;
  if (store_ == nullptr)
    return {.live = false, .ready = false, .reason = "the service has stopped", .details = {}};
  health.reason = committer_->failure();
  if (health.reason.empty() && draining_.load()) health.reason = "the service is stopping";
  if (health.reason.empty()) health.reason = watch_->slow();
  health.ready = health.reason.empty();
  const engine::Figures engine = figures();
  const ports::StoreFigures store = store_->figures();
  const WorkerPool::Figures pool = handlers_->pool().figures();
  health.details = Json::object({
      {"executions_in_memory", engine.live},
      {"executions_started", engine.started},
      {"executions_closed", engine.closed},
      {"executions_parked", engine.parked},
      {"attempts_in_flight", engine.attempts_in_flight},
      {"turns", engine.turns},
      {"replays", engine.replays},
      {"handler_threads", pool.threads},
      {"handlers_running", pool.running},
      {"handlers_waiting", pool.blocked},
      {"jobs_waiting", pool.waiting},
      {"store_syncs", store.syncs},
      {"store_bytes_written", store.bytes_written},
  });
  return health;
}

std::string Node::metrics() {
  return handlers_->metrics().text({.service = options_.service.name,
                                    .ready = health().ready,
                                    .engine = figures(),
                                    .store = store_figures(),
                                    .pool = handlers_->pool().figures()});
}

engine::Figures Node::figures() const {
  const std::lock_guard lock(figures_mutex_);
  return figures_;
}

ports::StoreFigures Node::store_figures() const {
  return store_ == nullptr ? ports::StoreFigures{} : store_->figures();
}

}  // namespace eventual::host
