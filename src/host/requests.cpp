#include "host/requests.hpp"

#include <fmt/format.h>

#include <exception>
#include <future>
#include <memory>
#include <utility>

#include "base/limits.hpp"
#include "base/payload_limit.hpp"
#include "eventual/schema.hpp"
#include "host/answered_once.hpp"
#include "host/transactions.hpp"

namespace eventual::host {
namespace {

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

/// What every name keeps to, also one that the framework has made.
Result<void> check_any_name(std::string_view name) {
  if (name.empty()) return invalid("the name of an execution must not be empty");
  if (name.size() > base::k_name_bytes_max) {
    return invalid(
        fmt::format("the name has {} bytes, more than {}", name.size(), base::k_name_bytes_max));
  }
  for (const char c : name) {
    if (c == '/') return invalid("the name of an execution must not hold '/'");
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return invalid("the name of an execution must not hold control characters");
    }
  }
  try {
    (void)to_json(std::string(name));
  } catch (const Error&) {
    return invalid("the name of an execution must be UTF-8");
  }
  return {};
}

Result<void> check_name(std::string_view name) {
  if (name.starts_with('~')) return invalid("names that begin with '~' are the framework's own");
  return check_any_name(name);
}

template <class Posted>
void post(Mailbox& mailbox, Posted posted) {
  // The message is moved only when it is taken: a refusal is answered through the copy of its
  // callback.
  const auto done = posted.done;
  if (const Result<void> taken = mailbox.post_request(Message(std::move(posted))); !taken)
    done(taken.error());
}

}  // namespace

Result<std::string> answer_query(const detail::Declarations& declarations, std::string_view query,
                                 std::string_view view_json, std::string_view input_json) {
  const detail::QueryDefinition* definition = declarations.find_query(query);
  if (definition == nullptr) {
    return Error(std::string(error_names::k_not_found),
                 fmt::format("query {} is not declared", query));
  }
  try {
    return definition->run(view_json, input_json);
  } catch (...) {
    return describe(std::current_exception());
  }
}

Result<std::string> Requests::normal_form(std::string (*normalise)(std::string_view),
                                          std::string_view json, std::string_view what) const {
  if (json.size() > payload_bytes_max_)
    return base::payload_too_large(what, json.size(), payload_bytes_max_);
  try {
    return normalise(json);
  } catch (...) {
    return eventual::describe(std::current_exception());
  }
}

void Requests::start(ports::StartRequest request, ports::Callback<ports::StartReply> done) {
  const detail::WorkflowDefinition* workflow = declarations_.find_workflow(request.workflow);
  if (workflow == nullptr) {
    return done(Error(std::string(error_names::k_not_found),
                      fmt::format("workflow {} is not declared", request.workflow)));
  }
  if (request.name) {
    if (const Result<void> name = check_name(*request.name); !name) return done(name.error());
  }
  if (request.timeout && *request.timeout <= Duration(0))
    return done(invalid("the timeout must be positive"));
  Result<std::string> input = normal_form(workflow->normalise, request.input_json, "the input");
  if (!input) return done(input.error());
  request.input_json = std::move(*input);
  if (request.signal) {
    Result<std::string> payload = check_signal(request.signal->name, request.signal->message_id,
                                               request.signal->payload_json);
    if (!payload) return done(payload.error());
    request.signal->payload_json = std::move(*payload);
  }
  post(*mailbox_, messages::Start{std::move(request), answered_once(std::move(done))});
}

/// The payload in its normal form.
Result<std::string> Requests::check_signal(std::string_view name, std::string_view message_id,
                                           std::string_view payload_json) const {
  const detail::SignalDefinition* signal = declarations_.find_signal(name);
  if (signal == nullptr) {
    return Error(std::string(error_names::k_not_found),
                 fmt::format("signal {} is not declared", name));
  }
  if (message_id.size() > base::k_name_bytes_max) {
    return invalid(fmt::format("the message id has {} bytes, more than {}", message_id.size(),
                               base::k_name_bytes_max));
  }
  return normal_form(signal->normalise, payload_json, "the payload");
}

void Requests::update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done) {
  const detail::UpdateDefinition* update = declarations_.find_update(request.update);
  if (update == nullptr) {
    return done(Error(std::string(error_names::k_not_found),
                      fmt::format("update {} is not declared", request.update)));
  }
  if (request.update_id.size() > base::k_name_bytes_max) {
    return done(invalid(fmt::format("the update's id has {} bytes, more than {}",
                                    request.update_id.size(), base::k_name_bytes_max)));
  }
  if (refuse_waiting_.load() && request.wait > Duration(0)) {
    return done(Error(std::string(error_names::k_unavailable), "the service is stopping"));
  }
  Result<std::string> input = normal_form(update->normalise, request.input_json, "the input");
  if (!input) return done(input.error());
  request.input_json = std::move(*input);
  post(*mailbox_, messages::Update{std::move(request), answered_once(std::move(done))});
}

