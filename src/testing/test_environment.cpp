#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/payload_limit.hpp"
#include "engine/verify.hpp"
#include "eventual/testing.hpp"
#include "gateway/error_response.hpp"
#include "gateway/event_json.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/router.hpp"
#include "gateway/text.hpp"
#include "host/requests.hpp"
#include "store/memory/memory_store.hpp"
#include "testing/virtual_host.hpp"

namespace eventual {

namespace detail {

void TaskMockCore::always(Act act) { always_ = Behaviour{false, std::move(act)}; }
void TaskMockCore::once(Act act) { once_.push_back({false, std::move(act)}); }
void TaskMockCore::block_always() { always_ = Behaviour{true, nullptr}; }
void TaskMockCore::block_once() { once_.push_back({true, nullptr}); }
void TaskMockCore::async_always() { always_ = Behaviour{false, nullptr, true}; }
void TaskMockCore::async_once() { once_.push_back({false, nullptr, true}); }

TaskMockCore::Behaviour TaskMockCore::next(std::string input_json) {
  calls_.push_back(std::move(input_json));
  Behaviour behaviour;
  if (!once_.empty()) {
    behaviour = std::move(once_.front());
    once_.erase(once_.begin());
  } else if (always_) {
    behaviour = *always_;
  } else {
    throw Error(
        std::string(error_names::k_not_allowed),
        "the mock of task " + task_ + " was not told what to do, and its result has no default");
  }
  return behaviour;
}

}  // namespace detail

namespace {

std::string level_name(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "TRACE";
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO";
    case LogLevel::warn:
      return "WARN";
    case LogLevel::error:
      return "ERROR";
  }
  return "INFO";
}

/// "task chargeCard (attempt 3 of 5), since 1970-01-01T00:00:00.000Z"
std::string sentence(const ports::WaitingFor& waiting) {
  std::string text = waiting.kind + " " + waiting.details.dump();
  return text + " since " + to_iso8601(waiting.since);
}

}  // namespace

struct TestEnvironment::Core {
  Core(Service& tested, TestOptions given) : service(tested), options(given) {
    std::string defects;
    for (const detail::Defect& defect : service.declarations().defects()) {
      defects += fmt::format("\n{}:{}: {}", defect.location.file_name(), defect.location.line(),
                             defect.message);
    }
    if (!defects.empty()) {
      throw Error(std::string(error_names::k_invalid_input),
                  "the declarations of " + service.name() + " are wrong:" + defects);
    }
    if (const Result<void> limit = base::check_payload_limit(payload_limit()); !limit)
      throw Error(limit.error());
    open(options.start);
  }

  std::size_t payload_limit() const {
    return options.payload_limit.value_or(service.options().payload_limit);
  }

  void open(Timestamp now) {
    testing::VirtualHostOptions host_options;
    host_options.engine.timer_window = k_forever;
    host_options.engine.live_executions_max = options.live_executions_max;
    host_options.engine.payload_bytes_max = payload_limit();
    host_options.seed = options.seed + boots++;
    host_options.log = [this](LogLevel level, std::string_view, std::string_view message) {
      logs.push_back(level_name(level) + " " + std::string(message));
    };
    host = std::make_unique<testing::VirtualHost>(service, store, now, std::move(host_options));
    host->set_substitutes(
        [this](const engine::Attempt& attempt) -> std::optional<testing::VirtualHost::Substitute> {
          const auto found = mocks.find(attempt.definition->name);
          if (found == mocks.end()) return std::nullopt;
          try {
            auto behaviour = found->second->next(attempt.input);
            if (behaviour.async) found->second->add_token(host->token_of(attempt));
            return testing::VirtualHost::Substitute{behaviour.blocks, std::move(behaviour.act),
                                                    behaviour.async};
          } catch (const Error& error) {
            return testing::VirtualHost::Substitute{
                false, [error](std::string_view) -> std::string { throw error; }};
          }
        });
    host->engine().events().switch_service_subscriptions(service_subscriptions_on);
    for (const auto& definition : test_subscriptions)
      host->engine().events().add_subscription(*definition, now).value();
    host->settle();
  }

