// Entities: versioned records of a service, found by key and through indexes.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "eventual/detail/entity_key.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/future.hpp"
#include "eventual/schema.hpp"

namespace eventual {

/// An item with its version: 1 when it was first put, one more with every change that was
/// committed, unless its put kept it.
template <class T>
struct Versioned {
  T value;
  std::uint64_t version = 0;
};

/// A part of what a query found.
template <class T>
struct Page {
  std::vector<T> items;
  std::vector<std::uint64_t> versions;  ///< of the items, by position
  std::string cursor;                   ///< gives the next page; empty: there is none
};

struct EntityOptions {
  std::string description = {};
};

struct PutOptions {
  /// The version that the stored item must have; 0: there must be none. Otherwise the call fails
  /// with UnexpectedVersion and changes nothing.
  std::optional<std::uint64_t> expected_version = {};
  /// False: the item keeps its version, so that who knows it may still write; a new item gets 1.
  bool increment_version = true;
};

struct RemoveOptions {
  std::optional<std::uint64_t> expected_version = {};  ///< as for put
};

/// The most items of one page.
inline constexpr std::uint32_t k_page_items_max = 1000;

/// Which items of a partition: a condition on their sort key. With a sort key of several parts, a
/// condition may name the first of them only: `ev::equal("open")`, `ev::at_least(std::tuple{"open",
/// time})`.
template <class Sort>
class SortCondition {
 public:
  SortCondition() = default;  ///< all
  template <class Value>
    requires detail::begins_key<Value, Sort>
  SortCondition(const SortCondition<Value>& other)  // NOLINT: converts on purpose
      : json_(other.json()) {}

  /// {"between": [["a"], ["c"]]}; empty: all.
  const std::string& json() const noexcept { return json_; }

  static SortCondition of(std::string_view kind, const Sort& value) {
    SortCondition condition;
    condition.json_ = "{\"" + std::string(kind) + "\":" + detail::key_json(value) + "}";
    return condition;
  }
  static SortCondition between(const Sort& first, const Sort& last) {
    SortCondition condition;
    condition.json_ =
        "{\"between\":[" + detail::key_json(first) + "," + detail::key_json(last) + "]}";
    return condition;
  }

