// What a Service declares, without its types: what the engine, the gateway and the tools work with.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "eventual/detail/entity_calls.hpp"
#include "eventual/detail/event_filter.hpp"
#include "eventual/detail/middleware.hpp"
#include "eventual/detail/runtime.hpp"
#include "eventual/event_options.hpp"
#include "eventual/http.hpp"
#include "eventual/options.hpp"
#include "eventual/plugin.hpp"
#include "eventual/schedule.hpp"

namespace eventual {
class TaskContext;
class CommandContext;
class TransactionContext;
class EventContext;
struct ServiceInfo;
}  // namespace eventual

namespace eventual::detail {

struct TypeSchema;

/// What a handler may ask for beside its input.
struct HandlerScope {
  TaskContext* task = nullptr;
  CommandContext* command = nullptr;
  const http::Request* request = nullptr;
  const ServiceInfo* service = nullptr;
  const std::unordered_map<std::type_index, void*>* provided = nullptr;
  TransactionContext* transaction = nullptr;
  const ProvidedValue* values = nullptr;    ///< of middleware, the innermost first
  BodySource* body_source = nullptr;        ///< of a request that is read in pieces
  BodySink* body_sink = nullptr;            ///< of an answer that is sent in pieces
  std::optional<Error>* failure = nullptr;  ///< where to note what the handler threw
  EventContext* event = nullptr;
};

/// Runs a handler: JSON in, JSON out. Throws what the handler throws, and InvalidInput for input
/// that does not fit.
using HandlerFunction =
    std::function<std::string(std::string_view input_json, HandlerScope& scope)>;

struct Declaration {
  std::string name;
  std::source_location location;
  const TypeSchema* input = nullptr;   ///< null: no input
  const TypeSchema* output = nullptr;  ///< null: no output
};

struct TaskDefinition : Declaration {
  TaskOptions options;
  HandlerFunction run;
  /// Checks a result that comes from outside and writes it in today's form; throws InvalidInput
  /// with every bad field.
  std::string (*normalise_result)(std::string_view json) = nullptr;
};

struct WorkflowDefinition : Declaration {
  WorkflowOptions options;
  /// Starts the coroutine in the current runtime. Throws InvalidInput.
  std::function<SlotRef(std::string_view input_json)> start;
  void (*encode)(const void* value, std::string& out) = nullptr;
  /// Checks an input and writes it in today's form; throws InvalidInput with every bad field.
  std::string (*normalise)(std::string_view json) = nullptr;
};

struct SignalDefinition : Declaration {
  std::string (*normalise)(std::string_view json) = nullptr;
};

struct QueryDefinition : Declaration {
  const TypeSchema* view = nullptr;
  /// Answers from a view; runs on any thread. Throws InvalidInput for input or a view of another
  /// form.
  std::function<std::string(std::string_view view_json, std::string_view input_json)> run;
};

struct UpdateDefinition : Declaration {
  std::string (*normalise)(std::string_view json) = nullptr;
};

struct CommandDefinition : Declaration {
  CommandOptions options;
  HandlerFunction run;
  MiddlewareChain middleware;
};

/// Its name is "GET /path".
struct RouteDefinition : Declaration {
  http::Method method = http::Method::get;
  std::string path;
  RouteOptions options;
  AnswerFunction answer;
  MiddlewareChain middleware;
  bool streams_request = false;   ///< the body is read in pieces
  bool streams_response = false;  ///< so is the answer sent
  /// Of the answer, as the handler's type tells it; empty: only the handler knows.
  std::string_view media_type;
  bool answers_nothing = false;  ///< 204
};

struct ScheduleDefinition : Declaration {
  Timetable when;
  ScheduleOptions options;
  std::string workflow;
  std::string input_json;  ///< in its normal form
};

/// A place of items beside their key. Its name and what it is of stay where they are.
struct IndexDefinition {
  std::string name;
  std::source_location location;
  KeyDefinition key;
  /// Where an item stands; nothing where it is not in the index.
  std::function<std::optional<KeyBytes>(const void* item)> place;
};

struct EntityDefinition : Declaration {
  std::string description;
  KeyDefinition key;
  std::function<KeyBytes(const void* item)> place;
  /// Reads an item and calls `use` with it. Throws InvalidInput with every bad field.
  void (*with_item)(std::string_view json,
                    const std::function<void(const void* item)>& use) = nullptr;
  std::string (*normalise)(std::string_view json) = nullptr;
  std::deque<IndexDefinition> indexes;
  std::string changes;  ///< the event that tells of its changes; empty: nobody asked for it

