// Keys of entities by member pointers: their types, their JSON and their bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eventual/detail/definitions.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "eventual/schema.hpp"

namespace eventual::detail {

/// Stands for the sort key of what has none.
struct NoSort {};
template <class Sort>
using SortOrNone = std::conditional_t<std::is_void_v<Sort>, NoSort, Sort>;

template <class T>
inline constexpr bool is_key_tuple = false;
template <class... Parts>
inline constexpr bool is_key_tuple<std::tuple<Parts...>> = true;

template <class T>
concept KeyScalar = std::same_as<T, std::string> || std::same_as<T, Timestamp> ||
                    (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>);

/// What a value given to a condition is compared as: text for what converts to it.
template <class Value>
struct KeyValueOf {
  using type = std::conditional_t<
      std::convertible_to<Value, std::string_view>, std::string,
      std::conditional_t<std::convertible_to<Value, Timestamp>, Timestamp, Value>>;
};
template <class... Parts>
struct KeyValueOf<std::tuple<Parts...>> {
  using type = std::tuple<typename KeyValueOf<Parts>::type...>;
};
template <class Value>
using KeyValue = typename KeyValueOf<std::remove_cvref_t<Value>>::type;

template <class Value, class Part>
inline constexpr bool begins_part =
    std::same_as<Value, Part> || (std::integral<Value> && std::integral<Part>);

template <class Value, class Sort>
struct BeginsKey : std::bool_constant<begins_part<Value, Sort>> {};
template <class Value, class First, class... Rest>
struct BeginsKey<Value, std::tuple<First, Rest...>>
    : std::bool_constant<begins_part<Value, First>> {};
template <class Sort>
struct BeginsKey<std::tuple<>, Sort> : std::true_type {};
template <class Value, class... Values, class First, class... Rest>
struct BeginsKey<std::tuple<Value, Values...>, std::tuple<First, Rest...>>
    : std::bool_constant<begins_part<Value, First> &&
                         BeginsKey<std::tuple<Values...>, std::tuple<Rest...>>::value> {};
template <class Value, class Sort>
concept begins_key = !std::same_as<Value, Sort> && BeginsKey<Value, Sort>::value;

template <class Key>
inline constexpr bool ends_with_text = std::same_as<Key, std::string>;
template <class... Parts>
inline constexpr bool ends_with_text<std::tuple<Parts...>> =
    std::same_as<std::tuple_element_t<sizeof...(Parts) - 1, std::tuple<Parts...>>, std::string>;

template <class Value>
void append_key_json(std::string& out, const Value& value) {
  if constexpr (is_key_tuple<Value>) {
    std::apply([&](const auto&... parts) { (append_key_json(out, parts), ...); }, value);
  } else {
    if (out.size() > 1) out += ',';
    append_json(out, value);
  }
}

/// `["acme",7]`: the parts of a key as a JSON array.
template <class... Values>
std::string key_json(const Values&... values) {
  std::string out = "[";
  (append_key_json(out, values), ...);
  return out + "]";
}

template <KeyScalar Value>
constexpr KeyKind key_kind() {
  if constexpr (std::same_as<Value, std::string>) {
    return KeyKind::text;
  } else if constexpr (std::same_as<Value, Timestamp>) {
    return KeyKind::time;
  } else {
    return std::is_signed_v<Value> ? KeyKind::integer : KeyKind::unsigned_integer;
  }
}

template <class Member>
struct KeyMember {
  using type = Member;
};
template <class Member>
struct KeyMember<std::optional<Member>> {
  using type = Member;
};

/// The name that a member has on the wire, by its place in the object.
std::string member_name_at(const TypeSchema& type, std::ptrdiff_t offset);

template <class T, class Member>
KeyPart key_part(Member T::* member) {
  using Value = typename KeyMember<Member>::type;
  static_assert(KeyScalar<Value>,
                "a member of a key is a std::string, a whole number or an ev::Timestamp");
  const auto* place = reinterpret_cast<const char*>(std::addressof(k_probe<T>.value.*member));
  return {member_name_at(schema_of<T>(), place - &k_probe<T>.none), key_kind<Value>()};
}

/// False: the member is absent.
template <class Value>
bool append_member(std::string& out, const Value& value) {
  if constexpr (std::integral<Value>) {
    using Wide = std::conditional_t<std::is_signed_v<Value>, std::int64_t, std::uint64_t>;
    append_key_part(out, static_cast<Wide>(value));
  } else {
    append_key_part(out, value);
  }
  return true;
}
template <class Value>
bool append_member(std::string& out, const std::optional<Value>& value) {
  return value && append_member(out, *value);
}

template <class Tuple>
struct KeyType {
  using type = Tuple;
};
template <class Only>
struct KeyType<std::tuple<Only>> {
  using type = Only;
};
template <>
struct KeyType<std::tuple<>> {
  using type = void;
};

/// Some members of T, in order.
template <class T, class... Members>
struct Parts {
  std::tuple<Members T::*...> members;

