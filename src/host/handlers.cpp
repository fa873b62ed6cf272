#include "host/handlers.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "eventual/task.hpp"
#include "gateway/error_response.hpp"
#include "host/running_attempt.hpp"

namespace eventual::host {

/// What one thread of the pool runs.
struct Handlers::ThreadState {
  ThreadState(std::shared_ptr<Handlers> owner, std::shared_ptr<void> outer)
      : handlers(std::move(owner)), scope(std::move(outer)) {
    const std::lock_guard lock(handlers->threads_mutex_);
    place = handlers->threads_.insert(handlers->threads_.end(), this);
    thread_state() = this;
  }
  ~ThreadState() {
    thread_state() = nullptr;
    const std::lock_guard lock(handlers->threads_mutex_);
    handlers->threads_.erase(place);
  }

  std::shared_ptr<Handlers> handlers;  // shared: the thread may outlive the node
  std::shared_ptr<void> scope;
  std::list<ThreadState*>::iterator place;
  std::mutex mutex;  // guards what follows
  const engine::Attempt* attempt = nullptr;
  std::stop_source stop{std::nostopstate};
};

Handlers::ThreadState*& Handlers::thread_state() noexcept {
  thread_local constinit ThreadState* t_state = nullptr;
  return t_state;
}

class Handlers::AttemptJob final : public Job {
 public:
  AttemptJob(Handlers& handlers, engine::Attempt attempt)
      : handlers_(handlers), attempt_(std::move(attempt)) {}
  void run() noexcept override { handlers_.run_attempt(std::move(attempt_)); }

 private:
  Handlers& handlers_;
  engine::Attempt attempt_;
};

/// Answers one request once, whoever comes first: the handler, its deadline or the end of the
/// service.
class Handlers::RequestJob final : public Job {
 public:
  class Answer {
   public:
    Answer(const Endpoint& endpoint, gateway::Exchange exchange)
        : metrics_(*endpoint.metrics()), exchange_(std::move(exchange)) {}

    void give(http::Response response) {
      if (given_.exchange(true)) return;
      count(response.status);
      exchange_.begin = nullptr;
      std::exchange(exchange_.respond, nullptr)(std::move(response));
    }
    /// Null when it is answered, or when this host sends no answers in pieces.
    std::shared_ptr<gateway::Pipe> begin(http::Response head, bool is_event_stream) {
      if (!exchange_.begin || given_.exchange(true)) return nullptr;
      count(head.status);
      exchange_.respond = nullptr;
      return std::exchange(exchange_.begin, nullptr)(std::move(head), is_event_stream);
    }

   private:
    void count(int status) {
      Metrics::answered(metrics_, status, Metrics::Clock::now() - arrived_);
    }

    Metrics::Requests& metrics_;
    const Metrics::Clock::time_point arrived_ = Metrics::Clock::now();
    std::atomic<bool> given_{false};
    gateway::Exchange exchange_;
  };

  RequestJob(Handlers& handlers, Endpoint& endpoint, http::Request request,
             std::shared_ptr<gateway::Pipe> body, std::shared_ptr<Answer> answer)
      : handlers_(handlers),
        endpoint_(endpoint),
        request_(std::move(request)),
        body_(std::move(body)),
        answer_(std::move(answer)) {
    if (endpoint_.timeout() == k_forever) return;
    has_deadline_ = true;
    deadline_ =
        handlers_.deadlines_.add(std::min<Duration>(endpoint_.timeout(), std::chrono::hours(24)),
                                 [waiting = answer_, &endpoint = endpoint_] {
                                   waiting->give(gateway::error_response(
                                       503, Timeout::k_name,
                                       endpoint.title() + " took longer than " +
                                           std::to_string(endpoint.timeout().count()) + " ms"));
                                 });
  }
  ~RequestJob() override {
    if (has_deadline_) handlers_.deadlines_.remove(deadline_);
    leave();
    answer_->give(gateway::error_response(
        Error(std::string(error_names::k_unavailable), "the service is stopping")));
  }

