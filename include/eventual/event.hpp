// Events: typed facts that a service publishes, and the subscriptions that handle them.
#pragma once

#include <array>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eventual/detail/definitions.hpp"
#include "eventual/detail/event_filter.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/event_options.hpp"
#include "eventual/future.hpp"
#include "eventual/schema.hpp"
#include "eventual/task.hpp"

namespace eventual {

class Service;

// --- filters ---

/// A condition on the payload of an event of type T: comparisons of members, put together with
/// `&&`, `||` and `!`. A member that is absent or null satisfies no comparison but `!=`.
///
///   ev::where<&Order::amount_cents>() >= 10'000 && ev::where<&Order::card>() != "test"
template <class T>
class Filter {
 public:
  explicit Filter(detail::EventFilter filter) : filter_(std::move(filter)) {}

  friend Filter operator&&(const Filter& left, const Filter& right) {
    return join(detail::EventFilter::Kind::all, {left.filter_, right.filter_});
  }
  friend Filter operator||(const Filter& left, const Filter& right) {
    return join(detail::EventFilter::Kind::any, {left.filter_, right.filter_});
  }
  friend Filter operator!(const Filter& condition) {
    return join(detail::EventFilter::Kind::negated, {condition.filter_});
  }

  const detail::EventFilter& data() const noexcept { return filter_; }

 private:
  static Filter join(detail::EventFilter::Kind kind, std::vector<detail::EventFilter> parts) {
    detail::EventFilter joined;
    joined.kind = kind;
    joined.parts = std::move(parts);
    return Filter(std::move(joined));
  }

  detail::EventFilter filter_;
};

namespace detail {

template <class M>
struct MemberTypes;
template <class C, class V>
struct MemberTypes<V C::*> {
  using Class = C;
  using Value = V;
};
template <class V>
struct ComparedTo {
  using type = V;
};
template <class V>
struct ComparedTo<std::optional<V>> {
  using type = V;
};

template <auto Member>
std::string pointer_of_member() {
  using Class = typename MemberTypes<decltype(Member)>::Class;
  return member_pointer(schema_of<Class>(), __PRETTY_FUNCTION__);
}

/// One member of a payload of type T, by its path.
template <class T, class Value>
class FilterMember {
 public:
  explicit FilterMember(std::string pointer) : pointer_(std::move(pointer)) {}

  Filter<T> operator==(const Value& value) const { return compare(Op::equal, value); }
  Filter<T> operator!=(const Value& value) const { return compare(Op::not_equal, value); }
  Filter<T> operator<(const Value& value) const { return compare(Op::less, value); }
  Filter<T> operator<=(const Value& value) const { return compare(Op::at_most, value); }
  Filter<T> operator>(const Value& value) const { return compare(Op::greater, value); }
  Filter<T> operator>=(const Value& value) const { return compare(Op::at_least, value); }
  /// Equal to one of them.
  Filter<T> one_of(std::initializer_list<Value> values) const {
    EventFilter any;
    any.kind = EventFilter::Kind::any;
    for (const Value& value : values) any.parts.push_back(compare(Op::equal, value).data());
    return Filter<T>(std::move(any));
  }

 private:
  using Op = EventFilter::Compare;
  Filter<T> compare(Op operation, const Value& value) const {
    EventFilter filter;
    filter.kind = EventFilter::Kind::compare;
    filter.compare = operation;
    filter.pointer = pointer_;
    filter.value = Json::parse(to_json(value)).value();
    return Filter<T>(std::move(filter));
  }

