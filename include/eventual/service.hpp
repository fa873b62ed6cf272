// A service: what it declares, and how it runs.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "eventual/command.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/detail/needs.hpp"
#include "eventual/entity.hpp"
#include "eventual/entity_changes.hpp"
#include "eventual/event.hpp"
#include "eventual/future.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"
#include "eventual/pipeline.hpp"
#include "eventual/plugin.hpp"
#include "eventual/query.hpp"
#include "eventual/signal.hpp"
#include "eventual/task.hpp"
#include "eventual/transaction.hpp"
#include "eventual/update.hpp"
#include "eventual/webhook.hpp"
#include "eventual/workflow.hpp"

namespace eventual {

class Simulation;

/// Holds the declarations of one service and runs it. Declare while the program starts; declaring
/// never throws: `run` reports every defect with its source line. Must outlive the handles that it
/// gives.
class Service {
 private:
  detail::NotedDeclarations declarations_;
  ServiceOptions options_;

 public:
  explicit Service(std::string name, ServiceOptions options = {});
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  const std::string& name() const noexcept { return declarations_.name(); }

  /// Raw routes: `orders.http.get("/hello", handler)`.
  const Routes<> http;

  /// Declares a task. The handler takes its input (or nothing) first, then by type what it wants of
  /// TaskContext& and what `provide` supplies; it runs on a worker thread and may block.
  template <class Handler>
  auto task(std::string task_name, TaskOptions options, Handler handler,
            std::source_location location = std::source_location::current()) {
    using Types = detail::HandlerTypes<Handler>;
    detail::TaskDefinition definition;
    describe<Types>(definition, std::move(task_name), location);
    if (options.limit.key && *options.limit.key.input() != typeid(typename Types::Input)) {
      declarations_.add_defect("task \"" + definition.name +
                                   "\": limit.key is computed from another type than the input",
                               location);
    }
    definition.options = std::move(options);
    definition.run = detail::make_handler(std::move(handler));
    note_needs<Types>("task", definition);
    definition.normalise_result = &detail::normalise_json<typename Types::Output>;
    return Task<typename Types::Input, typename Types::Output>(
        declarations_.add(std::move(definition)).name);
  }
  template <class Handler>
    requires(!std::is_convertible_v<Handler, TaskOptions>)
  auto task(std::string task_name, Handler handler,
            std::source_location location = std::source_location::current()) {
    return task(std::move(task_name), TaskOptions{}, std::move(handler), location);
  }

  /// Declares a workflow: a coroutine lambda that captures nothing and takes its input by value, or
  /// a function that returns a future.
  template <class Handler>
  auto workflow(std::string workflow_name, WorkflowOptions options, Handler handler,
                std::source_location location = std::source_location::current()) {
    using Types = detail::HandlerTypes<Handler>;
    static_assert(Types::returns_future,
                  "a workflow returns ev::Future<Result>: write it as a coroutine");
    static_assert(std::tuple_size_v<typename Types::Parameters> <= 1,
                  "a workflow takes one input, by value");
    static_assert(std::is_empty_v<Handler> || !std::is_class_v<Handler>,
                  "a workflow must not capture: what it needs is its input, tasks and signals");
    using Input = typename Types::Input;
    using Output = typename Types::Output;
    detail::WorkflowDefinition definition;
    describe<Types>(definition, std::move(workflow_name), location);
    definition.options = std::move(options);
    definition.normalise = &detail::normalise_json<Input>;
    definition.start = [handler =
                            std::move(handler)](std::string_view input_json) -> detail::SlotRef {
      if constexpr (Types::has_input) {
        return handler(detail::decode_value<Input>(input_json)).release_slot();
      } else {
        (void)input_json;
        return handler().release_slot();
      }
    };
    if constexpr (!std::is_void_v<Output>) {
      definition.encode = [](const void* value, std::string& out) {
        append_json(out, *static_cast<const Output*>(value));
      };
    }
    return Workflow<Input, Output>(declarations_.add(std::move(definition)).name);
  }
  template <class Handler>
    requires(!std::is_convertible_v<Handler, WorkflowOptions>)
  auto workflow(std::string workflow_name, Handler handler,
                std::source_location location = std::source_location::current()) {
    return workflow(std::move(workflow_name), WorkflowOptions{}, std::move(handler), location);
  }