void Requests::published(ports::ExecutionRef execution, ports::Callback<std::string> done) {
  post(*mailbox_, messages::Published{std::move(execution), answered_once(std::move(done))});
}

void Requests::signal(ports::SignalRequest request, ports::Callback<bool> done) {
  Result<std::string> payload =
      check_signal(request.signal, request.message_id, request.payload_json);
  if (!payload) return done(payload.error());
  request.payload_json = std::move(*payload);
  post(*mailbox_, messages::Signal{std::move(request), answered_once(std::move(done))});
}

void Requests::describe(ports::ExecutionRef execution, ports::Callback<ports::ExecutionView> done) {
  post(*mailbox_, messages::Describe{std::move(execution), answered_once(std::move(done))});
}

void Requests::wait_closed(ports::ExecutionRef execution, Duration wait,
                           ports::Callback<ports::ExecutionView> done) {
  if (refuse_waiting_.load() && wait > Duration(0)) {
    return done(Error(std::string(error_names::k_unavailable), "the service is stopping"));
  }
  post(*mailbox_, messages::WaitClosed{std::move(execution), wait, answered_once(std::move(done))});
}

void Requests::act(messages::Act act) {
  act.done = answered_once(std::move(act.done));
  post(*mailbox_, std::move(act));
}

void Requests::cancel(ports::ExecutionRef execution, ports::Callback<bool> done) {
  act({messages::Act::Kind::cancel, std::move(execution), {}, std::move(done)});
}

void Requests::terminate(ports::ExecutionRef execution, std::string reason,
                         ports::Callback<bool> done) {
  act({messages::Act::Kind::terminate, std::move(execution), std::move(reason), std::move(done)});
}

void Requests::pause(ports::ExecutionRef execution, std::string reason,
                     ports::Callback<bool> done) {
  if (reason.size() > base::k_name_bytes_max) {
    return done(invalid(fmt::format("the reason has {} bytes, more than {}", reason.size(),
                                    base::k_name_bytes_max)));
  }
  act({messages::Act::Kind::pause, std::move(execution), std::move(reason), std::move(done)});
}

void Requests::retry(ports::ExecutionRef execution, ports::Callback<ports::StartReply> done) {
  post(*mailbox_, messages::Retry{std::move(execution), answered_once(std::move(done))});
}

void Requests::fork(ports::ForkRequest request, ports::Callback<ports::StartReply> done) {
  if (request.name) {
    if (const Result<void> name = check_name(*request.name); !name) return done(name.error());
  }
  post(*mailbox_, messages::Fork{std::move(request), answered_once(std::move(done))});
}

Result<ports::ImportReply> Requests::import_history(const ports::ImportRequest& request) {
  auto history = model::read_history(request.history_json);
  if (!history) return history.error();
  if (auto checked = model::check_history(*history); !checked) return checked.error();
  const auto execution = ports::parse_execution_id(history->execution_id);
  if (!execution) return execution.error();
  for (const std::string& part : {execution->workflow, execution->name}) {
    if (const auto name = check_any_name(part); !name) return name.error();
  }
  if (!request.name.empty()) {
    if (const auto name = check_name(request.name); !name) return name.error();
  }
  // shared: with the callback, which may outlive this call only in being destroyed.
  const auto promise = std::make_shared<std::promise<Result<ports::ImportReply>>>();
  std::future<Result<ports::ImportReply>> answer = promise->get_future();
  post(*mailbox_, messages::Import{std::move(*history), request.name,
                                   answered_once<ports::ImportReply>(
                                       [promise](Result<ports::ImportReply> reply) {
                                         promise->set_value(std::move(reply));
                                       }),
                                   request.history_json.size()});
  return answer.get();
}

void Requests::schedules(std::string name, ports::Callback<std::vector<ports::ScheduleView>> done) {
  post(*mailbox_, messages::Schedules{std::move(name), answered_once(std::move(done))});
}

void Requests::act_on_schedule(ports::ScheduleAct schedule_act,
                               ports::Callback<ports::ScheduleReply> done) {
  if (schedule_act.reason.size() > base::k_name_bytes_max) {
    return done(invalid(fmt::format("the reason has {} bytes, more than {}",
                                    schedule_act.reason.size(), base::k_name_bytes_max)));
  }
  post(*mailbox_, messages::ActOnSchedule{std::move(schedule_act), answered_once(std::move(done))});
}

