// A condition on the payload of an event, as data: evaluated without running user code, and shown
// in the manifest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/json.hpp"

namespace eventual::detail {

struct TypeSchema;

struct EventFilter {
  enum class Kind : std::uint8_t { always, compare, all, any, negated };
  enum class Compare : std::uint8_t { equal, not_equal, less, at_most, greater, at_least };
  Kind kind = Kind::always;
  Compare compare = Compare::equal;
  std::string pointer{};             ///< compare: a JSON pointer into the payload
  Json value{};                      ///< compare
  std::vector<EventFilter> parts{};  ///< all, any, negated
};

/// The JSON pointer of a member of `type`, whose name is the last argument of `pretty` (a
/// __PRETTY_FUNCTION__). Throws InvalidInput where there is none.
std::string member_pointer(const TypeSchema& type, std::string_view pretty);

}  // namespace eventual::detail