  /// Runs a workflow of a contract; a function of other types does not compile.
  template <class Input, class Output, class Handler>
  Workflow<Input, Output> implement(
      const Workflow<Input, Output>& contract, WorkflowOptions options, Handler handler,
      std::source_location location = std::source_location::current()) {
    using Types = detail::HandlerTypes<Handler>;
    static_assert(std::is_same_v<typename Types::Input, Input> &&
                      std::is_same_v<typename Types::Output, Output>,
                  "the workflow's input and result must be those of the contract");
    return workflow(std::string(contract.name()), std::move(options), std::move(handler), location);
  }
  template <class Input, class Output, class Handler>
  Workflow<Input, Output> implement(
      const Workflow<Input, Output>& contract, Handler handler,
      std::source_location location = std::source_location::current()) {
    return implement(contract, WorkflowOptions{}, std::move(handler), location);
  }

  /// Declares a signal.
  template <class Payload = void>
  Signal<Payload> signal(std::string signal_name,
                         std::source_location location = std::source_location::current()) {
    detail::SignalDefinition definition;
    definition.name = std::move(signal_name);
    definition.location = location;
    definition.input = detail::schema_or_null<Payload>();
    definition.normalise = &detail::normalise_json<Payload>;
    return Signal<Payload>(declarations_.add(std::move(definition)).name);
  }

  /// Declares the signal of a contract as this service's own.
  template <class Payload>
  Signal<Payload> signal(const Signal<Payload>& contract,
                         std::source_location location = std::source_location::current()) {
    return signal<Payload>(std::string(contract.name()), location);
  }

  /// Starts `started` with `input` at the times of `when`, as an execution named
  /// "<schedule>-<time>".
  template <class Input, class Output>
  Schedule schedule(std::string schedule_name, Timetable when,
                    const Workflow<Input, Output>& started, const detail::Stored<Input>& input,
                    ScheduleOptions options = {},
                    std::source_location location = std::source_location::current())
    requires(!std::is_void_v<Input>)
  {
    return add_schedule(std::move(schedule_name), std::move(when), started.name(), to_json(input),
                        std::move(options), location);
  }
  template <class Output>
  Schedule schedule(std::string schedule_name, Timetable when,
                    const Workflow<void, Output>& started, ScheduleOptions options = {},
                    std::source_location location = std::source_location::current()) {
    return add_schedule(std::move(schedule_name), std::move(when), started.name(), "null",
                        std::move(options), location);
  }

  /// Declares a query: a function of the view that an execution published last (ev::publish), and
  /// of an input where it takes a second parameter. It runs wherever the query is asked, on any
  /// thread, and must not change anything.
  template <class Function>
  auto query(std::string query_name, Function function,
             std::source_location location = std::source_location::current()) {
    using Types = detail::QueryTypes<Function>;
    using View = typename Types::View;
    using Input = typename Types::Input;
    using Output = typename Types::Output;
    static_assert(!std::is_void_v<Output>, "a query answers something");
    detail::QueryDefinition definition;
    definition.name = std::move(query_name);
    definition.location = location;
    definition.view = detail::schema_or_null<View>();
    definition.input = detail::schema_or_null<Input>();
    definition.output = detail::schema_or_null<Output>();
    definition.run = [function = std::move(function)](std::string_view view,
                                                      std::string_view input) -> std::string {
      if constexpr (std::is_void_v<Input>) {
        (void)input;
        return to_json(static_cast<const Output&>(function(detail::decode_value<View>(view))));
      } else {
        auto asked = detail::decode_value<Input>(input);
        return to_json(static_cast<const Output&>(
            function(detail::decode_value<View>(view), std::move(asked))));
      }
    };
    return Query<Input, Output>(declarations_.add(std::move(definition)).name);
  }

