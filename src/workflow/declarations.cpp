// What a service declares, and what is wrong with it.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/timetable.hpp"
#include "base/type_name.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/schema.hpp"
#include "eventual/service.hpp"
#include "schema/members.hpp"

namespace eventual {

Service::Service(std::string name, ServiceOptions options)
    : declarations_(std::move(name)), options_(std::move(options)), http(declarations_, {}) {}

Service::~Service() = default;

Schedule Service::add_schedule(std::string schedule_name, Timetable when,
                               std::string_view workflow_name, std::string input_json,
                               ScheduleOptions options, std::source_location location) {
  detail::ScheduleDefinition definition;
  definition.name = std::move(schedule_name);
  definition.location = location;
  definition.when = std::move(when);
  definition.options = std::move(options);
  definition.workflow = workflow_name;
  definition.input_json = std::move(input_json);
  return Schedule(declarations_.add(std::move(definition)).name);
}

namespace detail {
namespace {

/// Begins the name of the event that tells of an entity's changes.
constexpr std::string_view k_changes_prefix = "~changes/";

/// What is wrong with a name; empty when nothing is.
std::string name_defect(std::string_view name) {
  if (name.empty()) return "its name is empty";
  if (name.size() > base::k_name_bytes_max) {
    return fmt::format("its name has {} bytes, more than {}", name.size(), base::k_name_bytes_max);
  }
  if (name.starts_with('~')) return "its name begins with '~'";
  for (const char c : name) {
    if (c == '/') return "its name holds '/'";
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return "its name holds a control character";
  }
  return {};
}

std::string line_of(const std::source_location& location) {
  return fmt::format("{}:{}", location.file_name(), location.line());
}

/// Collects what is wrong with one declaration.
class Check {
 public:
  Check(std::vector<Defect>& defects, std::string_view kind, const Declaration& declaration)
      : defects_(defects), kind_(kind), declaration_(declaration) {}

  void require(bool holds, std::string_view what) {
    if (holds) return;
    defects_.push_back(
        {fmt::format("{} \"{}\": {}", kind_, declaration_.name, what), declaration_.location});
  }

  void timeout(Duration duration, std::string_view option) {
    require(duration > Duration(0), fmt::format("{} must be positive", option));
  }

  void schema(const TypeSchema* type, std::string_view which) {
    if (type == nullptr) return;
    for (const std::string& defect : schema_defects(*type, nullptr)) {
      require(false, fmt::format("its {} type: {}", which, defect));
    }
  }

  void retry(const RetryPolicy& policy) {
    require(policy.max_attempts >= 1, "retry.max_attempts must be at least 1");
    require(policy.initial_interval >= Duration(0), "retry.initial_interval must not be negative");
    require(policy.max_interval >= Duration(0), "retry.max_interval must not be negative");
    require(policy.multiplier >= 1.0, "retry.multiplier must be at least 1");
    require(policy.jitter >= 0.0 && policy.jitter <= 1.0, "retry.jitter must be from 0 to 1");
  }