  /// The key's type: of one member its own, of several a tuple.
  using type = typename KeyType<std::tuple<typename KeyMember<Members>::type...>>::type;
  static constexpr bool k_may_be_absent =
      (false || ... || !std::same_as<Members, typename KeyMember<Members>::type>);

  void describe(std::vector<KeyPart>& out) const {
    std::apply([&](auto... member) { (out.push_back(key_part(member)), ...); }, members);
  }
  bool append(std::string& out, const T& item) const {
    return std::apply([&](auto... member) { return (append_member(out, item.*member) && ...); },
                      members);
  }
};

/// Where items of T stand: a partition and an order within it.
template <class T, class PartitionParts, class SortParts>
struct Key {
  using value_type = T;
  PartitionParts partition;
  SortParts sort;

  using Partition = typename PartitionParts::type;
  using Sort = typename SortParts::type;
  static constexpr bool k_may_be_absent =
      PartitionParts::k_may_be_absent || SortParts::k_may_be_absent;

  KeyDefinition definition() const {
    KeyDefinition definition;
    partition.describe(definition.partition);
    sort.describe(definition.sort);
    return definition;
  }
  /// Nothing where a member is absent.
  std::optional<KeyBytes> bytes(const T& item) const {
    KeyBytes bytes;
    if (!partition.append(bytes.partition, item) || !sort.append(bytes.sort, item))
      return std::nullopt;
    return bytes;
  }
};

template <class T, class Member>
Parts<T, Member> as_parts(Member T::* member) {
  return {{member}};
}
template <class T, class... Members>
Parts<T, Members...> as_parts(const Parts<T, Members...>& parts) {
  return parts;
}

template <class T, class... A, class... B>
Key<T, Parts<T, A...>, Parts<T, B...>> make_key(Parts<T, A...> partition, Parts<T, B...> sort) {
  return {std::move(partition), std::move(sort)};
}
template <class T, class... A>
Key<T, Parts<T, A...>, Parts<T>> make_key(Parts<T, A...> partition) {
  return {std::move(partition), {}};
}

}  // namespace eventual::detail

namespace eventual {

/// Several members as one part of a key: `ev::key(ev::parts(&Order::shop, &Order::region),
/// &Order::id)`.
template <class T, class... Members>
detail::Parts<T, Members...> parts(Members T::*... members) {
  static_assert(sizeof...(Members) > 0, "name at least one member");
  return {{members...}};
}

/// The key of an entity or index: the member (or parts()) that names the partition, and, where a
/// partition holds several items, the one that orders them.
template <class Partition>
auto key(Partition partition) {
  return detail::make_key(detail::as_parts(partition));
}
template <class Partition, class Sort>
auto key(Partition partition, Sort sort) {
  return detail::make_key(detail::as_parts(partition), detail::as_parts(sort));
}

}  // namespace eventual