  void run() noexcept override {
    CommandContext context(request_, handlers_.service_);
    detail::HandlerScope scope{nullptr, &context, &request_, &handlers_.service_,
                               &handlers_.declarations_.provided()};
    Source source(handlers_.host_.compensation, body_.get());
    Sink sink(handlers_.host_.compensation, *answer_, context);
    if (body_ != nullptr) scope.body_source = &source;
    scope.body_sink = &sink;
    std::optional<Error> failure;
    scope.failure = &failure;
    http::Response response;
    {
      HandlerRuntime runtime(handlers_.host_, nullptr);
      response = runtime.run(endpoint_, scope);
    }
    // Before the caller can hear of it: who has the answer may ask again at once.
    leave();
    if (sink.begun()) {
      sink.finish(!failure);
    } else {
      answer_->give(std::move(response));
    }
  }

 private:
  void leave() noexcept {
    if (std::exchange(is_inside_, false)) endpoint_.leave();
  }

  /// While it exists, the thread's slot is another's.
  class Blocking {
   public:
    explicit Blocking(Compensation* compensation) : compensation_(compensation) {
      if (compensation_ != nullptr) compensation_->begin_blocking();
    }
    ~Blocking() {
      if (compensation_ != nullptr) compensation_->end_blocking();
    }
    Blocking(const Blocking&) = delete;
    Blocking& operator=(const Blocking&) = delete;

   private:
    Compensation* compensation_;
  };

  class Source final : public detail::BodySource {
   public:
    Source(Compensation* compensation, gateway::Pipe* pipe)
        : compensation_(compensation), pipe_(pipe) {}
    std::string read() override {
      const Blocking blocking(compensation_);
      return pipe_->read();
    }

   private:
    Compensation* compensation_;
    gateway::Pipe* pipe_;
  };

  class Sink final : public detail::BodySink {
   public:
    Sink(Compensation* compensation, Answer& answer, CommandContext& context)
        : compensation_(compensation), answer_(answer), context_(context) {}

    void begin(http::Response head, bool is_event_stream) override {
      for (auto& field : context_.response_headers()) head.headers.push_back(std::move(field));
      context_.response_headers().clear();
      pipe_ = answer_.begin(std::move(head), is_event_stream);
      if (pipe_ == nullptr) {
        throw Error(std::string(error_names::k_closed), "the request is answered already");
      }
    }
    void write(std::string_view bytes) override {
      const Blocking blocking(compensation_);
      pipe_->write(bytes);
    }
    bool begun() const noexcept override { return pipe_ != nullptr; }
    bool open() const noexcept override { return pipe_ == nullptr || !pipe_->closed(); }
    void finish(bool whole) { pipe_->finish(whole); }

   private:
    Compensation* compensation_;
    Answer& answer_;
    CommandContext& context_;
    std::shared_ptr<gateway::Pipe> pipe_;  // shared with the connection
  };