  /// Declares an update: a request that a workflow validates and answers, once.
  template <class Input = void, class Output = void>
  Update<Input, Output> update(std::string update_name,
                               std::source_location location = std::source_location::current()) {
    detail::UpdateDefinition definition;
    definition.name = std::move(update_name);
    definition.location = location;
    definition.input = detail::schema_or_null<Input>();
    definition.output = detail::schema_or_null<Output>();
    definition.normalise = &detail::normalise_json<Input>;
    return Update<Input, Output>(declarations_.add(std::move(definition)).name);
  }

  /// Declares the update of a contract as this service's own.
  template <class Input, class Output>
  Update<Input, Output> update(const Update<Input, Output>& contract,
                               std::source_location location = std::source_location::current()) {
    return update<Input, Output>(std::string(contract.name()), location);
  }
  /// Answers a query of a contract; a function of other types does not compile.
  template <class Input, class Output, class Function>
  Query<Input, Output> implement(const Query<Input, Output>& contract, Function function,
                                 std::source_location location = std::source_location::current()) {
    using Types = detail::QueryTypes<Function>;
    static_assert(std::is_same_v<typename Types::Input, Input> &&
                      std::is_same_v<typename Types::Output, Output>,
                  "the query's input and answer must be those of the contract");
    return query(std::string(contract.name()), std::move(function), location);
  }

  /// Declares an entity: records that are found by `ev::key(&Account::id)` or, where a partition
  /// holds several, by `ev::key(&Entry::account, &Entry::at)`.
  template <class PartitionParts, class SortParts, class T>
  auto entity(std::string entity_name, detail::Key<T, PartitionParts, SortParts> key,
              EntityOptions options = {},
              std::source_location location = std::source_location::current()) {
    using Key = detail::Key<T, PartitionParts, SortParts>;
    static_assert(!Key::k_may_be_absent, "a member of an entity's key is always there");
    detail::EntityDefinition definition;
    definition.name = std::move(entity_name);
    definition.location = location;
    definition.input = &detail::schema_of<T>();
    definition.description = std::move(options.description);
    definition.key = key.definition();
    definition.place = [key](const void* item) {
      return key.bytes(*static_cast<const T*>(item)).value();
    };
    definition.with_item = [](std::string_view json, const std::function<void(const void*)>& use) {
      const T item = detail::decode_value<T>(json);
      use(&item);
    };
    definition.normalise = &detail::normalise_json<T>;
    return ServiceEntity<T, typename Key::Partition, typename Key::Sort>(
        *this, declarations_.add(std::move(definition)).name);
  }

  /// Declares an index of an entity: its items by other members. Members that are std::optional
  /// make it sparse: items without them are not in it.
  template <class T, class Partition, class Sort, class PartitionParts, class SortParts>
  auto index(const Entity<T, Partition, Sort>& of, std::string index_name,
             detail::Key<T, PartitionParts, SortParts> key,
             std::source_location location = std::source_location::current()) {
    using Key = detail::Key<T, PartitionParts, SortParts>;
    detail::IndexDefinition definition;
    definition.name = std::move(index_name);
    definition.location = location;
    definition.key = key.definition();
    definition.place = [key](const void* item) { return key.bytes(*static_cast<const T*>(item)); };
    return Index<T, typename Key::Partition, typename Key::Sort>(
        of.name(), declarations_.add_index(of.name(), std::move(definition)).name);
  }