 private:
  std::vector<Defect>& defects_;
  std::string_view kind_;
  const Declaration& declaration_;
};

/// Statuses of errors that an endpoint declares.
void check_errors(Check& check, const std::vector<http::ErrorAnswer>& errors) {
  for (const http::ErrorAnswer& error : errors) {
    check.require(error.status >= 400 && error.status <= 599,
                  fmt::format("errors: {} is no status from 400 to 599", error.status));
  }
}

/// What is wrong with the path of a REST route; empty when nothing is.
std::string path_defect(std::string_view path) {
  if (!path.starts_with('/')) return "must begin with '/'";
  std::vector<std::string_view> parameters;
  std::string_view rest = path.substr(1);
  for (bool last = false; !last;) {
    const std::size_t slash = rest.find('/');
    last = slash == std::string_view::npos;
    const std::string_view segment = rest.substr(0, slash);
    rest = last ? std::string_view() : rest.substr(slash + 1);
    if (segment.empty()) {
      if (!last) return "holds an empty segment";
      continue;
    }
    if (segment.find_first_of("?#% \t\r\n") != std::string_view::npos) {
      return fmt::format("holds a segment \"{}\" that no path has", segment);
    }
    if (segment == "*") {
      if (!last) return "holds '*' before its end";
      continue;
    }
    if (!segment.starts_with(':')) continue;
    const std::string_view name = segment.substr(1);
    if (name.empty()) return "holds a parameter without a name";
    if (std::find(parameters.begin(), parameters.end(), name) != parameters.end()) {
      return fmt::format("holds the parameter :{} twice", name);
    }
    parameters.push_back(name);
  }
  if (path.starts_with("/_eventual/") || path == "/_eventual" || path.starts_with("/rpc/")) {
    return "belongs to the framework (/_eventual/ and /rpc/ do)";
  }
  return {};
}

bool has_parameter(std::string_view path, const std::string& name) {
  const std::string wanted = name == "*" ? name : ":" + name;
  for (std::string_view rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (rest.substr(0, slash) == wanted) return true;
    rest.remove_prefix(slash);
  }
  return false;
}

std::size_t parameters_in(std::string_view path) {
  std::size_t count = path.ends_with("/*") ? 1 : 0;
  for (std::size_t at = path.find("/:"); at != std::string_view::npos; at = path.find("/:", at + 1))
    ++count;
  return count;
}

/// An input that is no struct comes from a path with one parameter or from the body, and a GET has
/// no body.
bool input_has_no_place(const CommandDefinition& command) {
  const http::Method method = command.options.method;
  const bool bodiless = method == http::Method::get || method == http::Method::head;
  return bodiless && !command.options.path.empty() && command.input != nullptr &&
         command.input->kind != Kind::optional && !schema::has_members(*command.input) &&
         parameters_in(command.options.path) != 1;
}

/// What is wrong with a parameter that a route tells of; empty when nothing is.
std::string route_parameter_defect(const RouteDefinition& route, const RouteParameter& parameter) {
  if (parameter.name.empty()) return "has no name";
  if (parameter.type == nullptr) return "has no type";
  if (parameter.in == http::In::body) return "stands in path, query or header";
  if (parameter.in == http::In::path && !has_parameter(route.path, parameter.name)) {
    return "is not in the path";
  }
  return {};
}

/// What is wrong with where a member of a command's input comes from; empty when nothing is.
std::string parameter_defect(const CommandDefinition& command, const http::Parameter& parameter) {
  if (command.options.path.empty()) return "belongs to a path, and the command has none";
  if (command.input == nullptr || schema::member_type(command.input, parameter.member) == nullptr) {
    return "is no member of the input";
  }
  if (parameter.in != http::In::path) return {};
  const std::string& name = parameter.name.empty() ? parameter.member : parameter.name;
  if (has_parameter(command.options.path, name)) return {};
  return fmt::format("is not in the path: \"{}\"", name == "*" ? name : ":" + name);
}

}  // namespace

Declarations::Declarations(std::string name) : name_(std::move(name)) {
  if (const std::string defect = name_defect(name_); !defect.empty()) {
    defects_.push_back({fmt::format("service \"{}\": {}", name_, defect), {}});
  }
}

Declarations::~Declarations() = default;

template <class Definition>
Definition& Declarations::insert(std::deque<Definition>& list,
                                 std::unordered_map<std::string_view, Definition*>& names,
                                 Definition definition, std::string_view kind) {
  // Kept even when it is defective: handles borrow its name.
  Definition& kept = list.emplace_back(std::move(definition));
  Check check(defects_, kind, kept);
  if (const std::string defect = name_defect(kept.name); !defect.empty())
    check.require(false, defect);
  const auto [place, added] = names.emplace(kept.name, &kept);
  if (!added) {
    check.require(false, "declared twice, first at " + line_of(place->second->location));
  }
  check.schema(kept.input, "input");
  check.schema(kept.output, "result");
  return kept;
}

TaskDefinition& Declarations::add(TaskDefinition definition) {
  TaskDefinition& task = insert(tasks_, task_names_, std::move(definition), "task");
  Check check(defects_, "task", task);
  check.timeout(task.options.timeout, "timeout");
  check.timeout(task.options.deadline, "deadline");
  check.timeout(task.options.heartbeat_timeout, "heartbeat_timeout");
  check.timeout(task.options.limit.rate.per, "limit.rate.per");
  check.require(task.options.limit.rate.count <= 1'000'000,
                "limit.rate.count must be at most 1000000");
  check.require(!task.options.limit.key || task.options.limit.limits(),
                "limit.key needs limit.concurrency or limit.rate");
  check.retry(task.options.retry);
  return task;
}

WorkflowDefinition& Declarations::add(WorkflowDefinition definition) {
  WorkflowDefinition& workflow =
      insert(workflows_, workflow_names_, std::move(definition), "workflow");
  Check(defects_, "workflow", workflow).timeout(workflow.options.timeout, "timeout");
  return workflow;
}

SignalDefinition& Declarations::add(SignalDefinition definition) {
  return insert(signals_, signal_names_, std::move(definition), "signal");
}

QueryDefinition& Declarations::add(QueryDefinition definition) {
  QueryDefinition& query = insert(queries_, query_names_, std::move(definition), "query");
  Check(defects_, "query", query).schema(query.view, "view");
  return query;
}

UpdateDefinition& Declarations::add(UpdateDefinition definition) {
  return insert(updates_, update_names_, std::move(definition), "update");
}

CommandDefinition& Declarations::add(CommandDefinition definition) {
  CommandDefinition& command = insert(commands_, command_names_, std::move(definition), "command");
  Check check(defects_, "command", command);
  check.timeout(command.options.timeout, "timeout");
  const int status = command.options.success_status;
  check.require(status >= 200 && status <= 299, "success_status must be from 200 to 299");
  if (command.input != nullptr) {
    const std::vector<std::string> told = schema_defects(*command.input, nullptr);
    for (const std::string& defect : schema_defects(*command.input, &command.options.input)) {
      const bool news = std::find(told.begin(), told.end(), defect) == told.end();
      check.require(!news, fmt::format("its input: {}", defect));
    }
  }
  if (!command.options.path.empty()) {
    const std::string defect = path_defect(command.options.path);
    check.require(defect.empty(), fmt::format("path \"{}\" {}", command.options.path, defect));
  }
  check.require(!input_has_no_place(command),
                fmt::format("path \"{}\" needs one parameter, which is the input: it is no struct, "
                            "and a GET has no body",
                            command.options.path));
  for (const http::Parameter& parameter : command.options.parameters) {
    const std::string defect = parameter_defect(command, parameter);
    check.require(defect.empty(), fmt::format("parameter \"{}\" {}", parameter.member, defect));
  }
  check_errors(check, command.options.errors);
  return command;
}

EntityDefinition& Declarations::add(EntityDefinition definition) {
  return insert(entities_, entity_names_, std::move(definition), "entity");
}

IndexDefinition& Declarations::add_index(std::string_view entity, IndexDefinition definition) {
  Declaration of_index;
  of_index.name = definition.name;
  of_index.location = definition.location;
  Check check(defects_, "index", of_index);
  if (const std::string defect = name_defect(definition.name); !defect.empty())
    check.require(false, defect);
  const auto found = entity_names_.find(entity);
  if (found == entity_names_.end()) {
    check.require(false, fmt::format("its entity {} is not declared", entity));
    return stray_indexes_.emplace_back(std::move(definition));
  }
  EntityDefinition& owner = *found->second;
  if (const IndexDefinition* first = owner.find_index(definition.name)) {
    check.require(false, fmt::format("entity {} has it twice, first at {}", entity,
                                     line_of(first->location)));
    return stray_indexes_.emplace_back(std::move(definition));
  }
  check.require(
      owner.indexes.size() < base::k_entity_indexes_max,
      fmt::format("entity {} has more than {} indexes", entity, base::k_entity_indexes_max));
  return owner.indexes.emplace_back(std::move(definition));
}

EventDefinition& Declarations::add_changes(std::string_view entity, EventDefinition event) {
  event.name = std::string(k_changes_prefix) + std::string(entity);
  event.internal = true;
  const auto known = event_names_.find(event.name);
  if (known != event_names_.end()) return *known->second;
  const auto found = entity_names_.find(entity);
  if (found != entity_names_.end()) found->second->changes = event.name;
  return add(std::move(event));
}

TransactionDefinition& Declarations::add(TransactionDefinition definition) {
  TransactionDefinition& transaction =
      insert(transactions_, transaction_names_, std::move(definition), "transaction");
  Check(defects_, "transaction", transaction)
      .require(transaction.max_attempts >= 1, "max_attempts must be at least 1");
  return transaction;
}

RouteDefinition& Declarations::add(RouteDefinition definition) {
  RouteDefinition& route = routes_.emplace_back(std::move(definition));
  Check check(defects_, "route", route);
  check.timeout(route.options.timeout, "timeout");
  check.schema(route.output, "result");
  const std::string defect = path_defect(route.path);
  check.require(defect.empty(), fmt::format("path \"{}\" {}", route.path, defect));
  check.schema(route.options.body, "body");
  check.schema(route.options.answer, "answer");
  const int status = route.options.success_status;
  check.require(status == 0 || (status >= 200 && status <= 299),
                "success_status must be from 200 to 299");
  check_errors(check, route.options.errors);
  for (const RouteParameter& parameter : route.options.parameters) {
    const std::string wrong = route_parameter_defect(route, parameter);
    check.require(wrong.empty(), fmt::format("parameter \"{}\" {}", parameter.name, wrong));
  }
  return route;
}

ScheduleDefinition& Declarations::add(ScheduleDefinition definition) {
  ScheduleDefinition& schedule =
      insert(schedules_, schedule_names_, std::move(definition), "schedule");
  Check check(defects_, "schedule", schedule);
  const auto timetable = schedule.when.cron.empty() && schedule.when.time_zone.empty()
                             ? base::Timetable::every(schedule.when.interval)
                             : base::Timetable::cron(schedule.when.cron, schedule.when.time_zone);
  if (!timetable) check.require(false, timetable.error().message());
  check.require(find_workflow(schedule.workflow) != nullptr,
                fmt::format("its workflow {} is not declared before it", schedule.workflow));
  check.require(schedule.options.catch_up_window >= Duration(1000),
                "catch_up_window must be at least one second");
  if (schedule.options.timeout) check.timeout(*schedule.options.timeout, "timeout");
  constexpr std::size_t k_time_bytes = sizeof "-2026-01-01T00:00:00.000Z" - 1;
  check.require(
      schedule.name.size() + k_time_bytes <= base::k_name_bytes_max,
      fmt::format("its name has more than {} bytes", base::k_name_bytes_max - k_time_bytes));
  return schedule;
}

EventDefinition& Declarations::add(EventDefinition definition) {
  const auto known = event_names_.find(definition.name);
  if (known != event_names_.end() && known->second->received &&
      known->second->input == definition.input) {
    *known->second = std::move(definition);  // it was subscribed to before it was declared
    return *known->second;
  }
  if (!definition.internal) return insert(events_, event_names_, std::move(definition), "event");
  EventDefinition& kept = events_.emplace_back(std::move(definition));
  event_names_.emplace(kept.name, &kept);
  return kept;
}

SubscriptionDefinition& Declarations::add(SubscriptionDefinition definition) {
  const bool internal = definition.name.starts_with('~');
  SubscriptionDefinition* kept = nullptr;
  if (internal) {
    kept = &subscriptions_.emplace_back(std::move(definition));
    subscription_names_.emplace(kept->name, kept);
  } else {
    kept = &insert(subscriptions_, subscription_names_, std::move(definition), "subscription");
  }
  complete(*kept);
  Check check(defects_, "subscription", *kept);
  const SubscriptionOptions& options = kept->options;
  check.timeout(options.timeout, "timeout");
  check.retry(options.retry);
  check.require(options.in_flight_max >= 1, "in_flight_max must be at least 1");
  check.require(options.backlog_max >= 1, "backlog_max must be at least 1");
  check.require(options.dead_letters_max >= 1, "dead_letters_max must be at least 1");
  check.require(options.batch.wait >= Duration(0), "batch.wait must not be negative");
  check.require(options.batch.max >= 1 && options.batch.max <= base::k_event_batch_max,
                fmt::format("batch.max must be from 1 to {}", base::k_event_batch_max));
  check.require(kept->batched || options.batch.max == 1,
                "batch.max needs a handler that takes a std::vector");
  for (std::size_t i = 0; i < kept->sources.size(); ++i) {
    const EventSource& source = kept->sources[i];
    if (source.name.starts_with(k_changes_prefix)) kept->options.order = EventOrder::per_key;
    for (std::size_t j = 0; j < i; ++j)
      check.require(kept->sources[j].name != source.name,
                    fmt::format("it takes event {} twice", source.name));
    declare_received(source, kept->location,
                     [&](const std::string& what) { check.require(false, what); });
  }
  return *kept;
}

/// An event that somebody else declares, unless this service does.
void Declarations::declare_received(const EventSource& source, const std::source_location& location,
                                    const std::function<void(std::string)>& refuse) {
  const auto known = event_names_.find(source.name);
  if (known != event_names_.end()) {
    if (known->second->input != source.payload) {
      refuse(fmt::format("it takes event {} with another payload type than it is declared with",
                         source.name));
    }
    return;
  }
  EventDefinition received;
  received.name = source.name;
  received.location = location;
  received.input = source.payload;
  received.normalise = source.normalise;
  received.received = true;
  received.internal = source.name.starts_with('~');
  add(std::move(received));
}

void Declarations::add(EventSourceDefinition definition, const std::vector<EventSource>& events) {
  const auto refuse = [&](const std::string& what) {
    add_defect(fmt::format("subscribe_to(\"{}\"): {}", definition.url, what), definition.location);
  };
  if (!definition.url.starts_with("http://") && !definition.url.starts_with("https://"))
    refuse("its URL must begin with http:// or https://");
  for (const EventSourceDefinition& other : event_sources_) {
    if (other.url == definition.url) refuse("it is called twice: name all events in one call");
  }
  for (const EventSource& event : events) {
    if (event.name.starts_with(k_changes_prefix))
      refuse("the changes of entities stay in their service: emit an event of your own");
    declare_received(event, definition.location, refuse);
  }
  event_sources_.push_back(std::move(definition));
}

void complete(SubscriptionDefinition& definition) {
  if (definition.batched && definition.options.batch.max == 1)
    definition.options.batch.max = base::k_event_batch_default;
  definition.attempt.name = "~subscription/" + definition.name;
  definition.attempt.location = definition.location;
  definition.attempt.options.timeout = definition.options.timeout;
  definition.attempt.options.retry = definition.options.retry;
}

std::string checked_event(const Declarations& declarations, const EmitCall& call) {
  const EventDefinition* event = declarations.find_event(call.event);
  if (event == nullptr) {
    throw Error(std::string(error_names::k_not_found),
                fmt::format("event {} is not declared", call.event));
  }
  if (event->internal) {
    throw Error(std::string(error_names::k_not_allowed),
                fmt::format("event {} is emitted by the framework alone", call.event));
  }
  const auto refuse = [&](std::string_view what, std::size_t bytes, std::size_t most) {
    throw Error(std::string(error_names::k_limit_exceeded),
                fmt::format("the {} of event {} has {} bytes, more than {}", what, call.event,
                            bytes, most));
  };
  if (call.id.size() > base::k_name_bytes_max) refuse("id", call.id.size(), base::k_name_bytes_max);
  if (call.key.size() > base::k_name_bytes_max)
    refuse("key", call.key.size(), base::k_name_bytes_max);
  if (call.id.starts_with('~')) {
    throw Error(std::string(error_names::k_invalid_input),
                fmt::format("the id {} of an event begins with '~': those are the framework's own",
                            call.id));
  }
  return event->normalise(call.payload);
}

void Declarations::add_defect(std::string message, std::source_location location) {
  defects_.push_back({std::move(message), location});
}

void Declarations::provide(std::type_index type, std::shared_ptr<void> object) {
  EVENTUAL_ASSERT(object != nullptr, "provide needs an object, not a null pointer");
  provided_[type] = object.get();
  owned_.push_back(std::move(object));
}

void NotedDeclarations::note(std::string who, std::vector<std::type_index> needs,
                             std::source_location location) {
  for (const std::type_index& type : needs) needs_.push_back({who, type, location});
}

std::vector<Defect> NotedDeclarations::not_provided() const {
  std::vector<Defect> missing;
  for (const Need& need : needs_) {
    if (provided().contains(need.type)) continue;
    const std::string type = base::type_name(need.type.name());
    missing.push_back({need.who + " asks for " + type + "&, which nobody provides: call provide<" +
                           type + ">(…) of the service before run()",
                       need.location});
  }
  return missing;
}

namespace {

template <class Names>
auto find_in(const Names& names, std::string_view name) noexcept {
  const auto found = names.find(name);
  return found == names.end() ? nullptr : found->second;
}

}  // namespace

const TaskDefinition* Declarations::find_task(std::string_view name) const noexcept {
  return find_in(task_names_, name);
}
const WorkflowDefinition* Declarations::find_workflow(std::string_view name) const noexcept {
  return find_in(workflow_names_, name);
}
const SignalDefinition* Declarations::find_signal(std::string_view name) const noexcept {
  return find_in(signal_names_, name);
}
const ScheduleDefinition* Declarations::find_schedule(std::string_view name) const noexcept {
  return find_in(schedule_names_, name);
}
const CommandDefinition* Declarations::find_command(std::string_view name) const noexcept {
  return find_in(command_names_, name);
}
const QueryDefinition* Declarations::find_query(std::string_view name) const noexcept {
  return find_in(query_names_, name);
}
const UpdateDefinition* Declarations::find_update(std::string_view name) const noexcept {
  return find_in(update_names_, name);
}
const EntityDefinition* Declarations::find_entity(std::string_view name) const noexcept {
  return find_in(entity_names_, name);
}
const TransactionDefinition* Declarations::find_transaction(std::string_view name) const noexcept {
  return find_in(transaction_names_, name);
}

const EventDefinition* Declarations::find_event(std::string_view name) const noexcept {
  return find_in(event_names_, name);
}
const SubscriptionDefinition* Declarations::find_subscription(
    std::string_view name) const noexcept {
  return find_in(subscription_names_, name);
}

}  // namespace detail

}  // namespace eventual