  Handlers& handlers_;
  Endpoint& endpoint_;
  http::Request request_;
  std::shared_ptr<gateway::Pipe> body_;  // shared with the connection
  std::shared_ptr<Answer> answer_;       // shared with the deadline
  bool is_inside_ = true;                // of those that the endpoint handles at once
  bool has_deadline_ = false;
  Deadlines::Key deadline_;
};

class Handlers::FunctionJob final : public Job {
 public:
  explicit FunctionJob(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

std::shared_ptr<Handlers> Handlers::create(const detail::Declarations& declarations,
                                           HandlersOptions options) {
  WorkerPoolOptions workers = options.workers;
  auto outer = std::move(options.thread_scope);
  std::shared_ptr<Handlers> handlers(new Handlers(declarations, std::move(options)));
  workers.thread_scope = [weak = handlers->weak_from_this(),
                          outer = std::move(outer)]() -> std::shared_ptr<void> {
    std::shared_ptr<Handlers> owner = weak.lock();
    if (owner == nullptr) return nullptr;
    return std::make_shared<ThreadState>(std::move(owner), outer ? outer() : nullptr);
  };
  handlers->pool_ = std::make_unique<WorkerPool>(std::move(workers));
  handlers->host_.compensation = handlers->pool_.get();
  return handlers;
}

Handlers::Handlers(const detail::Declarations& declarations, HandlersOptions options)
    : declarations_(declarations),
      endpoints_(declarations, &metrics_),
      mailbox_(std::make_shared<Mailbox>(options.requests_max, base::k_requests_waiting_bytes_max)),
      tokens_(std::move(options.tokens)),
      requests_(declarations, mailbox_, options.payload_bytes_max, tokens_),
      service_(std::move(options.service)),
      marker_(std::move(options.marker)),
      host_{requests_,
            declarations,
            nullptr,
            std::move(options.log),
            nullptr,
            &clock_,
            options.payload_bytes_max},
      reads_(*options.store),
      transactions_(reads_, {host_, service_, *mailbox_, marker_.get(),
                             [this](std::function<void()> job) {
                               std::vector<std::unique_ptr<Job>> jobs;
                               jobs.push_back(std::make_unique<FunctionJob>(std::move(job)));
                               return pool_->submit(std::move(jobs));
                             },
                             [this](std::function<void()> job) {
                               std::unique_ptr<Job> given =
                                   std::make_unique<FunctionJob>(std::move(job));
                               return pool_->try_submit(given);
                             }}),
      deadlines_(clock_) {
  requests_.set_transactions(transactions_);
  for (const detail::TaskDefinition& task : declarations.tasks())
    attempt_metrics_.emplace(&task, &metrics_.attempts_of(task.name));
  for (const detail::SubscriptionDefinition& subscription : declarations.subscriptions()) {
    attempt_metrics_.emplace(&subscription.attempt,
                             &metrics_.attempts_of("subscription/" + subscription.name));
  }
}

Handlers::~Handlers() = default;

Result<void> Handlers::submit(std::vector<engine::Attempt> attempts) {
  std::vector<std::unique_ptr<Job>> jobs;
  jobs.reserve(attempts.size());
  const bool draining = draining_.load(std::memory_order_relaxed);
  for (engine::Attempt& attempt : attempts) {
    if (draining && attempt.delivery == Delivery::at_least_once) continue;
    jobs.push_back(std::make_unique<AttemptJob>(*this, std::move(attempt)));
  }
  return pool_->submit(std::move(jobs));
}

void Handlers::submit(std::vector<engine::StoreCall> calls) {
  if (draining_.load(std::memory_order_relaxed)) return;
  std::vector<std::unique_ptr<Job>> jobs;
  jobs.reserve(calls.size());
  for (engine::StoreCall& call : calls) {
    jobs.push_back(std::make_unique<FunctionJob>(
        [this, call = std::move(call)]() mutable { transactions_.perform(std::move(call)); }));
  }
  if (const Result<void> taken = pool_->submit(std::move(jobs)); !taken) {
    host_.log(LogLevel::error, {},
              "calls on entities wait for the next start: " + taken.error().message());
  }
}

template <class Attempt>
bool Handlers::was_stopped(const Attempt& attempt) {
  if (!has_stops_.load()) return false;
  const std::lock_guard lock(stops_mutex_);
  const std::size_t found = std::erase_if(stops_, [&](const engine::StopAttempt& stop) {
    return stop.seq == attempt.seq && stop.run == attempt.run && stop.attempt == attempt.attempt &&
           stop.execution_id == attempt.execution_id;
  });
  has_stops_.store(!stops_.empty());
  return found > 0;
}

void Handlers::run_attempt(engine::Attempt attempt) {
  const bool repeatable = attempt.delivery == Delivery::at_least_once;
  ThreadState& thread = *thread_state();
  std::stop_source stop;
  {
    const std::lock_guard lock(thread.mutex);
    // Asked under the lock: drain() either sees this attempt or is seen here.
    if (draining_.load() && repeatable) return;
    thread.attempt = &attempt;
    thread.stop = stop;
  }
  if (was_stopped(attempt)) stop.request_stop();
  engine::AttemptResult result;
  result.run = attempt.run;
  result.seq = attempt.seq;
  result.attempt = attempt.attempt;
  AttemptScope attempt_scope{attempt.execution_id, attempt.run, attempt.idempotency_key, {}, {}};
  RunningAttempt running(attempt, *mailbox_, tokens_.get());
  TaskContext context(attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
                      attempt.idempotency_key, stop.get_token(), &running);
  detail::HandlerScope scope{&context, nullptr, nullptr, &service_, &declarations_.provided()};
  const Metrics::Clock::time_point began = Metrics::Clock::now();
  try {
    const ports::MarkedCall marked(marker_.get(), {attempt.execution_id, attempt.run, attempt.seq});
    HandlerRuntime runtime(host_, &attempt_scope);
    // Before it runs: a handler that outlives its node may outlive the definition too.
    const std::string what = "the result of task " + attempt.definition->name;
    result.result = runtime.run(attempt.definition->run, attempt.input, scope);
    host_.require_fits(result.result.size(), what);
    result.signals = std::move(attempt_scope.signals);
    result.events = std::move(attempt_scope.events);
  } catch (...) {
    result.error = describe(std::current_exception());
    result.result = "null";
  }
  running.finish(result);
  if (const auto metrics = attempt_metrics_.find(attempt.definition);
      metrics != attempt_metrics_.end()) {
    Metrics::attempt_ended(*metrics->second, !result.error, Metrics::Clock::now() - began);
  }
  {
    const std::lock_guard lock(thread.mutex);
    thread.attempt = nullptr;
    thread.stop = std::stop_source(std::nostopstate);
  }
  if (result.error && repeatable && draining_.load())
    return;  // it was interrupted: the next start takes it up
  result.execution_id = std::move(attempt.execution_id);
  mailbox_->post(std::move(result));
}

void Handlers::stop(const engine::StopAttempt& wanted) {
  // It may still wait for a thread. Noted first: an attempt that begins is seen below or sees the
  // note. Notes of attempts that are over are dropped in time.
  constexpr std::size_t k_stops_max = 1024;
  {
    const std::lock_guard lock(stops_mutex_);
    if (stops_.size() == k_stops_max) stops_.pop_front();
    stops_.push_back(wanted);
    has_stops_.store(true);
  }
  const std::lock_guard threads_lock(threads_mutex_);
  for (ThreadState* thread : threads_) {
    std::stop_source stop{std::nostopstate};
    {
      const std::lock_guard lock(thread->mutex);
      const engine::Attempt* attempt = thread->attempt;
      if (attempt == nullptr || attempt->seq != wanted.seq || attempt->run != wanted.run ||
          attempt->attempt != wanted.attempt || attempt->execution_id != wanted.execution_id) {
        continue;
      }
      stop = thread->stop;
    }
    (void)was_stopped(wanted);
    stop.request_stop();  // runs the user's callbacks
    return;
  }
}

void Handlers::invoke(const detail::CommandDefinition& command, http::Request request,
                      gateway::Exchange exchange) {
  invoke(endpoints_.of(command), std::move(request), std::move(exchange));
}

void Handlers::invoke(const detail::RouteDefinition& route, http::Request request,
                      gateway::Exchange exchange) {
  invoke(endpoints_.of(route), std::move(request), std::move(exchange));
}

void Handlers::invoke(Endpoint& endpoint, http::Request request, gateway::Exchange exchange) {
  if (!endpoint.enter()) {
    http::Response response =
        gateway::error_response(429, error_names::k_limit_exceeded,
                                endpoint.title() + " handles as many requests as it may at once");
    response.headers.emplace_back("retry-after", "1");
    Metrics::answered(*endpoint.metrics(), response.status, {});
    return exchange.respond(std::move(response));
  }
  std::shared_ptr<gateway::Pipe> body = std::move(exchange.body);
  auto answer = std::make_shared<RequestJob::Answer>(endpoint, std::move(exchange));
  // Whatever the reason, the service cannot take it now: 503. Answered before the job is destroyed
  // unheard.
  std::unique_ptr<Job> given =
      std::make_unique<RequestJob>(*this, endpoint, std::move(request), std::move(body), answer);
  if (const Result<void> taken = pool_->try_submit(given); !taken) {
    answer->give(gateway::error_response(503, taken.error().name(), taken.error().message()));
  }
}

void Handlers::drain() {
  if (draining_.exchange(true)) return;
  requests_.refuse_waiting();
  mailbox_->post(messages::Drain{});
  std::vector<std::stop_source> running;
  {
    const std::lock_guard threads_lock(threads_mutex_);
    for (ThreadState* thread : threads_) {
      const std::lock_guard lock(thread->mutex);
      if (thread->attempt != nullptr) running.push_back(thread->stop);
    }
  }
  for (std::stop_source& stop : running) stop.request_stop();
}

bool Handlers::stop_pool(Duration grace) { return pool_->stop(grace); }

}  // namespace eventual::host