  std::string pointer_;
};

template <auto Member, auto... Inner>
struct PathTypes {
  using Last = typename PathTypes<Inner...>::Last;
};
template <auto Member>
struct PathTypes<Member> {
  using Last = typename ComparedTo<typename MemberTypes<decltype(Member)>::Value>::type;
};

}  // namespace detail

/// A member of an event's payload, to be compared: `ev::where<&Order::amount_cents>() > 1000`; of a
/// member's member: `ev::where<&Order::address, &Address::city>() == "Vienna"`.
template <auto Member, auto... Inner>
auto where() {
  using T = typename detail::MemberTypes<decltype(Member)>::Class;
  using Value = typename detail::PathTypes<Member, Inner...>::Last;
  std::string pointer = detail::pointer_of_member<Member>();
  ((pointer += detail::pointer_of_member<Inner>()), ...);
  return detail::FilterMember<T, Value>(std::move(pointer));
}

// --- events ---

template <class T>
class FilteredEvent;

/// An event of some service. A literal value: copy it freely. `ev::Event<T> x{"Name"}` names one
/// that is declared elsewhere, for contracts.
template <class T>
class Event : public detail::RemoteHandle {
 public:
  using payload_type = T;

  /// `name` must outlive the handle.
  explicit constexpr Event(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Emits it to every subscription. Anywhere:
  ///
  /// - a workflow: part of the turn; ready at once. Replay: emitted once.
  /// - a task or a subscription's handler: leaves with the success of the attempt and is ready at
  ///   once; with `.immediate` now, and ready when it is durable.
  /// - a command: ready when it is durable.
  /// - as part of a ServiceClient's contract: to that service, at once; ready when it is durable
  ///   there. Counts once although it may be sent again.
  ///
  /// Throws or fails with InvalidInput for a payload that breaks the event's schema, NotFound where
  /// the service does not declare the event, LimitExceeded for a payload beyond 4 MiB or (where the
  /// emitter waits) a subscription with too long a backlog.
  Future<void> emit(const T& payload, const EmitOptions& options = {},
                    std::source_location location = std::source_location::current()) const {
    detail::EmitCall emitted{.event = name_,
                             .payload = to_json(payload),
                             .id = options.id,
                             .key = options.key,
                             .immediate = options.immediate,
                             .normalise = &detail::normalise_json<T>,
                             .location = location};
    if (this->remote_ != nullptr)
      return Future<void>(this->remote_->emit_event(std::move(emitted)));
    return Future<void>(
        detail::Runtime::require("emitting an event").emit_event(std::move(emitted)));
  }

  /// For ev::on: only those whose payload satisfies the filter.
  FilteredEvent<T> where(Filter<T> filter) const {
    return FilteredEvent<T>(*this, std::move(filter));
  }

 private:
  std::string_view name_;
};

template <class T>
class FilteredEvent {
 public:
  using payload_type = T;
  FilteredEvent(const Event<T>& event, Filter<T> filter)
      : event_(event), filter_(std::move(filter)) {}

  const Event<T>& event() const noexcept { return event_; }
  const Filter<T>& filter() const noexcept { return filter_; }

 private:
  Event<T> event_;
  Filter<T> filter_;
};

/// What a subscription takes; made by ev::on.
template <class... Payloads>
struct EventSelection {
  std::vector<detail::EventSource> sources;
};

namespace detail {

template <class T>
EventSource source_of(const Event<T>& event) {
  return {std::string(event.name()), &schema_of<T>(), &checked_json<T>, {}};
}
template <class T>
EventSource source_of(const FilteredEvent<T>& filtered) {
  EventSource source = source_of(filtered.event());
  source.filter = filtered.filter().data();
  return source;
}

}  // namespace detail

/// Selects events for a subscription: `ev::on(order_created, order_cancelled.where(…))`.
template <class... Events>
  requires(sizeof...(Events) > 0)
EventSelection<typename Events::payload_type...> on(const Events&... events) {
  return {{detail::source_of(events)...}};
}

/// One handler made of several: `ev::overloads{[](const Created&) {…}, [](const Cancelled&) {…}}`.
template <class... Functions>
struct overloads : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloads(Functions...) -> overloads<Functions...>;

/// The event that a handler is called for, beside its payload. Valid while the handler runs, on its
/// thread.
class EventContext {
 public:
  /// All must outlive it.
  EventContext(const std::vector<detail::DeliveredEvent>& events, const TaskContext& attempt,
               std::string_view subscription)
      : events_(events), attempt_(attempt), subscription_(subscription) {}