  /// Declares a transaction. The handler takes its input (or nothing) first, then by type what it
  /// wants of TransactionContext&, const ServiceInfo& and what `provide` supplies. It may run
  /// several times, so it must not act on anything but entities, events and signals.
  template <class Handler>
  auto transaction(std::string transaction_name, TransactionOptions options, Handler handler,
                   std::source_location location = std::source_location::current()) {
    using Types = detail::HandlerTypes<Handler>;
    detail::TransactionDefinition definition;
    describe<Types>(definition, std::move(transaction_name), location);
    definition.max_attempts = options.max_attempts;
    definition.description = std::move(options.description);
    definition.run = detail::make_handler(std::move(handler));
    note_needs<Types>("transaction", definition);
    definition.normalise = &detail::normalise_json<typename Types::Input>;
    return Transaction<typename Types::Input, typename Types::Output>(
        declarations_.add(std::move(definition)).name);
  }
  template <class Handler>
    requires(!std::is_convertible_v<Handler, TransactionOptions>)
  auto transaction(std::string transaction_name, Handler handler,
                   std::source_location location = std::source_location::current()) {
    return transaction(std::move(transaction_name), TransactionOptions{}, std::move(handler),
                       location);
  }

  /// Declares an event, emitted as ServiceEvent::emit or POST /_eventual/events.
  template <class Payload>
  ServiceEvent<Payload> event(std::string event_name, EventOptions options = {},
                              std::source_location location = std::source_location::current()) {
    detail::EventDefinition definition;
    definition.name = std::move(event_name);
    definition.location = location;
    definition.input = detail::schema_or_null<Payload>();
    definition.options = std::move(options);
    definition.normalise = &detail::checked_json<Payload>;
    return ServiceEvent<Payload>(*this, declarations_.add(std::move(definition)).name);
  }
  /// Declares the event of a contract as this service's own.
  template <class Payload>
  ServiceEvent<Payload> event(const Event<Payload>& contract, EventOptions options = {},
                              std::source_location location = std::source_location::current()) {
    return event<Payload>(std::string(contract.name()), std::move(options), location);
  }

  /// Declares a subscription: the handler is called for each of these events at least once, on a
  /// worker thread; it may block. It takes the payload (of several events a std::variant of their
  /// payloads, or overloads; of a batch a std::vector), then by type what it wants of EventContext&
  /// and what `provide` supplies. What it throws is retried; after the last attempt the event is a
  /// dead letter. Subscriptions know nothing of one another.
  template <class... Payloads, class Handler>
  Subscription subscription(std::string subscription_name, EventSelection<Payloads...> events,
                            SubscriptionOptions options, Handler handler,
                            std::source_location location = std::source_location::current()) {
    if constexpr (detail::HasCallOperator<Handler> || !std::is_class_v<Handler>) {
      declarations_.note("subscription \"" + subscription_name + "\"",
                         detail::needs_of<detail::OnlyContexts,
                                          typename detail::HandlerTypes<Handler>::Parameters, 1>(),
                         location);
    }
    return Subscription(
        declarations_
            .add(detail::make_subscription(std::move(subscription_name), std::move(events),
                                           std::move(options), std::move(handler), location))
            .name);
  }
  template <class... Payloads, class Handler>
    requires(!std::is_convertible_v<Handler, SubscriptionOptions>)
  Subscription subscription(std::string subscription_name, EventSelection<Payloads...> events,
                            Handler handler,
                            std::source_location location = std::source_location::current()) {
    return subscription(std::move(subscription_name), std::move(events), SubscriptionOptions{},
                        std::move(handler), location);
  }

  /// Declares a subscription that sends each of these events to an HTTP address as a
  /// CloudEvent 1.0: durable, at least once, with retries and dead letters. The receiver has done
  /// with an event when it answers with a status from 200 to 299 in time; it may get an event
  /// twice, under one id.
  template <class... Payloads>
  Subscription webhook(std::string subscription_name, const EventSelection<Payloads...>& events,
                       WebhookOptions options,
                       std::source_location location = std::source_location::current()) {
    return add_webhook(std::move(subscription_name), events.sources, std::move(options), location);
  }

