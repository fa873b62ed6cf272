#include "testing/simulated_core.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "engine/subscriber.hpp"
#include "testing/checks.hpp"

namespace eventual {

namespace {

constexpr Duration k_slow_write_most{10'000};
constexpr Duration k_late_message_most{2'000};
constexpr Duration k_pause_most{3'600'000};
constexpr Duration k_clock_step_most{3'600'000};
/// How late a slow attempt's result is at most: of these one is drawn.
constexpr Duration k_late_results[] = {Duration(1'000), Duration(40'000), Duration(600'000),
                                       Duration(3'600'000)};

Error refused() {
  return Error(std::string(error_names::k_unavailable), "a fault of the simulation");
}

Duration below(base::Random& random, Duration longest) {
  return Duration(
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(longest.count()))));
}

}  // namespace

Result<std::vector<ports::PartOutcome>> SimulatedRun::Core::FaultyMemory::commit(
    std::span<const ports::Batch> parts) {
  if (fault_ == StoreFault::before) return refused();
  auto outcome = inner_.commit(parts);
  for (std::size_t i = 0; outcome && i < parts.size(); ++i) {
    if ((*outcome)[i] == ports::PartOutcome::committed) deliveries_.committed(parts[i]);
  }
  if (fault_ == StoreFault::after) return refused();
  return outcome;
}

SimulatedRun::Core::Core(Service& simulated, const SimulationOptions& given, std::uint64_t run_seed)
    : service(simulated),
      options(given),
      seed(run_seed),
      plan_random(base::mix64(run_seed ^ 0x9e37)),
      clients(simulated.declarations()),
      fault_counts(testing::fault_kinds().size()),
      deliveries(simulated.declarations(), engine::Options().event_ids_kept),
      random_(base::mix64(run_seed)),
      store_(deliveries),
      clock_(testing::k_beginning),
      latest_(testing::k_beginning) {
  for (std::size_t i = 0; i < fault_counts.size(); ++i)
    fault_randoms_.emplace_back(base::mix64(run_seed + 0x5eed * (i + 1)));
  keeps_nothing_ = random_.one_in(2) && options.faults.eviction > 0;
  loads_timers_late_ = random_.one_in(4) && service.declarations().schedules().empty();
  boot();
}

bool SimulatedRun::Core::strikes(double Faults::* fault) {
  const double chance = options.faults.*fault;
  if (calm_ || steps >= options.calm_after || chance == 0) return false;
  const std::size_t index = testing::fault_index(fault);
  if (fault_randoms_[index].unit() >= chance) return false;
  ++fault_counts[index];
  return true;
}

base::Random& SimulatedRun::Core::random_of(double Faults::* fault) {
  return fault_randoms_[testing::fault_index(fault)];
}

template <class... Arguments>
void SimulatedRun::Core::trace(std::string_view format, const Arguments&... arguments) {
  if (!options.trace) return;
  options.trace(fmt::format("{} step {}: {}", to_iso8601(now()), steps,
                            fmt::format(fmt::runtime(format), arguments...)));
}

void SimulatedRun::Core::add(testing::Request request, Duration after) {
  if (planning_) {
    const std::uint32_t number = planned_++;
    if (options.only && !std::binary_search(options.only->begin(), options.only->end(), number)) {
      return;
    }
    trace("request {}, after {} ms: {}", number, after.count(), testing::to_text(request));
  }
  request.at = clock_ + after;
  clients.add(std::move(request));
}

// --- the process ---

void SimulatedRun::Core::boot() {
  testing::VirtualHostOptions host_options;
  host_options.seed = random_.next_u64();
  if (!loads_timers_late_) host_options.engine.timer_window = k_forever;
  host_options.engine.payload_bytes_max = service.options().payload_limit;
  host_options.engine.schedules_until = testing::k_beginning + options.span;
  if (keeps_nothing_) host_options.engine.live_executions_max = random_.below(2);
  host_options.defect = static_cast<testing::PlantedDefect>(options.planted_defect);
  host_options.log = [this](LogLevel, std::string_view id, std::string_view message) {
    trace("  log {} {}", id, message);
  };
  host = std::make_unique<testing::VirtualHost>(service, store_, now(), std::move(host_options));
  host->set_substitutes([this](const engine::Attempt& attempt) { return substitute(attempt); });
  host->set_attempt_ended(
      [this](const engine::Attempt& attempt, const engine::AttemptResult& result) {
        deliveries.attempt_ended(attempt, result);
      });
  deliveries.process_begins(store_);
}

/// The process dies: what it had not committed is gone unless the store got it, clients get no
/// answer.
void SimulatedRun::Core::crash() {
  trace("the process dies");
  const bool stale_writer =
      options.planted_defect == static_cast<std::uint8_t>(testing::PlantedDefect::stale_writer);
  if (stale_writer && host->has_output()) host->begin_commit();
  if (const ports::Batch* begun = host->begun(); begun != nullptr && !begun->empty()) {
    if (stale_writer) {
      stale_ = *begun;
    } else if (random_of(&Faults::crash).one_in(2)) {
      store_.commit({begun, 1}).value();
    }
  }
  clients.lose_answers(clock_);
  mail_.clear();
  by_token_.clear();
  commit_done_at_.reset();
  host.reset();
  boot();
  ++crashes;
}

/// True where one happened that takes this step.
bool SimulatedRun::Core::meet_faults() {
  if (strikes(&Faults::crash)) {
    crash();
    return true;
  }
  if (strikes(&Faults::eviction)) {
    trace("all executions are put out of memory");
    host->engine().put_away();
  }
  if (strikes(&Faults::pause)) pause_something();
  if (strikes(&Faults::clock_step)) step_clock();
  return false;
}

void SimulatedRun::Core::pause_something() {
  const std::vector<std::string> ids = testing::all_executions(store_);
  if (ids.empty()) return;
  const std::string& id =
      ids[static_cast<std::size_t>(random_of(&Faults::pause).below(ids.size()))];
  trace("an operator pauses {}", id);
  testing::Request request;
  request.kind = testing::Request::Kind::pause;
  request.execution_id = id;
  add(request, Duration(0));
  request.kind = testing::Request::Kind::resume;
  add(std::move(request), below(random_of(&Faults::pause), k_pause_most));
}

void SimulatedRun::Core::step_clock() {
  const Duration step =
      below(random_of(&Faults::clock_step), k_clock_step_most * 2) - k_clock_step_most;
  clock_offset_ += step;
  // Never before the beginning: the years before it are not in question.
  clock_offset_ = std::max(clock_offset_, testing::k_beginning - clock_);
  latest_ = std::max(latest_, now());
  host->set_now(now());
  trace("the clock was set by {} ms", step.count());
}

// --- what happens in a step ---

void SimulatedRun::Core::send_request() {
  const auto number = clients.due(clock_);
  if (!number) return;
  trace("client: {}", testing::to_text(clients.requests()[*number]));
  clients.send(*number, *host, clock_);
  if (strikes(&Faults::duplicate_request)) clients.send(*number, *host, clock_);
}

void SimulatedRun::Core::collect_mail() {
  while (host->has_mail()) {  // transactions run while it is collected, and post their outcome
    for (host::Message& message : host->collect_mail()) receive(std::move(message));
  }
}

/// Puts it on its way to the engine.
void SimulatedRun::Core::receive(host::Message message) {
  Timestamp not_before = clock_;
  if (strikes(&Faults::late_message))
    not_before += below(random_of(&Faults::late_message), k_late_message_most);
  if (auto* result = std::get_if<engine::AttemptResult>(&message)) {
    if (bring_later(*result)) return mail_.push_back({std::move(message), not_before});
    if (strikes(&Faults::slow_task)) {
      base::Random& random = random_of(&Faults::slow_task);
      not_before += below(random, k_late_results[random.below(std::size(k_late_results))]);
      trace("the result of {} call {} is late", result->execution_id, result->seq);
    }
    if (strikes(&Faults::duplicate_result))
      mail_.push_back(
          {*result, not_before + below(random_of(&Faults::duplicate_result), k_late_message_most)});
  }
  mail_.push_back({std::move(message), not_before});
}

/// Makes of a result one that comes by a token, if that was drawn for its attempt.
bool SimulatedRun::Core::bring_later(engine::AttemptResult& result) {
  const auto found = by_token_.find({result.execution_id, result.run, result.seq, result.attempt});
  if (found == by_token_.end()) return false;
  const std::string token = std::move(found->second);
  by_token_.erase(found);
  if (!result.signals.empty() || !result.events.empty() || result.deferred) return false;
  testing::Request request;
  request.kind = testing::Request::Kind::attempt;
  request.execution_id = result.execution_id;
  request.attempt = result;
  request.news.token = token;
  if (random_of(&Faults::async_result).one_in(2)) {
    request.news.kind = detail::AttemptNews::Kind::heartbeat;
    add(request, below(random_of(&Faults::async_result), k_late_results[0]));
  }
  if (result.error) {
    request.news.kind = detail::AttemptNews::Kind::failure;
    request.news.error = *result.error;
  } else {
    request.news.kind = detail::AttemptNews::Kind::success;
    request.news.json = result.result;
  }
  add(std::move(request), below(random_of(&Faults::async_result),
                                k_late_results[random_of(&Faults::async_result).below(2)]));
  result.error.reset();
  result.result = "null";
  result.deferred = true;
  return true;
}

std::size_t SimulatedRun::Core::mail_ready() const {
  return static_cast<std::size_t>(std::count_if(
      mail_.begin(), mail_.end(), [&](const Mail& mail) { return mail.not_before <= clock_; }));
}

/// All that is there, in order, or only a part of it.
void SimulatedRun::Core::deliver_mail() {
  std::uint64_t count = mail_ready();
  if (random_.one_in(2)) count = 1 + random_.below(count);
  for (auto mail = mail_.begin(); mail != mail_.end() && count > 0;) {
    if (mail->not_before > clock_) {
      ++mail;
      continue;
    }
    host::Message message = std::move(mail->message);
    mail = mail_.erase(mail);
    host->give(std::move(message));
    --count;
  }
}

bool SimulatedRun::Core::commit_ready() const {
  return host->has_output() && (!commit_done_at_ || *commit_done_at_ <= clock_);
}

void SimulatedRun::Core::commit() {
  if (!commit_done_at_) {
    host->begin_commit();
    if (strikes(&Faults::slow_write)) {
      commit_done_at_ = clock_ + below(random_of(&Faults::slow_write), k_slow_write_most);
      trace("a slow write begins");
      return;
    }
  }
  commit_done_at_.reset();
  if (strikes(&Faults::write_failure))
    store_.set_fault(random_of(&Faults::write_failure).one_in(2) ? StoreFault::before
                                                                 : StoreFault::after);
  const bool written = host->commit().ok();
  store_.set_fault(StoreFault::none);
  trace(written ? "commit" : "a commit fails");
  if (written && stale_) {
    trace("a process that has died writes");
    store_.commit({&*stale_, 1}).value();
    stale_.reset();
  }
}

std::optional<testing::VirtualHost::Substitute> SimulatedRun::Core::substitute(
    const engine::Attempt& attempt) {
  using Substitute = testing::VirtualHost::Substitute;
  if (strikes(&Faults::lost_attempt)) {
    trace("attempt {} of {} call {} is lost", attempt.attempt, attempt.execution_id, attempt.seq);
    return Substitute{true, nullptr};
  }
  if (strikes(&Faults::task_failure)) {
    return Substitute{false, [](std::string_view) -> std::string {
                        throw Error("SimulatedFailure", "a fault of the simulation");
                      }};
  }
  return std::nullopt;
}

void SimulatedRun::Core::run_attempt() {
  const std::size_t position = static_cast<std::size_t>(random_.below(host->attempts_ready()));
  const engine::Attempt& attempt = host->attempt(position);
  trace("attempt {} of task {} for {} call {}", attempt.attempt, attempt.definition->name,
        attempt.execution_id, attempt.seq);
  deliveries.attempt_begins(attempt);
  if (!attempt.definition->options.pure && !engine::Subscriber::is_delivery(attempt.execution_id) &&
      strikes(&Faults::async_result)) {
    by_token_[{attempt.execution_id, attempt.run, attempt.seq, attempt.attempt}] =
        host->token_of(attempt);
  }
  host->run_attempt(position);
}

// --- time ---

/// In the time of the world.
std::optional<Timestamp> SimulatedRun::Core::engine_due() {
  std::optional<Timestamp> due =
      loads_timers_late_ ? host->next_due_of_executions() : host->next_due();
  if (loads_timers_late_) {
    // Rows that the engine holds none of in memory. What is overdue waits for its execution.
    const auto stored = testing::next_timer(store_, now());
    if (stored && (!due || *stored < *due)) due = stored;
  }
  if (due) *due -= clock_offset_;
  return due;
}

std::optional<Timestamp> SimulatedRun::Core::next_due(std::optional<Timestamp> next) const {
  const auto consider = [&](Timestamp time) {
    if (!next || time < *next) next = time;
  };
  if (const auto request = clients.next_due()) consider(*request);
  if (commit_done_at_) consider(*commit_done_at_);
  for (const Mail& mail : mail_) consider(mail.not_before);
  return next;
}

void SimulatedRun::Core::move_time(Timestamp to) {
  clock_ = std::max(clock_, to);
  latest_ = std::max(latest_, now());
  host->set_now(now());
  host->fire_due();
}

/// One step of whatever is ready, drawn at random. False when nothing is.
bool SimulatedRun::Core::step() {
  enum class Choice : std::uint8_t { request, mail, commit, attempt, handler, time };
  collect_mail();
  std::vector<Choice> ready;
  if (clients.due(clock_)) ready.push_back(Choice::request);
  if (mail_ready() > 0) ready.push_back(Choice::mail);
  if (commit_ready()) ready.push_back(Choice::commit);
  if (host->attempts_ready() > 0) ready.push_back(Choice::attempt);
  if (host->handler_ready()) ready.push_back(Choice::handler);
  const std::optional<Timestamp> of_engine = engine_due();
  const std::optional<Timestamp> due = next_due(of_engine);
  const bool overdue = of_engine && *of_engine <= clock_;
  if (due && (ready.empty() || overdue || strikes(&Faults::delay))) ready.push_back(Choice::time);
  if (ready.empty()) return false;
  if (meet_faults()) return true;
  switch (ready[static_cast<std::size_t>(random_.below(ready.size()))]) {
    case Choice::request:
      send_request();
      break;
    case Choice::mail:
      deliver_mail();
      break;
    case Choice::commit:
      commit();
      break;
    case Choice::attempt:
      run_attempt();
      break;
    case Choice::handler:
      host->resume_handler();
      break;
    case Choice::time:
      move_time(*due);
      break;
  }
  return true;
}

void SimulatedRun::Core::run_until_quiet() {
  while (step()) {
    if (++steps > options.steps_max) {
      throw Error("NotQuiet", fmt::format("still moving after {} steps{}", options.steps_max,
                                          testing::who_sets_timers(store_)));
    }
  }
}

/// What an operator would do: lets go on what is held.
void SimulatedRun::Core::repair() {
  for (const std::string& id : testing::all_executions(store_)) {
    const std::string status = view(id).status;
    if (status != "paused" && status != "parked") continue;
    testing::Request request;
    request.kind = testing::Request::Kind::resume;
    request.execution_id = id;
    add(std::move(request), Duration(0));
  }
}

void SimulatedRun::Core::run() {
  run_until_quiet();
  testing::check_nothing_undelivered(store_);
  trace("no more faults");
  calm_ = true;
  crash();
  run_until_quiet();
  repair();
  run_until_quiet();
}

template <class T, class Ask>
T SimulatedRun::Core::ask(const Ask& operation) {
  auto answer = std::make_shared<std::optional<Result<T>>>();  // shared: with a callback
  operation(host->operations(), [answer](Result<T> given) { *answer = std::move(given); });
  host->settle();
  if (!(*answer)->ok()) throw(*answer)->error();
  return (*answer)->value();
}

ports::ExecutionView SimulatedRun::Core::view(const std::string& id) {
  const auto execution = ports::parse_execution_id(id);
  if (!execution) throw execution.error();
  return ask<ports::ExecutionView>([&](ports::Operations& operations, auto done) {
    operations.describe(*execution, std::move(done));
  });
}

std::vector<ports::SubscriptionView> SimulatedRun::Core::subscriptions() {
  return ask<std::vector<ports::SubscriptionView>>(
      [](ports::Operations& operations, auto done) { operations.subscriptions(std::move(done)); });
}

std::vector<ports::DeadLetterView> SimulatedRun::Core::dead_letters() {
  std::vector<ports::DeadLetterView> letters;
  ports::DeadLettersRequest request;
  do {
    auto page = ask<ports::DeadLettersReply>([&](ports::Operations& operations, auto done) {
      operations.dead_letters(request, std::move(done));
    });
    std::move(page.dead_letters.begin(), page.dead_letters.end(), std::back_inserter(letters));
    request.cursor = std::move(page.cursor);
  } while (!request.cursor.empty());
  return letters;
}

}  // namespace eventual