void Requests::resume(ports::ExecutionRef execution, ports::Callback<bool> done) {
  act({messages::Act::Kind::resume, std::move(execution), {}, std::move(done)});
}

void Requests::tell_attempt(detail::AttemptNews news, ports::Callback<bool> done) {
  using Kind = detail::AttemptNews::Kind;
  if (tokens_ == nullptr) return ports::Operations::tell_attempt(std::move(news), std::move(done));
  const Result<ports::AttemptName> name = tokens_->verify(news.token);
  if (!name) return done(name.error());
  if (news.kind == Kind::success) {
    const detail::TaskDefinition* task = declarations_.find_task(name->task);
    if (task == nullptr) {
      return done(Error(std::string(error_names::k_not_found),
                        fmt::format("task {} is not declared", name->task)));
    }
    Result<std::string> result = normal_form(task->normalise_result, news.json, "the result");
    if (!result) return done(result.error());
    news.json = std::move(*result);
  } else if (news.json.size() > base::k_heartbeat_bytes_max) {
    return done(Error(std::string(error_names::k_limit_exceeded),
                      fmt::format("the details have {} bytes, more than {}", news.json.size(),
                                  base::k_heartbeat_bytes_max)));
  } else if (news.kind == Kind::failure && news.error.name().empty()) {
    return done(invalid("the name of an error must not be empty"));
  }
  engine::AttemptNews told;
  told.execution_id = name->execution_id;
  told.run = name->run;
  told.seq = name->seq;
  told.attempt = name->attempt;
  told.kind = news.kind;
  told.json = std::move(news.json);
  told.error = std::move(news.error);
  post(*mailbox_, messages::Tell{std::move(told), answered_once(std::move(done))});
}

void Requests::transact(ports::TransactionRequest request, ports::Callback<std::string> done) {
  if (transactions_ == nullptr) return Operations::transact(std::move(request), std::move(done));
  transactions_->transact(std::move(request), std::move(done));
}

void Requests::entity(ports::EntityOperation operation, ports::Callback<std::string> done) {
  if (transactions_ == nullptr) return Operations::entity(std::move(operation), std::move(done));
  transactions_->entity(std::move(operation), std::move(done));
}

// --- events ---

namespace {

/// Adds what is wrong with one event to what is wrong with the others.
void add_problems(Json& all, const Error& error, const std::string& prefix) {
  const Result<Json> details = Json::parse(error.details_json());
  if (!details || !details->is_array()) {
    all.push_back(Json::object({{"pointer", prefix}, {"reason", error.message()}}));
    return;
  }
  for (const Json& problem : details->as_array()) {
    const Json& pointer = problem["pointer"];
    const Json& reason = problem["reason"];
    all.push_back(
        Json::object({{"pointer", prefix + (pointer.is_string() ? pointer.as_string() : "")},
                      {"reason", reason.is_string() ? reason.as_string() : error.message()}}));
  }
}

// Of an event that another service made: how it calls its events is its own affair.
constexpr std::size_t k_foreign_id_bytes_max = 1024;
constexpr std::size_t k_foreign_source_bytes_max = 2048;

/// Throws LimitExceeded.
void check_foreign(const ports::EmittedEvent& event) {
  const auto check = [&](std::string_view what, std::size_t bytes, std::size_t most) {
    if (bytes <= most) return;
    throw Error(std::string(error_names::k_limit_exceeded),
                fmt::format("the {} of event {} has {} bytes, more than {}", what, event.name,
                            bytes, most));
  };
  check("id", event.id.size(), k_foreign_id_bytes_max);
  check("source", event.source.size(), k_foreign_source_bytes_max);
}

}  // namespace