  /// Takes these events of another service, from the oldest that is stored there on; subscriptions
  /// of this one get them as its own. Durable on both sides: what was read and how far that is are
  /// one commit here, so that each event is taken once, whichever service is down in between. What
  /// is not read within the three days that the other service stores events is lost, and logged.
  template <class... Payloads>
    requires(sizeof...(Payloads) > 0)
  void subscribe_to(RemoteService remote, const Event<Payloads>&... events) {
    declarations_.add(
        detail::EventSourceDefinition{
            std::move(remote.url), std::move(remote.token), {std::string(events.name())...}, {}},
        {detail::source_of(events)...});
  }
  template <class... Payloads>
    requires(sizeof...(Payloads) > 0)
  void subscribe_to(std::string url, const Event<Payloads>&... events) {
    subscribe_to(RemoteService{std::move(url), {}}, events...);
  }

  /// Declares a command. The handler takes its input (or nothing) first, then by type what it wants
  /// of CommandContext&, const http::Request&, const ServiceInfo& and `T&` that `provide` supplies.
  template <class Handler>
  auto command(std::string command_name, CommandOptions options, Handler handler,
               std::source_location location = std::source_location::current()) {
    return unguarded().command(std::move(command_name), std::move(options), std::move(handler),
                               location);
  }
  template <class Handler>
    requires(!std::is_convertible_v<Handler, CommandOptions>)
  auto command(std::string command_name, Handler handler,
               std::source_location location = std::source_location::current()) {
    return unguarded().command(std::move(command_name), std::move(handler), location);
  }

  /// Answers a command of a contract; a handler of other types does not compile.
  template <class Input, class Output, class Handler>
  Command<Input, Output> implement(
      const Command<Input, Output>& contract, CommandOptions options, Handler handler,
      std::source_location location = std::source_location::current()) {
    return unguarded().implement(contract, std::move(options), std::move(handler), location);
  }
  template <class Input, class Output, class Handler>
  Command<Input, Output> implement(
      const Command<Input, Output>& contract, Handler handler,
      std::source_location location = std::source_location::current()) {
    return unguarded().implement(contract, std::move(handler), location);
  }

  /// What is declared through the result runs behind this middleware; see Pipeline::use.
  template <class Function>
  auto use(Function function, std::source_location location = std::source_location::current()) {
    return unguarded().use(std::move(function), location);
  }

  /// Makes a `T` of the arguments and gives it to the handlers that ask for `T&`. It lives as long
  /// as the service, and handlers use it from many threads at once. A later call for the same type
  /// replaces it (tests do); not while handlers run. `serve` refuses to begin, with a line for each
  /// declaration that asks for what nobody has provided.
  template <class T, class... Arguments>
  T& provide(Arguments&&... arguments) {
    return provide<T>(std::make_shared<T>(std::forward<Arguments>(arguments)...));
  }
  /// Gives an object that is there, of `T` or of a class derived from it: so `T` may be an
  /// interface. It must not be null.
  template <class T, class Derived>
    requires std::is_convertible_v<Derived*, T*>
  T& provide(std::shared_ptr<Derived> object) {
    std::shared_ptr<T> given = std::move(object);
    T* const reference = given.get();
    declarations_.provide(std::type_index(typeid(T)), std::move(given));
    return *reference;
  }
  template <class T, class Derived>
    requires std::is_convertible_v<Derived*, T*>
  T& provide(std::unique_ptr<Derived> object) {
    return provide<T>(std::shared_ptr<Derived>(std::move(object)));
  }

  /// Publishes the manifest of a plugin at /.well-known/ai-plugin.json, so that agents find the
  /// service's API. Once; names and texts that break its rules are defects.
  void plugin(PluginOptions options,
              std::source_location location = std::source_location::current()) {
    declarations_.add(std::move(options), location);
  }