 private:
  std::string json_;
};

// Conditions on a sort key. Text is compared byte by byte, numbers and times by value.
template <class Value>
auto equal(Value value) {
  using Key = detail::KeyValue<Value>;
  return SortCondition<Key>::of("equal", Key(std::move(value)));
}
template <class Value>
auto less(Value value) {
  using Key = detail::KeyValue<Value>;
  return SortCondition<Key>::of("less", Key(std::move(value)));
}
template <class Value>
auto at_most(Value value) {
  using Key = detail::KeyValue<Value>;
  return SortCondition<Key>::of("at_most", Key(std::move(value)));
}
template <class Value>
auto greater(Value value) {
  using Key = detail::KeyValue<Value>;
  return SortCondition<Key>::of("greater", Key(std::move(value)));
}
template <class Value>
auto at_least(Value value) {
  using Key = detail::KeyValue<Value>;
  return SortCondition<Key>::of("at_least", Key(std::move(value)));
}
/// Both ends are included.
template <class Value, class Last>
auto between(Value first, Last last) {
  using Key = detail::KeyValue<Value>;
  return SortCondition<Key>::between(Key(std::move(first)), Key(std::move(last)));
}
/// The last part that is named is text and begins so.
template <class Value>
auto begins_with(Value prefix) {
  using Key = detail::KeyValue<Value>;
  static_assert(detail::ends_with_text<Key>, "begins_with() takes text as its last part");
  return SortCondition<Key>::of("begins_with", Key(std::move(prefix)));
}

template <class Sort>
struct QueryOptions {
  SortCondition<Sort> sort = {};
  std::uint32_t limit = 100;  ///< items of one page, 1 to k_page_items_max
  std::string cursor = {};    ///< of the page before
  bool descending = false;    ///< the last first
};

struct ScanOptions {
  std::uint32_t limit = 100;
  std::string cursor = {};
};

namespace detail {

template <class T>
void decode_item(std::string_view json, void* object) {
  auto item = decode_value<std::optional<Versioned<T>>>(json);
  if (item) *static_cast<std::optional<T>*>(object) = std::move(item->value);
}

/// What a query answers on the wire.
template <class T>
struct FoundItems {
  std::vector<Versioned<T>> items;
  std::string cursor;
};

template <class T>
void decode_page(std::string_view json, void* object) {
  auto found = decode_value<FoundItems<T>>(json);
  auto& page = *static_cast<Page<T>*>(object);
  for (Versioned<T>& item : found.items) {
    page.items.push_back(std::move(item.value));
    page.versions.push_back(item.version);
  }
  page.cursor = std::move(found.cursor);
}

/// JSON array of the members of an object type.
std::string member_names_json(const TypeSchema& type);

template <class T, class View, class Options>
EntityCall query_call(std::string_view entity, std::string_view index, const Options& options,
                      std::source_location location) {
  EntityCall call;
  call.request.operation = EntityRequest::Operation::query;
  call.request.entity = entity;
  call.request.index = index;
  call.request.limit = options.limit;
  call.request.cursor = options.cursor;
  if constexpr (!std::is_same_v<T, View>) {
    static const std::string names = member_names_json(schema_of<View>());
    call.request.select = names;
  }
  call.decode = &decode_page<View>;
  call.location = location;
  return call;
}

SlotRef call_entity(EntityCall call);

}  // namespace detail

/// A secondary index of an entity. A literal value: copy it freely.
///
/// Items are found by other members than their key; several may share a place, the entity's key
/// then decides the order. An item whose index members are not all present (std::optional) is not
/// in the index. Items that were written before the index was declared are found once they are
/// written again.
template <class T, class Partition, class Sort>
class Index {
 public:
  constexpr Index(std::string_view entity, std::string_view name) noexcept
      : entity_(entity), name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// As Entity::query, in the order of the index.
  template <class View = T>
  Future<Page<View>> query(const Partition& partition,
                           const QueryOptions<detail::SortOrNone<Sort>>& options = {},
                           std::source_location location = std::source_location::current()) const {
    detail::EntityCall call = detail::query_call<T, View>(entity_, name_, options, location);
    call.request.key = detail::key_json(partition);
    call.request.condition = options.sort.json();
    call.request.descending = options.descending;
    return Future<Page<View>>(detail::call_entity(std::move(call)));
  }

 private:
  std::string_view entity_;
  std::string_view name_;
};

/// An entity of a service: its items by key. A literal value: copy it freely.
///
/// In a workflow each operation is a recorded call: replay gives the recorded result, and a write
/// happens once. In a transaction it belongs to the transaction. In other handlers reads see what
/// is committed and a write is committed by itself when its future completes; a task that runs
/// again writes again. All fail with InvalidInput where a key or value does not fit, LimitExceeded,
/// Unavailable.
template <class T, class Partition, class Sort = void>
class Entity {
  static constexpr bool k_sorted = !std::is_void_v<Sort>;

 public:
  using value_type = T;

  /// Names an entity that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Entity(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// The item with that key, or nothing.
  Future<std::optional<T>> get(
      const Partition& partition,
      std::source_location location = std::source_location::current()) const
    requires(!k_sorted)
  {
    return read<std::optional<T>>(detail::key_json(partition), &detail::decode_item<T>, location);
  }
  Future<std::optional<T>> get(
      const Partition& partition, const detail::Stored<Sort>& sort,
      std::source_location location = std::source_location::current()) const
    requires k_sorted
  {
    return read<std::optional<T>>(detail::key_json(partition, sort), &detail::decode_item<T>,
                                  location);
  }