  const IndexDefinition* find_index(std::string_view index) const noexcept {
    for (const IndexDefinition& known : indexes) {
      if (known.name == index) return &known;
    }
    return nullptr;
  }
};

struct TransactionDefinition : Declaration {
  std::uint32_t max_attempts = 1;
  std::string description;
  HandlerFunction run;
  std::string (*normalise)(std::string_view json) = nullptr;
};

struct EventDefinition : Declaration {
  EventOptions options;
  std::string (*normalise)(std::string_view json) = nullptr;
  bool received = false;  ///< only subscribed to: another service declares it
  bool internal =
      false;  ///< the framework's own, such as the changes of an entity; begins with '~'
};

/// What a subscription takes of one event.
struct EventSource {
  std::string name;
  const TypeSchema* payload = nullptr;
  std::string (*normalise)(std::string_view json) = nullptr;
  EventFilter filter;
};

struct SubscriptionDefinition : Declaration {
  SubscriptionOptions options;
  std::vector<EventSource> sources;
  bool batched = false;    ///< its handler takes several events
  TaskDefinition attempt;  ///< how one delivery runs: the input is what append_delivery wrote
};

/// Fills in what follows from the rest of a subscription's definition.
void complete(SubscriptionDefinition& definition);

/// One event of a delivery, as its handler sees it.
struct DeliveredEvent {
  std::string_view name;
  std::string_view id;
  std::string_view key;
  std::string_view source;
  Timestamp at{};
  std::string_view payload;  ///< JSON
};

/// The input of an attempt: begin_delivery, then each event. read_delivery gives views into
/// `bytes`.
void begin_delivery(std::string& out, std::string_view subscription);
void append_delivery(std::string& out, const DeliveredEvent& event);
std::vector<DeliveredEvent> read_delivery(std::string_view bytes, std::string_view& subscription);

/// Another service whose events this one takes.
struct EventSourceDefinition {
  std::string url;
  Secret token;  ///< of its administrator; empty: it asks for none
  std::vector<std::string> events;
  std::source_location location;
};

struct Defect {
  std::string message;
  std::source_location location;
};

/// All declarations of one service. Filled while the program starts, read-only once it runs.
class Declarations {
 public:
  explicit Declarations(std::string name);
  ~Declarations();

  const std::string& name() const noexcept { return name_; }

  TaskDefinition& add(TaskDefinition definition);
  WorkflowDefinition& add(WorkflowDefinition definition);
  SignalDefinition& add(SignalDefinition definition);
  CommandDefinition& add(CommandDefinition definition);
  RouteDefinition& add(RouteDefinition definition);
  ScheduleDefinition& add(ScheduleDefinition definition);
  QueryDefinition& add(QueryDefinition definition);
  UpdateDefinition& add(UpdateDefinition definition);
  EntityDefinition& add(EntityDefinition definition);
  TransactionDefinition& add(TransactionDefinition definition);
  /// Adds an index to an entity that is declared.
  IndexDefinition& add_index(std::string_view entity, IndexDefinition definition);
  /// From now on `event` tells of the changes of an entity. Asked for again it is the same.
  EventDefinition& add_changes(std::string_view entity, EventDefinition event);
  /// Declared here after it was only subscribed to, it is the same event.
  EventDefinition& add(EventDefinition definition);
  /// Declares the events that it takes as received where nobody has declared them.
  SubscriptionDefinition& add(SubscriptionDefinition definition);
  /// `events` are those that it takes.
  void add(EventSourceDefinition definition, const std::vector<EventSource>& events);
  /// The only manifest of the service; another one is a defect.
  void add(PluginOptions plugin, std::source_location location);
  void add_defect(std::string message, std::source_location location);
  void provide(std::type_index type, std::shared_ptr<void> object);

  const TaskDefinition* find_task(std::string_view name) const noexcept;
  const WorkflowDefinition* find_workflow(std::string_view name) const noexcept;
  const SignalDefinition* find_signal(std::string_view name) const noexcept;
  const CommandDefinition* find_command(std::string_view name) const noexcept;
  const ScheduleDefinition* find_schedule(std::string_view name) const noexcept;
  const QueryDefinition* find_query(std::string_view name) const noexcept;
  const UpdateDefinition* find_update(std::string_view name) const noexcept;
  const EntityDefinition* find_entity(std::string_view name) const noexcept;
  const TransactionDefinition* find_transaction(std::string_view name) const noexcept;
  const EventDefinition* find_event(std::string_view name) const noexcept;
  const SubscriptionDefinition* find_subscription(std::string_view name) const noexcept;