  /// The same however often it is delivered. Of a batch these are the first one's.
  std::string_view id() const noexcept { return events_.front().id; }
  std::string_view name() const noexcept { return events_.front().name; }
  std::string_view key() const noexcept { return events_.front().key; }
  /// The service that emitted it; empty: this one.
  std::string_view source() const noexcept { return events_.front().source; }
  /// When it was emitted.
  Timestamp time() const noexcept { return events_.front().at; }
  /// All of a batch, in the order of the handler's vector.
  const std::vector<detail::DeliveredEvent>& events() const noexcept { return events_; }

  std::string_view subscription() const noexcept { return subscription_; }
  /// 1 for the first; one that a crash interrupted runs again under the same number.
  std::uint32_t attempt() const noexcept { return attempt_.attempt(); }
  /// The same for every attempt.
  const std::string& idempotency_key() const noexcept { return attempt_.idempotency_key(); }
  /// Asked to stop when the attempt timed out or the service shuts down.
  const std::stop_token& stop_token() const noexcept { return attempt_.stop_token(); }

 private:
  const std::vector<detail::DeliveredEvent>& events_;
  const TaskContext& attempt_;
  std::string_view subscription_;
};

template <>
inline constexpr bool detail::outlives_coroutine<EventContext> = true;

/// A subscription of a service.
class Subscription {
 public:
  explicit constexpr Subscription(std::string_view name) noexcept : name_(name) {}
  std::string_view name() const noexcept { return name_; }

 private:
  std::string_view name_;
};

namespace detail {

template <class Input, class T>
inline constexpr bool k_takes = std::is_same_v<Input, T>;
template <class... Options, class T>
inline constexpr bool k_takes<std::variant<Options...>, T> =
    std::is_same_v<std::variant<Options...>, T> || (std::is_same_v<Options, T> || ...);

template <class T>
struct BatchOf {
  using type = void;
};
template <class T>
struct BatchOf<std::vector<T>> {
  using type = T;
};

/// Whether a handler takes one event (Element is its input) or several.
template <class Input, class... Payloads>
struct SubscriptionInput {
  static constexpr bool single = (k_takes<Input, Payloads> && ...);
  using Element = std::conditional_t<single, Input, typename BatchOf<Input>::type>;
  static_assert((k_takes<Element, Payloads> && ...),
                "the handler's input must be the event's payload, a std::variant of the payloads "
                "of all events, or a std::vector of that");
};

inline std::size_t position_of(const std::vector<std::string>& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  throw Error(std::string(error_names::k_internal),
              "the subscription does not take event " + std::string(name));
}

template <class Element, class... Payloads>
Element payload_of(const std::vector<std::string>& names, const DeliveredEvent& event) {
  constexpr std::array<Element (*)(std::string_view), sizeof...(Payloads)> k_decoders = {
      +[](std::string_view json) -> Element { return decode_value<Payloads>(json); }...};
  return k_decoders[position_of(names, event.name)](event.payload);
}

template <class Result>
void run_to_end(Result&& result) {
  if constexpr (is_future<std::remove_cvref_t<Result>>) result.get();
}

template <class Handler, class... Payloads>
struct SubscriptionHandler {
  static constexpr bool overloaded = !HasCallOperator<Handler> && std::is_class_v<Handler>;
  static constexpr bool is_batched() {
    if constexpr (overloaded) {
      return false;
    } else {
      return !SubscriptionInput<typename HandlerTypes<Handler>::Input, Payloads...>::single;
    }
  }

  Handler handler;
  std::vector<std::string> names;