/// Puts the payloads into their normal form; everything that is wrong with any of them.
Result<void> Requests::check_events(ports::EmitRequest& request) const {
  if (request.events.empty()) return invalid("there is no event in the request");
  if (request.events.size() > base::k_events_per_request_max) {
    return Error(std::string(error_names::k_limit_exceeded),
                 fmt::format("the request has {} events, more than {}", request.events.size(),
                             base::k_events_per_request_max));
  }
  Json problems = Json::array();
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    ports::EmittedEvent& event = request.events[i];
    if (event.checked) continue;
    if (event.payload_json.size() > payload_bytes_max_) {
      return base::payload_too_large("the payload of event " + event.name,
                                     event.payload_json.size(), payload_bytes_max_);
    }
    const std::string place = request.is_list ? "/" + std::to_string(i) : std::string();
    const bool is_foreign = !event.source.empty();
    try {
      if (is_foreign) check_foreign(event);
      event.payload_json =
          detail::checked_event(declarations_, {.event = event.name,
                                                .payload = event.payload_json,
                                                .id = is_foreign ? std::string() : event.id,
                                                .key = event.key});
    } catch (const Error& error) {
      if (error.name() != error_names::k_invalid_input) return error;
      add_problems(problems, error, place + "/payload");
    }
    for (const std::string* text : {&event.id, &event.key, &event.source}) {
      try {
        (void)to_json(*text);
      } catch (const Error&) {
        const std::string_view which = text == &event.id    ? "/id"
                                       : text == &event.key ? "/key"
                                                            : "/source";
        problems.push_back(
            Json::object({{"pointer", place + std::string(which)}, {"reason", "must be UTF-8"}}));
      }
    }
  }
  if (problems.size() == 0) return {};
  const Json& first = problems.as_array().front();
  return Error(std::string(error_names::k_invalid_input),
               first["pointer"].as_string() + ": " + first["reason"].as_string(), problems.dump());
}

template <class T, class Ask>
void Requests::ask_events(ports::Callback<T> done, std::size_t bytes, Ask ask) {
  auto once = answered_once(std::move(done));
  post(*mailbox_, messages::EventWork{
                      [once, ask = std::move(ask)](engine::Engine& engine, Timestamp now) mutable {
                        ask(engine.events(), once, now);
                      },
                      [once](const Result<bool>& refused) { once(refused.error()); }, bytes});
}

void Requests::emit(ports::EmitRequest request, ports::Callback<ports::EmitReply> done) {
  if (const Result<void> checked = check_events(request); !checked) return done(checked.error());
  std::size_t bytes = 0;
  for (const ports::EmittedEvent& event : request.events) bytes += event.payload_json.size();
  ask_events<ports::EmitReply>(
      std::move(done), bytes,
      [request = std::move(request)](engine::Events& events, auto reply, Timestamp now) mutable {
        events.emit(std::move(request), std::move(reply), now);
      });
}

void Requests::read_events(ports::EventsRequest request, ports::Callback<ports::EventsReply> done) {
  if (refuse_waiting_.load()) request.wait = Duration(0);
  ask_events<ports::EventsReply>(
      std::move(done), 0,
      [request = std::move(request)](engine::Events& events, auto reply, Timestamp now) mutable {
        events.read_events(std::move(request), std::move(reply), now);
      });
}

void Requests::receive_events(ports::ReceiveRequest request, ports::Callback<bool> done) {
  std::size_t bytes = 0;
  for (const ports::EmittedEvent& event : request.events) bytes += event.payload_json.size();
  ask_events<bool>(
      std::move(done), bytes,
      [request = std::move(request)](engine::Events& events, auto reply, Timestamp now) mutable {
        events.receive(std::move(request), std::move(reply), now);
      });
}

void Requests::source_position(std::string url, ports::Callback<ports::SourcePosition> done) {
  ask_events<ports::SourcePosition>(
      std::move(done), 0, [url = std::move(url)](engine::Events& events, auto reply, Timestamp) {
        events.source_position(url, std::move(reply));
      });
}

void Requests::subscriptions(ports::Callback<std::vector<ports::SubscriptionView>> done) {
  ask_events<std::vector<ports::SubscriptionView>>(
      std::move(done), 0, [](engine::Events& events, auto reply, Timestamp) {
        events.subscriptions(std::move(reply));
      });
}

void Requests::dead_letters(ports::DeadLettersRequest request,
                            ports::Callback<ports::DeadLettersReply> done) {
  ask_events<ports::DeadLettersReply>(
      std::move(done), 0,
      [request = std::move(request)](engine::Events& events, auto reply, Timestamp) {
        events.dead_letters(request, std::move(reply));
      });
}

void Requests::act_on_dead_letters(ports::DeadLetterAct dead_letter_act,
                                   ports::Callback<ports::DeadLetterActReply> done) {
  ask_events<ports::DeadLetterActReply>(
      std::move(done), 0,
      [request = std::move(dead_letter_act)](engine::Events& events, auto reply, Timestamp now) {
        events.act_on_dead_letters(request, std::move(reply), now);
      });
}

Result<ports::ListReply> Requests::list(const ports::ListRequest&) {
  return Error(std::string(error_names::k_unavailable), "executions cannot be listed here");
}

Result<ports::HistoryReply> Requests::history(const ports::HistoryRequest&) {
  return Error(std::string(error_names::k_unavailable), "histories cannot be read here");
}

}  // namespace eventual::host