  const std::deque<TaskDefinition>& tasks() const noexcept { return tasks_; }
  const std::deque<WorkflowDefinition>& workflows() const noexcept { return workflows_; }
  const std::deque<SignalDefinition>& signals() const noexcept { return signals_; }
  const std::deque<CommandDefinition>& commands() const noexcept { return commands_; }
  const std::deque<RouteDefinition>& routes() const noexcept { return routes_; }
  const std::deque<ScheduleDefinition>& schedules() const noexcept { return schedules_; }
  const std::deque<QueryDefinition>& queries() const noexcept { return queries_; }
  const std::deque<UpdateDefinition>& updates() const noexcept { return updates_; }
  const std::deque<EntityDefinition>& entities() const noexcept { return entities_; }
  const std::deque<TransactionDefinition>& transactions() const noexcept { return transactions_; }
  const std::deque<EventDefinition>& events() const noexcept { return events_; }
  const std::deque<EventSourceDefinition>& event_sources() const noexcept { return event_sources_; }
  const std::deque<SubscriptionDefinition>& subscriptions() const noexcept {
    return subscriptions_;
  }
  /// Null where there is none.
  const PluginOptions* plugin() const noexcept { return plugin_ ? &*plugin_ : nullptr; }
  /// Every mistake in the declarations, with where it stands; empty when the service can run.
  const std::vector<Defect>& defects() const noexcept { return defects_; }
  const std::unordered_map<std::type_index, void*>& provided() const noexcept { return provided_; }

 private:
  void declare_received(const EventSource& source, const std::source_location& location,
                        const std::function<void(std::string)>& refuse);
  template <class Definition>
  Definition& insert(std::deque<Definition>& list,
                     std::unordered_map<std::string_view, Definition*>& names,
                     Definition definition, std::string_view kind);

  std::string name_;
  std::deque<TaskDefinition> tasks_;
  std::deque<WorkflowDefinition> workflows_;
  std::deque<SignalDefinition> signals_;
  std::deque<CommandDefinition> commands_;
  std::deque<RouteDefinition> routes_;
  std::deque<ScheduleDefinition> schedules_;
  std::deque<QueryDefinition> queries_;
  std::deque<UpdateDefinition> updates_;
  std::deque<EntityDefinition> entities_;
  std::deque<TransactionDefinition> transactions_;
  std::deque<IndexDefinition>
      stray_indexes_;  // of entities that are not declared: handles borrow their names
  std::deque<EventDefinition> events_;
  std::deque<SubscriptionDefinition> subscriptions_;
  std::deque<EventSourceDefinition> event_sources_;
  std::unordered_map<std::string_view, TaskDefinition*> task_names_;
  std::unordered_map<std::string_view, WorkflowDefinition*> workflow_names_;
  std::unordered_map<std::string_view, SignalDefinition*> signal_names_;
  std::unordered_map<std::string_view, CommandDefinition*> command_names_;
  std::unordered_map<std::string_view, ScheduleDefinition*> schedule_names_;
  std::unordered_map<std::string_view, QueryDefinition*> query_names_;
  std::unordered_map<std::string_view, UpdateDefinition*> update_names_;
  std::unordered_map<std::string_view, EntityDefinition*> entity_names_;
  std::unordered_map<std::string_view, TransactionDefinition*> transaction_names_;
  std::unordered_map<std::string_view, EventDefinition*> event_names_;
  std::unordered_map<std::string_view, SubscriptionDefinition*> subscription_names_;
  std::optional<PluginOptions> plugin_;
  std::vector<Defect> defects_;
  std::vector<std::shared_ptr<void>> owned_;  // shared: type-erased deleters of user objects
  std::unordered_map<std::type_index, void*> provided_;
};

/// The payload of an event that is emitted, in its normal form. Its size is for the caller to
/// check. Throws NotFound where the event is not declared, InvalidInput with every bad field,
/// LimitExceeded for its id or key.
std::string checked_event(const Declarations& declarations, const EmitCall& call);

}  // namespace eventual::detail