  /// The item with its version, or nothing.
  Future<std::optional<Versioned<T>>> get_versioned(
      const Partition& partition,
      std::source_location location = std::source_location::current()) const
    requires(!k_sorted)
  {
    return read<std::optional<Versioned<T>>>(
        detail::key_json(partition), detail::decoder_of<std::optional<Versioned<T>>>(), location);
  }
  Future<std::optional<Versioned<T>>> get_versioned(
      const Partition& partition, const detail::Stored<Sort>& sort,
      std::source_location location = std::source_location::current()) const
    requires k_sorted
  {
    return read<std::optional<Versioned<T>>>(detail::key_json(partition, sort),
                                             detail::decoder_of<std::optional<Versioned<T>>>(),
                                             location);
  }

  /// Stores the item under its key, instead of what was there. Gives its version.
  Future<std::uint64_t> put(const T& item, const PutOptions& options = {},
                            std::source_location location = std::source_location::current()) const {
    detail::EntityCall call;
    call.request.operation = detail::EntityRequest::Operation::put;
    call.request.entity = name_;
    call.request.value = to_json(item);
    call.request.expected_version = options.expected_version;
    call.request.keep_version = !options.increment_version;
    call.item = &item;
    call.decode = detail::decoder_of<std::uint64_t>();
    call.normalise = &detail::normalise_json<T>;
    call.location = location;
    return Future<std::uint64_t>(detail::call_entity(std::move(call)));
  }

  /// Removes the item. False when there was none.
  Future<bool> remove(const Partition& partition, const RemoveOptions& options = {},
                      std::source_location location = std::source_location::current()) const
    requires(!k_sorted)
  {
    return remove_key(detail::key_json(partition), options, location);
  }
  Future<bool> remove(const Partition& partition, const detail::Stored<Sort>& sort,
                      const RemoveOptions& options = {},
                      std::source_location location = std::source_location::current()) const
    requires k_sorted
  {
    return remove_key(detail::key_json(partition, sort), options, location);
  }

  /// Items of one partition in the order of their sort keys, a page at a time. With a `View` (a
  /// struct with some of the item's members) only those members are read.
  template <class View = T>
  Future<Page<View>> query(const Partition& partition,
                           const QueryOptions<detail::SortOrNone<Sort>>& options = {},
                           std::source_location location = std::source_location::current()) const {
    detail::EntityCall call = detail::query_call<T, View>(name_, {}, options, location);
    call.request.key = detail::key_json(partition);
    call.request.condition = options.sort.json();
    call.request.descending = options.descending;
    return Future<Page<View>>(detail::call_entity(std::move(call)));
  }

  /// All items in the order of their keys, a page at a time. Throws NotAllowed in a transaction,
  /// which could not be held against all of them.
  template <class View = T>
  Future<Page<View>> scan(const ScanOptions& options = {},
                          std::source_location location = std::source_location::current()) const {
    detail::EntityCall call = detail::query_call<T, View>(name_, {}, options, location);
    call.request.operation = detail::EntityRequest::Operation::scan;
    return Future<Page<View>>(detail::call_entity(std::move(call)));
  }

 private:
  template <class Result>
  Future<Result> read(std::string key, detail::DecodeFunction decode,
                      std::source_location location) const {
    detail::EntityCall call;
    call.request.entity = name_;
    call.request.key = std::move(key);
    call.decode = decode;
    call.location = location;
    return Future<Result>(detail::call_entity(std::move(call)));
  }
  Future<bool> remove_key(std::string key, const RemoveOptions& options,
                          std::source_location location) const {
    detail::EntityCall call;
    call.request.operation = detail::EntityRequest::Operation::remove;
    call.request.entity = name_;
    call.request.key = std::move(key);
    call.request.expected_version = options.expected_version;
    call.decode = detail::decoder_of<bool>();
    call.location = location;
    return Future<bool>(detail::call_entity(std::move(call)));
  }

  std::string_view name_;
};

}  // namespace eventual