  /// One function a payload type, for overloads.
  template <class T>
  static void call(Handler& handler, const DeliveredEvent& event, EventContext& context) {
    static_assert(
        std::is_invocable_v<Handler&, T> || std::is_invocable_v<Handler&, T, EventContext&>,
        "the handler does not take one of the events' payloads");
    if constexpr (std::is_invocable_v<Handler&, T, EventContext&>) {
      finish([&]() -> decltype(auto) { return handler(decode_value<T>(event.payload), context); });
    } else {
      finish([&]() -> decltype(auto) { return handler(decode_value<T>(event.payload)); });
    }
  }
  template <class Call>
  static void finish(Call&& run) {
    if constexpr (std::is_void_v<decltype(run())>) {
      run();
    } else {
      run_to_end(run());
    }
  }

  std::string operator()(std::string_view delivery, HandlerScope& scope) {
    std::string_view subscription;
    const std::vector<DeliveredEvent> events = read_delivery(delivery, subscription);
    EventContext context(events, *scope.task, subscription);
    scope.event = &context;
    if constexpr (overloaded) {
      constexpr std::array<void (*)(Handler&, const DeliveredEvent&, EventContext&),
                           sizeof...(Payloads)>
          k_calls = {&SubscriptionHandler::template call<Payloads>...};
      const DeliveredEvent& event = events.front();
      k_calls[position_of(names, event.name)](handler, event, context);
    } else {
      using Types = HandlerTypes<Handler>;
      static_assert(Types::has_input, "a subscription's handler takes the payload first");
      using Kind = SubscriptionInput<typename Types::Input, Payloads...>;
      using Element = typename Kind::Element;
      constexpr std::size_t k_supplied =
          std::tuple_size_v<typename Types::Parameters> - (Types::has_input ? 1 : 0);
      if constexpr (Kind::single) {
        invoke<Types>(payload_of<Element, Payloads...>(names, events.front()), scope,
                      std::make_index_sequence<k_supplied>{});
      } else {
        std::vector<Element> inputs;
        inputs.reserve(events.size());
        for (const DeliveredEvent& event : events)
          inputs.push_back(payload_of<Element, Payloads...>(names, event));
        invoke<Types>(std::move(inputs), scope, std::make_index_sequence<k_supplied>{});
      }
    }
    return "null";
  }

 private:
  template <class Types, class Input, std::size_t... Index>
  void invoke(Input input, HandlerScope& scope, std::index_sequence<Index...>) {
    using Parameters = typename Types::Parameters;
    finish([&]() -> decltype(auto) {
      return handler(std::move(input),
                     supply<std::tuple_element_t<Index + 1, Parameters>>(scope)...);
    });
  }
};

/// A subscription's definition; src/engine may be given one that no service declares.
template <class Handler, class... Payloads>
SubscriptionDefinition make_subscription(std::string name, EventSelection<Payloads...> selection,
                                         SubscriptionOptions options, Handler handler,
                                         std::source_location location) {
  using Runs = SubscriptionHandler<Handler, Payloads...>;
  SubscriptionDefinition definition;
  definition.name = std::move(name);
  definition.location = location;
  definition.batched = Runs::is_batched();
  std::vector<std::string> names;
  names.reserve(selection.sources.size());
  for (const EventSource& source : selection.sources) names.push_back(source.name);
  definition.sources = std::move(selection.sources);
  definition.options = std::move(options);
  definition.attempt.run = Runs{std::move(handler), std::move(names)};
  return definition;
}

}  // namespace detail

/// An event that a service declares.
template <class T>
class ServiceEvent : public Event<T> {
 public:
  ServiceEvent(Service& service, std::string_view name) noexcept
      : Event<T>(name), service_(&service) {}

  /// Declares a subscription to this event alone; as Service::subscription.
  template <class Handler>
  Subscription on(std::string name, SubscriptionOptions options, Handler handler,
                  std::source_location location = std::source_location::current()) const;
  template <class Handler>
    requires(!std::is_convertible_v<Handler, SubscriptionOptions>)
  Subscription on(std::string name, Handler handler,
                  std::source_location location = std::source_location::current()) const {
    return on(std::move(name), SubscriptionOptions{}, std::move(handler), location);
  }

 private:
  Service* service_;
};

}  // namespace eventual

#include "eventual/service.hpp"  // IWYU pragma: keep: declaring a subscription needs it