  /// Asks the engine and waits for its answer, which comes at this instant.
  template <class T, class Ask>
  Result<T> ask(Ask&& ask_engine) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    ask_engine([answer](Result<T> given) { *answer = std::move(given); });
    host->settle();
    if (!*answer)
      return Error(std::string(error_names::k_internal), "the engine did not answer at once");
    return std::move(**answer);
  }

  Result<ports::ExecutionView> view(const ExecutionId& execution) {
    auto ref = ports::parse_execution_id(execution.id);
    if (!ref) return ref.error();
    ref->run = execution.run;
    return ask<ports::ExecutionView>([&](ports::Callback<ports::ExecutionView> done) {
      host->operations().describe(*ref, std::move(done));
    });
  }

  /// Handles a request until it is answered. Throws NotClosed when it needs time to pass.
  template <class Definition>
  testing::VirtualHost::Answered answer(const Definition& definition, const std::string& what,
                                        http::Request request) {
    auto answer = std::make_shared<std::optional<testing::VirtualHost::Answered>>();
    host->handle(definition, std::move(request),
                 [answer](testing::VirtualHost::Answered given) { *answer = std::move(given); });
    host->settle();
    if (!*answer) {
      throw Error("NotClosed",
                  what + " waits for what needs time to pass; open executions:" + all_waiting());
    }
    return std::move(**answer);
  }

  std::string all_waiting() {
    std::string text;
    for (const std::string& id : ids()) {
      const auto open = view(ExecutionId{id, 0});
      if (!open || gateway::is_closed(open->status)) continue;
      text += fmt::format("\n  {} ({}):", id, open->status);
      if (open->waiting_for.empty()) text += " nothing that will ever come";
      for (const auto& waiting : open->waiting_for) text += "\n    " + sentence(waiting);
    }
    for (const std::string& delivery : host->engine().events().waiting_for())
      text += "\n  " + delivery;
    return text.empty() ? "\n  no execution is open" : text;
  }

  std::vector<std::string> ids() {
    std::vector<std::string> found;
    ports::ListRequest request;
    request.limit = 1000;
    for (;;) {
      const auto page = engine::list_executions(store, engine::Options().shards, request).value();
      for (const auto& execution : page.executions) found.push_back(execution.execution.id());
      if (page.cursor.empty()) break;
      request.cursor = page.cursor;
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

  Service& service;
  TestOptions options;
  store::MemoryStore store;
  std::uint64_t boots = 0;
  std::map<std::string, std::shared_ptr<detail::TaskMockCore>, std::less<>> mocks;
  std::vector<std::string> logs;
  std::vector<std::unique_ptr<detail::SubscriptionDefinition>> test_subscriptions;
  std::uint64_t test_subscriptions_made = 0;
  bool service_subscriptions_on = true;
  std::unique_ptr<testing::VirtualHost> host;
};

TestEnvironment::TestEnvironment(Service& service, TestOptions options)
    : core_(std::make_unique<Core>(service, options)) {}
TestEnvironment::~TestEnvironment() = default;

Timestamp TestEnvironment::now() const noexcept { return core_->host->now(); }

void TestEnvironment::tick() { tick(Duration(1000)); }

void TestEnvironment::tick(std::int64_t seconds) {
  if (seconds < 1) {
    throw Error(std::string(error_names::k_invalid_input),
                fmt::format("time cannot move by {} seconds", seconds));
  }
  tick(Duration(seconds * 1000));
}

void TestEnvironment::tick(Duration duration) {
  if (duration <= Duration(0)) {
    throw Error(std::string(error_names::k_invalid_input),
                fmt::format("time cannot move by {} ms", duration.count()));
  }
  core_->host->advance_to(now() + duration);
}

void TestEnvironment::tick_until(Timestamp time) {
  if (time <= now()) return core_->host->settle();
  core_->host->advance_to(time);
}

void TestEnvironment::run_until_idle(Duration horizon) {
  core_->host->settle();
  const Timestamp end = now() + horizon;
  while (const auto due = core_->host->next_due_of_executions()) {
    if (*due > end) {
      throw Error("NotIdle", fmt::format("something is still due after {} ms: {}", horizon.count(),
                                         core_->all_waiting()));
    }
    core_->host->advance_to(*due);
  }
}

std::string TestEnvironment::start_json(std::string_view workflow, std::string input_json,
                                        const StartOptions& options) {
  return send_with_start_json(workflow, std::move(input_json), options, {}, {});
}

std::string TestEnvironment::query_json(const ExecutionId& execution, std::string_view query,
                                        std::string input_json) {
  auto ref = ports::parse_execution_id(execution.id).value();
  ref.run = execution.run;
  const std::string view = core_
                               ->ask<std::string>([&](ports::Callback<std::string> done) {
                                 core_->host->operations().published(ref, std::move(done));
                               })
                               .value();
  return host::answer_query(core_->service.declarations(), query, view, input_json).value();
}

std::string TestEnvironment::update_json(const ExecutionId& execution, std::string_view update,
                                         std::string input_json, const UpdateOptions& options) {
  ports::UpdateRequest request;
  request.execution = ports::parse_execution_id(execution.id).value();
  request.update = update;
  request.input_json = std::move(input_json);
  request.update_id = options.id;
  auto answer = std::make_shared<std::optional<Result<ports::UpdateReply>>>();
  core_->host->operations().update(std::move(request), [answer](Result<ports::UpdateReply> given) {
    *answer = std::move(given);
  });
  core_->host->settle();
  if (!*answer) {
    throw Error("NotClosed", "update " + std::string(update) +
                                 " is not answered yet. Open executions and what they wait for:" +
                                 core_->all_waiting());
  }
  const ports::UpdateReply reply = std::move(**answer).value();
  if (reply.error) throw_error(*reply.error);
  return reply.result_json.value_or("null");
}

std::string TestEnvironment::send_with_start_json(std::string_view workflow, std::string input_json,
                                                  const StartOptions& options,
                                                  std::string_view signal,
                                                  std::string payload_json) {
  ports::StartRequest request;
  if (!signal.empty())
    request.signal = ports::StartRequest::Signal{std::string(signal), std::move(payload_json), {}};
  request.workflow = workflow;
  if (!options.name.empty()) request.name = options.name;
  request.input_json = std::move(input_json);
  request.timeout = options.timeout;
  return core_
      ->ask<ports::StartReply>([&](ports::Callback<ports::StartReply> done) {
        core_->host->operations().start(std::move(request), std::move(done));
      })
      .value()
      .execution_id;
}

void TestEnvironment::send_json(const ExecutionId& execution, std::string_view signal,
                                std::string payload_json, const SendOptions& options) {
  ports::SignalRequest request;
  request.execution = ports::parse_execution_id(execution.id).value();
  request.signal = signal;
  request.payload_json = std::move(payload_json);
  request.message_id = options.id;
  core_
      ->ask<bool>([&](ports::Callback<bool> done) {
        core_->host->operations().signal(std::move(request), std::move(done));
      })
      .value();
}

void TestEnvironment::cancel(const ExecutionId& execution) {
  const auto ref = ports::parse_execution_id(execution.id).value();
  core_
      ->ask<bool>([&](ports::Callback<bool> done) {
        core_->host->operations().cancel(ref, std::move(done));
      })
      .value();
}

void TestEnvironment::terminate(const ExecutionId& execution, std::string reason) {
  const auto ref = ports::parse_execution_id(execution.id).value();
  core_
      ->ask<bool>([&](ports::Callback<bool> done) {
        core_->host->operations().terminate(ref, std::move(reason), std::move(done));
      })
      .value();
}

namespace {

template <class Core>
std::vector<std::string> act_on(Core& core, ports::ScheduleAct act) {
  return core
      .template ask<ports::ScheduleReply>([&](ports::Callback<ports::ScheduleReply> done) {
        core.host->operations().act_on_schedule(std::move(act), std::move(done));
      })
      .value()
      .started;
}

ports::ScheduleAct act_of(ports::ScheduleAct::Kind kind, const Schedule& schedule) {
  ports::ScheduleAct act;
  act.kind = kind;
  act.schedule = schedule.name();
  return act;
}

}  // namespace

void TestEnvironment::pause(const Schedule& schedule, std::string reason) {
  ports::ScheduleAct act = act_of(ports::ScheduleAct::Kind::pause, schedule);
  act.reason = std::move(reason);
  act_on(*core_, std::move(act));
}

void TestEnvironment::resume(const Schedule& schedule) {
  act_on(*core_, act_of(ports::ScheduleAct::Kind::resume, schedule));
}

std::vector<std::string> TestEnvironment::trigger(const Schedule& schedule) {
  return act_on(*core_, act_of(ports::ScheduleAct::Kind::trigger, schedule));
}

std::vector<std::string> TestEnvironment::backfill(const Schedule& schedule, Timestamp from,
                                                   Timestamp to) {
  ports::ScheduleAct act = act_of(ports::ScheduleAct::Kind::backfill, schedule);
  act.from = from;
  act.to = to;
  return act_on(*core_, std::move(act));
}

Json TestEnvironment::view(const Schedule& schedule) {
  const auto views =
      core_
          ->ask<std::vector<ports::ScheduleView>>(
              [&](ports::Callback<std::vector<ports::ScheduleView>> done) {
                core_->host->operations().schedules(std::string(schedule.name()), std::move(done));
              })
          .value();
  return Json::parse(gateway::schedule_json(views.at(0))).value();
}

void TestEnvironment::pause(const ExecutionId& execution, std::string reason) {
  const auto ref = ports::parse_execution_id(execution.id).value();
  core_
      ->ask<bool>([&](ports::Callback<bool> done) {
        core_->host->operations().pause(ref, std::move(reason), std::move(done));
      })
      .value();
}

bool TestEnvironment::tell_attempt(detail::AttemptNews news) {
  return core_
      ->ask<bool>([&](ports::Callback<bool> done) {
        core_->host->operations().tell_attempt(std::move(news), std::move(done));
      })
      .value();
}

void TestEnvironment::resume(const ExecutionId& execution) {
  const auto ref = ports::parse_execution_id(execution.id).value();
  core_
      ->ask<bool>([&](ports::Callback<bool> done) {
        core_->host->operations().resume(ref, std::move(done));
      })
      .value();
}

std::uint32_t TestEnvironment::retry(const ExecutionId& execution) {
  const auto ref = ports::parse_execution_id(execution.id).value();
  return core_
      ->ask<ports::StartReply>([&](ports::Callback<ports::StartReply> done) {
        core_->host->operations().retry(ref, std::move(done));
      })
      .value()
      .run;
}

std::string TestEnvironment::fork_id(const ExecutionId& source, std::uint32_t seq,
                                     std::string name) {
  ports::ForkRequest request;
  request.execution = ports::parse_execution_id(source.id).value();
  request.execution.run = source.run;
  request.seq = seq;
  if (!name.empty()) request.name = std::move(name);
  return core_
      ->ask<ports::StartReply>([&](ports::Callback<ports::StartReply> done) {
        core_->host->operations().fork(std::move(request), std::move(done));
      })
      .value()
      .execution_id;
}

std::string TestEnvironment::call_json(std::string_view command, std::string input_json,
                                       http::Fields headers) {
  const detail::CommandDefinition* definition = core_->service.declarations().find_command(command);
  if (definition == nullptr) {
    throw Error(std::string(error_names::k_not_found),
                "command " + std::string(command) + " is not declared");
  }
  http::Request request;
  request.method = http::Method::post;
  request.path = "/rpc/" + std::string(command);
  request.raw_target = "/rpc/" + gateway::percent_encode(command);
  request.headers = std::move(headers);
  request.headers.emplace_back("content-type", "application/json");
  request.body = std::move(input_json);
  request.remote_address = "127.0.0.1";
  testing::VirtualHost::Answered answered =
      core_->answer(*definition, "command " + std::string(command), std::move(request));
  http::Response& response = answered.response;
  if (response.status < 300) return response.body.empty() ? "null" : std::move(response.body);
  if (answered.failure) throw_error(std::move(*answered.failure));
  const Result<Json> told = Json::parse(response.body);
  const Json* name = told ? (*told).find("error") : nullptr;
  const Json* message = told ? (*told).find("message") : nullptr;
  throw http::HttpError(
      response.status, name != nullptr && name->is_string() ? name->as_string() : "HttpError",
      message != nullptr && message->is_string() ? message->as_string() : response.body);
}

http::Response TestEnvironment::request(http::Request request) {
  if (request.path.empty()) gateway::decode_target(request).value();
  if (request.remote_address.empty()) request.remote_address = "127.0.0.1";
  const detail::Declarations& declarations = core_->service.declarations();
  gateway::Router router;
  std::vector<const detail::CommandDefinition*> commands;
  std::vector<const detail::RouteDefinition*> routes;
  for (const detail::CommandDefinition& command : declarations.commands()) {
    const std::string rpc = "/rpc/" + gateway::percent_encode(command.name);
    router.add(http::Method::post, rpc, command.name, commands.size()).value();
    if (!command.options.path.empty()) {
      router.add(command.options.method, command.options.path, command.name, commands.size())
          .value();
    }
    commands.push_back(&command);
  }
  for (const detail::RouteDefinition& route : declarations.routes()) {
    router.add(route.method, route.path, route.name, commands.size() + routes.size()).value();
    routes.push_back(&route);
  }
  gateway::Match match = router.match(request.method, gateway::raw_path(request.raw_target));
  if (match.kind != gateway::Match::Kind::found) {
    return match.kind == gateway::Match::Kind::not_allowed
               ? gateway::error_response(405, error_names::k_not_allowed,
                                         "this path does not take this method")
               : gateway::error_response(404, error_names::k_not_found,
                                         "there is nothing at this path");
  }
  request.path_parameters = std::move(match.path_parameters);
  const std::string what = fmt::format("{} {}", http::to_string(request.method), request.path);
  if (match.index < commands.size()) {
    return core_->answer(*commands[match.index], what, std::move(request)).response;
  }
  return core_->answer(*routes[match.index - commands.size()], what, std::move(request)).response;
}

void TestEnvironment::run_in_handler(const std::function<void()>& function) {
  auto answer = std::make_shared<std::optional<Result<std::string>>>();
  core_->host->run_handler(
      [&function](std::string_view, detail::HandlerScope&) {
        function();
        return std::string("null");
      },
      [answer](Result<std::string> given) { *answer = std::move(given); });
  core_->host->settle();
  if (!*answer) {
    throw Error("NotClosed",
                "what runs in the handler waits for what needs time to pass; open "
                "executions:" +
                    core_->all_waiting());
  }
  (void)std::move(**answer).value();
}

void TestEnvironment::replay_all() {
  std::map<std::string, std::uint32_t> runs;
  for (const std::string& id : core_->ids()) {
    const auto stored =
        engine::read_execution(core_->store, engine::Options().shards, id, ++runs[id]).value();
    if (const auto difference =
            engine::find_difference(core_->service.declarations(), id, stored)) {
      throw Error(difference->name(), "execution " + id + ": " + difference->message(),
                  difference->details_json());
    }
  }
}

void TestEnvironment::restart() {
  const Timestamp at = now();
  core_->host.reset();
  core_->open(at);
}

void TestEnvironment::reset() { reset(core_->options.start); }

void TestEnvironment::reset(Timestamp start) {
  Service& service = core_->service;
  TestOptions options = core_->options;
  options.start = start;
  core_.reset();
  core_ = std::make_unique<Core>(service, options);
}

std::vector<std::string> TestEnvironment::executions() {
  std::vector<std::string> unique;
  for (std::string& id : core_->ids()) {  // one for each run
    if (std::find(unique.begin(), unique.end(), id) == unique.end())
      unique.push_back(std::move(id));
  }
  return unique;
}
const std::vector<std::string>& TestEnvironment::logs() const noexcept { return core_->logs; }

Json TestEnvironment::view(const ExecutionId& execution) {
  return Json::parse(gateway::execution_json(core_->view(execution).value(), true)).value();
}

std::vector<Json> TestEnvironment::history(const ExecutionId& execution) {
  ports::HistoryRequest request;
  request.execution = ports::parse_execution_id(execution.id).value();
  request.execution.run = execution.run;
  request.limit = 1'000'000;
  return engine::read_history(core_->store, engine::Options().shards, request).value().events;
}

std::shared_ptr<detail::TaskMockCore> TestEnvironment::mock_json(
    std::string_view task, detail::TaskMockCore::Act standing) {
  if (core_->service.declarations().find_task(task) == nullptr) {
    throw Error(std::string(error_names::k_not_found),
                "task " + std::string(task) + " is not declared");
  }
  auto& mock = core_->mocks[std::string(task)];
  if (mock == nullptr) {
    mock = std::make_shared<detail::TaskMockCore>(std::string(task));
    if (standing) mock->always(std::move(standing));
  }
  return mock;
}

std::string TestEnvironment::result_json(const ExecutionId& execution) {
  const auto found = core_->view(execution).value();
  if (found.status == "succeeded") return found.result_json.value_or("null");
  if (gateway::is_closed(found.status)) {
    if (found.error) throw_error(*found.error);
    throw Error(std::string(error_names::k_internal),
                "execution " + execution.id + " is " + found.status);
  }
  throw Error("NotClosed", "execution " + execution.id + " has no result: it is " + found.status +
                               ". Open executions and what they wait for:" + core_->all_waiting());
}

std::optional<Error> TestEnvironment::error_of(const ExecutionId& execution) {
  return core_->view(execution).value().error;
}

// --- events ---

std::string TestEnvironment::emit_json(std::string_view event, std::string payload_json,
                                       const EmitOptions& options) {
  ports::EmitRequest request;
  request.is_list = false;
  request.events.push_back(
      {std::string(event), std::move(payload_json), options.id, options.key, {}});
  return core_
      ->ask<ports::EmitReply>([&](ports::Callback<ports::EmitReply> done) {
        core_->host->operations().emit(std::move(request), std::move(done));
      })
      .value()
      .events.at(0)
      .id;
}

Subscription TestEnvironment::add_subscription(detail::SubscriptionDefinition definition) {
  definition.name = "~test/" + std::to_string(++core_->test_subscriptions_made);
  detail::complete(definition);
  core_->test_subscriptions.push_back(
      std::make_unique<detail::SubscriptionDefinition>(std::move(definition)));
  const detail::SubscriptionDefinition& kept = *core_->test_subscriptions.back();
  core_->host->engine().events().add_subscription(kept, now()).value();
  core_->host->settle();
  return Subscription(kept.name);
}

void TestEnvironment::reset_test_subscriptions() {
  for (const auto& definition : core_->test_subscriptions)
    core_->host->engine().events().remove_subscription(definition->name);
  core_->host->settle();
  core_->test_subscriptions.clear();
}

void TestEnvironment::disable_service_subscriptions() {
  core_->service_subscriptions_on = false;
  core_->host->engine().events().switch_service_subscriptions(false);
  core_->host->settle();
}

void TestEnvironment::enable_service_subscriptions() {
  core_->service_subscriptions_on = true;
  core_->host->engine().events().switch_service_subscriptions(true);
  core_->host->settle();
}

std::vector<Json> TestEnvironment::dead_letters() { return dead_letters(Subscription("")); }

std::vector<Json> TestEnvironment::dead_letters(const Subscription& subscription) {
  std::vector<Json> letters;
  ports::DeadLettersRequest request;
  request.subscription = subscription.name();
  do {
    const auto page =
        core_
            ->ask<ports::DeadLettersReply>([&](ports::Callback<ports::DeadLettersReply> done) {
              core_->host->operations().dead_letters(request, std::move(done));
            })
            .value();
    for (const ports::DeadLetterView& letter : page.dead_letters)
      letters.push_back(Json::parse(gateway::dead_letter_json(letter)).value());
    request.cursor = page.cursor;
  } while (!request.cursor.empty());
  return letters;
}

std::size_t TestEnvironment::act_on_dead_letters(bool redrive, const Subscription& subscription) {
  ports::DeadLetterAct act;
  act.kind = redrive ? ports::DeadLetterAct::Kind::redrive : ports::DeadLetterAct::Kind::discard;
  act.subscription = subscription.name();
  return core_
      ->ask<ports::DeadLetterActReply>([&](ports::Callback<ports::DeadLetterActReply> done) {
        core_->host->operations().act_on_dead_letters(std::move(act), std::move(done));
      })
      .value()
      .count;
}

std::size_t TestEnvironment::redrive(const Subscription& subscription) {
  return act_on_dead_letters(true, subscription);
}
std::size_t TestEnvironment::discard(const Subscription& subscription) {
  return act_on_dead_letters(false, subscription);
}

std::vector<Json> TestEnvironment::subscriptions() {
  const auto views = core_
                         ->ask<std::vector<ports::SubscriptionView>>(
                             [&](ports::Callback<std::vector<ports::SubscriptionView>> done) {
                               core_->host->operations().subscriptions(std::move(done));
                             })
                         .value();
  return Json::parse(gateway::subscriptions_json(views)).value()["subscriptions"].as_array();
}

std::vector<std::string> TestEnvironment::deliveries() {
  return core_->host->engine().events().waiting_for();
}

}  // namespace eventual