  /// Lets the service take part in the verb `sim`: `set_up` gives each simulation its scenario and
  /// its invariants (eventual/simulation.hpp). A later call replaces it.
  void simulate(std::function<void(Simulation&)> set_up) { simulation_ = std::move(set_up); }
  /// What `simulate` was given; empty: nothing.
  const std::function<void(Simulation&)>& simulation() const noexcept { return simulation_; }

  /// The OpenAPI 3.1 document of all commands and routes, as GET /openapi.json gives it. With a
  /// `public_url` it names that as the server; without, callers take the address where they found
  /// it. Call it once the declarations are complete; any thread.
  Json openapi(std::string_view public_url = {}) const;

  /// Runs the program: `serve` (also without a verb), `sim`, `manifest`, `openapi`, `version`; each
  /// knows --help. Returns the exit code: 0 after a clean stop, 1 when it could not run or a
  /// simulation failed, 2 for wrong usage or a defect in the declarations. Handles SIGTERM and
  /// SIGINT.
  int run(int argc, char** argv);

  const detail::NotedDeclarations& declarations() const noexcept { return declarations_; }
  const ServiceOptions& options() const noexcept { return options_; }

 private:
  template <class T, class Partition, class Sort>
  friend class ServiceEntity;

  template <class T>
  ServiceEvent<EntityChange<T>> changes_of(std::string_view entity_name,
                                           std::source_location location) {
    detail::EventDefinition definition;
    definition.location = location;
    definition.input = &detail::schema_of<EntityChange<T>>();
    definition.normalise = &detail::checked_json<EntityChange<T>>;
    return ServiceEvent<EntityChange<T>>(
        *this, declarations_.add_changes(entity_name, std::move(definition)).name);
  }

  template <class Types>
  static void describe(detail::Declaration& declaration, std::string declared_name,
                       std::source_location location) {
    declaration.name = std::move(declared_name);
    declaration.location = location;
    declaration.input = detail::schema_or_null<typename Types::Input>();
    declaration.output = detail::schema_or_null<typename Types::Output>();
  }

  template <class Types>
  void note_needs(const std::string& kind, const detail::Declaration& declaration) {
    declarations_.note(kind + " \"" + declaration.name + "\"",
                       detail::needs_of<detail::OnlyContexts, typename Types::Parameters,
                                        Types::has_input ? 1 : 0>(),
                       declaration.location);
  }

  Schedule add_schedule(std::string schedule_name, Timetable when, std::string_view workflow_name,
                        std::string input_json, ScheduleOptions options,
                        std::source_location location);

  Subscription add_webhook(std::string subscription_name, std::vector<detail::EventSource> sources,
                           WebhookOptions options, std::source_location location);

  Pipeline<> unguarded() { return {declarations_, {}}; }

  std::function<void(Simulation&)> simulation_;
};

template <class T>
template <class Handler>
Subscription ServiceEvent<T>::on(std::string name, SubscriptionOptions options, Handler handler,
                                 std::source_location location) const {
  return service_->subscription(std::move(name), eventual::on(static_cast<const Event<T>&>(*this)),
                                std::move(options), std::move(handler), location);
}

template <class T, class Partition, class Sort>
ServiceEvent<EntityChange<T>> ServiceEntity<T, Partition, Sort>::changes(
    std::source_location location) const {
  return service_->template changes_of<T>(this->name(), location);
}

template <class T, class Partition, class Sort>
template <class Handler>
Subscription ServiceEntity<T, Partition, Sort>::on_change(std::string name,
                                                          SubscriptionOptions options,
                                                          Handler handler,
                                                          std::source_location location) const {
  return changes(location).on(std::move(name), std::move(options), std::move(handler), location);
}
template <class T, class Partition, class Sort>
template <class Handler>
  requires(!std::is_convertible_v<Handler, SubscriptionOptions>)
Subscription ServiceEntity<T, Partition, Sort>::on_change(std::string name, Handler handler,
                                                          std::source_location location) const {
  return on_change(std::move(name), SubscriptionOptions{}, std::move(handler), location);
}

}  // namespace eventual
