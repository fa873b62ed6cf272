#include "testing/virtual_host.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/assert.hpp"
#include "engine/subscriber.hpp"
#include "eventual/task.hpp"
#include "gateway/error_response.hpp"
#include "gateway/text.hpp"
#include "host/running_attempt.hpp"
#include "host/tokens.hpp"
#include "testing/planted_defects.hpp"
#include "testing/whole_bodies.hpp"

namespace eventual::testing {

namespace {
constexpr std::size_t k_requests_max = 1'000'000;
constexpr Duration k_too_early{600'000};
}  // namespace

VirtualHost::VirtualHost(const Service& service, ports::Store& store, Timestamp now,
                         VirtualHostOptions options)
    : service_(service),
      store_(store),
      now_(now),
      random_(options.seed ^ 0x7e57),
      defect_(options.defect),
      mailbox_(std::make_shared<host::Mailbox>(k_requests_max, SIZE_MAX)),
      tokens_(std::make_shared<host::Tokens>("a key for tests: no secret of anybody")),
      requests_(service.declarations(), mailbox_, options.engine.payload_bytes_max, tokens_),
      handler_host_{requests_, service.declarations(),          nullptr, options.log, this,
                    nullptr,   options.engine.payload_bytes_max},
      endpoints_(service.declarations()),
      info_{service.name(), "http://localhost:9000"},
      transactions_(store, {handler_host_, info_, *mailbox_, nullptr,
                            [this](std::function<void()> job) {
                              later_.push_back(std::move(job));
                              return Result<void>();
                            },
                            [this](std::function<void()> job) {
                              later_.push_back(std::move(job));
                              return Result<void>();
                            }}) {
  requests_.set_transactions(transactions_);
  options.engine.seed = options.seed;
  engine_ = std::make_unique<engine::Engine>(service.declarations(), store, nullptr, options.engine,
                                             options.log);
  engine_->recover(now_).value();
}

VirtualHost::~VirtualHost() {
  strands_.abandon_all();
  // What is dropped answers whoever waits, while all that it stands on is still there.
  uncommitted_.reset();
  engine_.reset();
  std::vector<host::Message> messages;
  mailbox_->close();
  mailbox_->take(messages);
  messages.clear();
  std::exchange(later_, {}).clear();
}

std::vector<host::Message> VirtualHost::collect_mail() {
  std::vector<host::Message> messages;
  mailbox_->take(messages);
  for (std::function<void()>& job : std::exchange(later_, {})) strands_.run(std::move(job));
  return messages;
}

void VirtualHost::take_mail() {
  for (host::Message& message : collect_mail()) give(std::move(message));
}

void VirtualHost::fire_due() {
  const bool early = defect_ == PlantedDefect::fires_timers_early && random_.one_in(8);
  engine_->tick(early ? now_ + k_too_early : now_);
}

void VirtualHost::give(host::Message message) {
  std::visit(
      [&](auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, engine::AttemptResult>) {
          engine_->attempt_finished(std::move(value), now_);
        } else if constexpr (std::is_same_v<T, engine::StoreCallResult>) {
          engine_->store_call_finished(std::move(value), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Commit>) {
          engine_->add_part(std::move(value.part));
        } else if constexpr (std::is_same_v<T, host::messages::Start>) {
          engine_->start(std::move(value.request), std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Signal>) {
          if (defect_ == PlantedDefect::loses_signals && random_.one_in(8)) return value.done(true);
          engine_->signal(std::move(value.request), std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Update>) {
          engine_->update(std::move(value.request), std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Published>) {
          engine_->published(value.execution, std::move(value.done));
        } else if constexpr (std::is_same_v<T, host::messages::Describe>) {
          engine_->describe(value.execution, std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::WaitClosed>) {
          engine_->wait_closed(value.execution, value.wait, std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::EventWork>) {
          value.run(*engine_, now_);
        } else if constexpr (std::is_same_v<T, host::messages::Tell>) {
          if (value.latest != nullptr) value.news.json = value.latest->take();
          engine_->tell_attempt(std::move(value.news), std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Act>) {
          switch (value.kind) {
            case host::messages::Act::Kind::cancel:
              engine_->cancel(value.execution, std::move(value.done), now_);
              break;
            case host::messages::Act::Kind::terminate:
              engine_->terminate(value.execution, std::move(value.reason), std::move(value.done),
                                 now_);
              break;
            case host::messages::Act::Kind::resume:
              engine_->resume(value.execution, std::move(value.done), now_);
              break;
            case host::messages::Act::Kind::pause:
              engine_->pause(value.execution, std::move(value.reason), std::move(value.done), now_);
              break;
          }
        } else if constexpr (std::is_same_v<T, host::messages::Retry>) {
          engine_->retry(value.execution, std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Fork>) {
          engine_->fork(value.request, std::move(value.done), now_);
        } else if constexpr (std::is_same_v<T, host::messages::Schedules>) {
          engine_->schedules(value.name, std::move(value.done));
        } else if constexpr (std::is_same_v<T, host::messages::ActOnSchedule>) {
          engine_->act_on_schedule(value.act, std::move(value.done), now_);
        }
      },
      message);
}

void VirtualHost::begin_commit() {
  if (uncommitted_) return;
  uncommitted_ = engine_->take_output();
  refused_before_ = false;
  if (defect_ == PlantedDefect::none) return;
  spoil(*uncommitted_, defect_, random_);
  if (defect_ == PlantedDefect::acts_before_commit) perform(*uncommitted_);
  if (defect_ == PlantedDefect::answers_before_commit) answer_all(*uncommitted_);
}

Result<void> VirtualHost::commit() {
  begin_commit();
  if (!uncommitted_->batch.empty() || !uncommitted_->parts.empty()) {
    const auto written = engine::commit_output(store_, *uncommitted_, refused_before_);
    refused_before_ = true;
    if (!written && defect_ != PlantedDefect::ignores_write_error) return written.error();
  }
  engine::Output output = std::move(*uncommitted_);
  uncommitted_.reset();
  perform(output);
  engine_->committed(output, now_);
  return {};
}

void VirtualHost::perform(engine::Output& output) {
  for (engine::Attempt& attempt : output.attempts) hand_out(std::move(attempt));
  output.attempts.clear();
  for (const engine::StopAttempt& wanted : output.stops) stop(wanted);
  output.stops.clear();
  for (const engine::Part& part : output.parts) {
    if (part.done) part.done(part.committed);
  }
  for (engine::StoreCall& call : output.store_calls) {
    later_.push_back(
        [this, call = std::move(call)]() mutable { transactions_.perform(std::move(call)); });
  }
  output.store_calls.clear();
  answer_all(output);
}

/// To whoever runs it: a sound host does just that.
void VirtualHost::hand_out(engine::Attempt attempt) {
  const bool spoilt =
      engine::Subscriber::is_delivery(attempt.execution_id) &&
      (defect_ == PlantedDefect::drops_deliveries || defect_ == PlantedDefect::doubles_deliveries ||
       defect_ == PlantedDefect::settles_deliveries_early) &&
      random_.one_in(8);
  if (!spoilt) return attempts_.push_back(std::move(attempt));
  if (defect_ != PlantedDefect::doubles_deliveries) {
    engine::AttemptResult result;
    result.execution_id = attempt.execution_id;
    result.run = attempt.run;
    result.seq = attempt.seq;
    result.attempt = attempt.attempt;
    result.result = "null";
    mailbox_->post(std::move(result));
  } else {
    attempts_.push_back(attempt);
  }
  if (defect_ != PlantedDefect::drops_deliveries) attempts_.push_back(std::move(attempt));
}

void VirtualHost::answer_all(engine::Output& output) {
  for (const auto& reply : output.replies) reply();
  output.replies.clear();
}

void VirtualHost::run_attempt(std::size_t position) {
  EVENTUAL_ASSERT(position < attempts_.size(), "there is such an attempt");
  engine::Attempt attempt = std::move(attempts_[position]);
  attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(position));
  std::optional<Substitute> substitute;
  if (find_substitute_) substitute = find_substitute_(attempt);
  if (substitute && substitute->hangs) return;
  if (substitute && substitute->deferred) {
    engine::AttemptResult result;
    result.execution_id = attempt.execution_id;
    result.run = attempt.run;
    result.seq = attempt.seq;
    result.attempt = attempt.attempt;
    result.deferred = true;
    mailbox_->post(std::move(result));
    return;
  }
  strands_.run([this, attempt = std::move(attempt), substitute = std::move(substitute),
                mailbox = mailbox_] { mailbox->post(answer(attempt, substitute)); });
}

engine::AttemptResult VirtualHost::answer(const engine::Attempt& attempt,
                                          const std::optional<Substitute>& substitute) {
  engine::AttemptResult result;
  result.execution_id = attempt.execution_id;
  result.run = attempt.run;
  result.seq = attempt.seq;
  result.attempt = attempt.attempt;
  host::AttemptScope scope{attempt.execution_id, attempt.run, attempt.idempotency_key, {}, {}};
  const auto place = running_.insert(running_.end(), Running{&attempt, {}});
  host::RunningAttempt running(attempt, *mailbox_, tokens_.get());
  TaskContext context(attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
                      attempt.idempotency_key, place->stop.get_token(), &running);
  detail::HandlerScope handler_scope;
  handler_scope.task = &context;
  handler_scope.service = &info_;
  handler_scope.provided = &service_.declarations().provided();
  try {
    host::HandlerRuntime runtime(handler_host_, &scope);
    if (substitute) {
      const detail::HandlerFunction act = [&](std::string_view input, detail::HandlerScope&) {
        return substitute->act(input);
      };
      result.result = runtime.run(act, attempt.input, handler_scope);
    } else {
      result.result = runtime.run(attempt.definition->run, attempt.input, handler_scope);
    }
    handler_host_.require_fits(result.result.size(),
                               "the result of task " + attempt.definition->name);
    result.signals = std::move(scope.signals);
    result.events = std::move(scope.events);
  } catch (...) {
    result.error = describe(std::current_exception());
    result.result = "null";
  }
  running_.erase(place);
  running.finish(result);
  if (attempt_ended_) attempt_ended_(attempt, result);
  return result;
}

void VirtualHost::stop(const engine::StopAttempt& wanted) {
  for (Running& running : running_) {
    const engine::Attempt& attempt = *running.attempt;
    if (attempt.seq == wanted.seq && attempt.run == wanted.run &&
        attempt.attempt == wanted.attempt && attempt.execution_id == wanted.execution_id) {
      running.stop.request_stop();
    }
  }
}

std::string VirtualHost::token_of(const engine::Attempt& attempt) const {
  return tokens_->sign(host::RunningAttempt::name_of(attempt));
}

bool VirtualHost::resume_handler() { return strands_.resume_one(now_); }

void VirtualHost::handle(host::Endpoint& endpoint, http::Request request,
                         std::function<void(Answered)> done) {
  if (!endpoint.enter()) {
    done({gateway::error_response(429, error_names::k_limit_exceeded,
                                  endpoint.title() + " handles as many requests as it may at once"),
          std::nullopt});
    return;
  }
  strands_.run([this, &endpoint, request = std::move(request), done = std::move(done)]() mutable {
    CommandContext context(request, info_);
    WholeBody source(request.body);
    CollectedBody sink(context);
    Answered answered;
    detail::HandlerScope scope;
    scope.command = &context;
    scope.request = &request;
    scope.service = &info_;
    scope.provided = &service_.declarations().provided();
    scope.body_source = &source;
    scope.body_sink = &sink;
    scope.failure = &answered.failure;
    {
      host::HandlerRuntime runtime(handler_host_, nullptr);
      answered.response = runtime.run(endpoint, scope);
    }
    if (sink.begun() && !answered.failure) answered.response = sink.take();
    endpoint.leave();
    done(std::move(answered));
  });
}

void VirtualHost::call(const detail::CommandDefinition& command, std::string input_json,
                       std::function<void(Result<std::string>)> done) {
  http::Request request;
  request.method = http::Method::post;
  request.path = "/rpc/" + command.name;
  request.raw_target = "/rpc/" + gateway::percent_encode(command.name);
  request.headers.emplace_back("content-type", "application/json");
  request.body = std::move(input_json);
  request.remote_address = "127.0.0.1";
  handle(command, std::move(request), [done = std::move(done)](Answered answered) {
    if (answered.failure) return done(std::move(*answered.failure));
    if (answered.response.status < 300) return done(std::move(answered.response.body));
    const Result<Json> told = Json::parse(answered.response.body);
    const Json* name = told ? (*told).find("error") : nullptr;
    done(Error(name != nullptr && name->is_string() ? name->as_string() : "HttpError",
               std::move(answered.response.body)));
  });
}

void VirtualHost::run_handler(detail::HandlerFunction function,
                              std::function<void(Result<std::string>)> done) {
  strands_.run([this, function = std::move(function), done = std::move(done)] {
    detail::HandlerScope scope;
    scope.service = &info_;
    scope.provided = &service_.declarations().provided();
    Result<std::string> result = std::string();
    try {
      host::HandlerRuntime runtime(handler_host_, nullptr);
      result = runtime.run(function, "null", scope);
    } catch (...) {
      result = describe(std::current_exception());
    }
    done(std::move(result));
  });
}

void VirtualHost::settle() {
  for (;;) {
    if (has_mail()) {
      take_mail();
      continue;
    }
    engine_->tick(now_);
    if (has_output()) {
      commit().value();
      continue;
    }
    if (!attempts_.empty()) {
      run_attempt();
      continue;
    }
    if (resume_handler()) continue;
    const auto due = engine_->next_due();
    if (!due || *due > now_) return;
  }
}

std::optional<Timestamp> VirtualHost::next_due_of_executions() const {
  const auto engine_due = engine_->next_due_of_executions();
  const auto handler_due = strands_.next_due();
  if (!engine_due || !handler_due) return engine_due ? engine_due : handler_due;
  return std::min(*engine_due, *handler_due);
}

std::optional<Timestamp> VirtualHost::next_due() const {
  const auto engine_due = engine_->next_due();
  const auto handler_due = strands_.next_due();
  if (!engine_due || !handler_due) return engine_due ? engine_due : handler_due;
  return std::min(*engine_due, *handler_due);
}

void VirtualHost::advance_to(Timestamp until) {
  settle();
  for (;;) {
    const auto due = next_due();
    if (!due || *due > until) break;
    now_ = std::max(now_, *due);
    settle();
  }
  now_ = std::max(now_, until);
  settle();
}

}  // namespace eventual::testing
