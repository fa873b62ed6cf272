// Changes of entities as events, and the subscriptions to them.
#pragma once

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>

#include "eventual/entity.hpp"
#include "eventual/event_options.hpp"

namespace eventual {

class Service;
class Subscription;
template <class T>
class ServiceEvent;

/// What happened to an item.
enum class ChangeKind : std::uint8_t { insert, modify, remove };

/// A change of an item; what ServiceEntity::on_change tells. `before` and `now` are the whole item.
template <class T>
struct EntityChange {
  ChangeKind kind{};
  std::uint64_t version = 0;  ///< the item's; of a removed one the last that it had
  std::optional<T> before;    ///< absent: it was inserted
  std::optional<T> now;       ///< absent: it was removed
};

/// An entity as the service that declares it has it: its changes can be subscribed to.
template <class T, class Partition, class Sort = void>
class ServiceEntity : public Entity<T, Partition, Sort> {
 public:
  ServiceEntity(Service& service, std::string_view name) noexcept
      : Entity<T, Partition, Sort>(name), service_(&service) {}

  /// Declares a subscription to the changes of its items: `accounts.on_change("audit",
  /// [](const ev::EntityChange<Account>& change) {…})`. Every change that is committed, wherever it
  /// is made, is told at least once, with retries and dead letters as Service::subscription has
  /// them; those of one item one after another, in their order. Of several changes of an item in
  /// one transaction the outcome is one change. Changes from before the first such declaration are
  /// not told.
  template <class Handler>
  Subscription on_change(std::string name, SubscriptionOptions options, Handler handler,
                         std::source_location location = std::source_location::current()) const;
  template <class Handler>
    requires(!std::is_convertible_v<Handler, SubscriptionOptions>)
  Subscription on_change(std::string name, Handler handler,
                         std::source_location location = std::source_location::current()) const;

  /// The same changes as an event, for subscriptions with a filter or to several events:
  /// `orders.subscription("big", ev::on(accounts.changes().where(…)), handler)`. Its key is the
  /// item's key. Only the framework emits it. Belongs among the declarations.
  ServiceEvent<EntityChange<T>> changes(
      std::source_location location = std::source_location::current()) const;

 private:
  Service* service_;
};

}  // namespace eventual

#include "eventual/service.hpp"  // IWYU pragma: keep: declaring a subscription needs it
