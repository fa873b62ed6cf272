// Transactions: several entities read and changed as one, serialisably, exactly as if nobody else
// were there.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eventual/detail/entity_calls.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/entity.hpp"
#include "eventual/future.hpp"

namespace eventual {

struct TransactionOptions {
  /// How often the handler runs in all while others change what it read; then the call fails with
  /// TransactionConflict.
  std::uint32_t max_attempts = 100;
  std::string description = {};
};

/// How a transaction is called.
struct TransactOptions {
  /// Handlers: calling it again with the same id and input within 24 hours gives the result of the
  /// first call that succeeded and does nothing; with another input it fails with AlreadyExists.
  /// Empty: every call counts. In a workflow a call happens once without one.
  std::string id = {};
};

/// What a transaction's handler works with: results are at hand at once, no future is needed. Reads
/// see the handler's own writes. Valid while the handler runs, on its thread.
class TransactionContext {
 public:
  explicit TransactionContext(std::uint32_t attempt) noexcept : attempt_(attempt) {}

  /// 1, and one more each time that others changed what the handler had read.
  std::uint32_t attempt() const noexcept { return attempt_; }

  /// Entity::get.
  template <class Entity, class... Key>
  std::optional<typename Entity::value_type> get(const Entity& entity, const Key&... key) const {
    return entity.get(key...).get();
  }
  /// Entity::get_versioned. An item that this transaction has put has the version that it will get.
  template <class Entity, class... Key>
  std::optional<Versioned<typename Entity::value_type>> get_versioned(const Entity& entity,
                                                                      const Key&... key) const {
    return entity.get_versioned(key...).get();
  }
  /// Entity::put. However often an item is put, its version rises once; not at all when each put
  /// keeps it. The expected version is that of the item as the transaction found it.
  template <class T, class Partition, class Sort>
  std::uint64_t put(const Entity<T, Partition, Sort>& entity, const std::type_identity_t<T>& item,
                    const PutOptions& options = {}) const {
    return entity.put(item, options).get();
  }
  /// Entity::remove.
  template <class Entity, class... Key>
  bool remove(const Entity& entity, const Key&... key) const {
    return entity.remove(key...).get();
  }
  /// Entity::query or Index::query. What others add to the range conflicts as what they change.
  template <class T, class Partition, class Sort>
  Page<T> query(const Entity<T, Partition, Sort>& entity,
                const std::type_identity_t<Partition>& partition,
                const QueryOptions<detail::SortOrNone<Sort>>& options = {}) const {
    return entity.query(partition, options).get();
  }
  template <class T, class Partition, class Sort>
  Page<T> query(const Index<T, Partition, Sort>& index,
                const std::type_identity_t<Partition>& partition,
                const QueryOptions<detail::SortOrNone<Sort>>& options = {}) const {
    return index.query(partition, options).get();
  }
  /// Sends a signal when the transaction is committed, and only then: `tx.send(approved,
  /// execution_id, payload)`.
  template <class Signal, class... Arguments>
  void send(const Signal& signal, Arguments&&... arguments) const {
    signal.send(std::forward<Arguments>(arguments)...).get();
  }
  /// Emits an event when the transaction is committed, and only then: `tx.emit(order_paid,
  /// payload)`.
  template <class Event, class... Arguments>
  void emit(const Event& event, Arguments&&... arguments) const {
    event.emit(std::forward<Arguments>(arguments)...).get();
  }

 private:
  std::uint32_t attempt_;
};

template <>
inline constexpr bool detail::outlives_coroutine<TransactionContext> = true;

namespace detail {
SlotRef call_transaction(TransactionCall call);
}  // namespace detail

/// A transaction of a service. A literal value: copy it freely.
template <class Input, class Output>
class Transaction : public detail::RemoteHandle {
 public:
  using input_type = Input;
  using output_type = Output;

  /// Names a transaction that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Transaction(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Runs it; works in workflows, commands, tasks and subscriptions, not in another transaction.
  /// Completes when all that it wrote is durable. Fails with what its handler throws (then nothing
  /// was written), TransactionConflict, NotFound, LimitExceeded, Unavailable. In a workflow it
  /// happens once; replay gives the recorded result.
  Future<Output> operator()(const detail::Stored<Input>& input, const TransactOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(!std::is_void_v<Input>)
  {
    return call(to_json(input), options, location);
  }
  Future<Output> operator()(const TransactOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(std::is_void_v<Input>)
  {
    return call("null", options, location);
  }

 private:
  Future<Output> call(std::string input, const TransactOptions& options,
                      std::source_location location) const {
    detail::TransactionCall asked{.transaction = name_,
                                  .input = std::move(input),
                                  .id = options.id,
                                  .decode = detail::decoder_of<Output>(),
                                  .normalise = &detail::normalise_json<Input>,
                                  .location = location};
    if (remote_ != nullptr) return Future<Output>(remote_->call_transaction(std::move(asked)));
    return Future<Output>(detail::call_transaction(std::move(asked)));
  }

  std::string_view name_;
};

/// Errors of entities and transactions, as programs compare them.
namespace error_names {
/// The item does not have the version that was expected.
inline constexpr std::string_view k_unexpected_version = "UnexpectedVersion";
/// Others changed what the transaction read, more often than it may run again.
inline constexpr std::string_view k_transaction_conflict = "TransactionConflict";
}  // namespace error_names

}  // namespace eventual
