#include "model/event_filter.hpp"

#include <algorithm>
#include <compare>
#include <optional>
#include <string>

namespace eventual::model {

using detail::EventFilter;

namespace {

bool fits_int64(const Json& number) {
  return number.is_integer() && number.dump().front() != '-'
             ? number.as_uint64() <= static_cast<std::uint64_t>(INT64_MAX)
             : number.is_integer();
}

/// Nothing: they have no order.
std::optional<std::partial_ordering> order_of(const Json& left, const Json& right) {
  if (left.is_integer() && right.is_integer()) {
    const bool left_fits = fits_int64(left);
    const bool right_fits = fits_int64(right);
    if (left_fits && right_fits) return left.as_int64() <=> right.as_int64();
    if (left_fits != right_fits)
      return left_fits ? std::partial_ordering::less : std::partial_ordering::greater;
    return left.as_uint64() <=> right.as_uint64();
  }
  if (left.is_number() && right.is_number()) return left.as_double() <=> right.as_double();
  if (left.is_string() && right.is_string()) {
    const int order = left.as_string().compare(right.as_string());
    return order <=> 0;
  }
  return std::nullopt;
}

bool compares(const EventFilter& filter, const Json& payload) {
  using Compare = EventFilter::Compare;
  const Json* found = payload.find_at(filter.pointer);
  if (found == nullptr || found->is_null()) return filter.compare == Compare::not_equal;
  if (filter.compare == Compare::equal) return *found == filter.value;
  if (filter.compare == Compare::not_equal) return !(*found == filter.value);
  const auto order = order_of(*found, filter.value);
  if (!order) return false;
  switch (filter.compare) {
    case Compare::less:
      return *order < 0;
    case Compare::at_most:
      return *order <= 0;
    case Compare::greater:
      return *order > 0;
    case Compare::at_least:
      return *order >= 0;
    default:
      return false;
  }
}

std::string_view name_of(EventFilter::Compare compare) {
  switch (compare) {
    case EventFilter::Compare::equal:
      return "equal";
    case EventFilter::Compare::not_equal:
      return "not_equal";
    case EventFilter::Compare::less:
      return "less";
    case EventFilter::Compare::at_most:
      return "at_most";
    case EventFilter::Compare::greater:
      return "greater";
    case EventFilter::Compare::at_least:
      return "at_least";
  }
  return "equal";
}

}  // namespace

bool satisfies(const EventFilter& filter, const Json& payload) {
  const auto holds = [&](const EventFilter& part) { return satisfies(part, payload); };
  switch (filter.kind) {
    case EventFilter::Kind::always:
      return true;
    case EventFilter::Kind::compare:
      return compares(filter, payload);
    case EventFilter::Kind::all:
      return std::all_of(filter.parts.begin(), filter.parts.end(), holds);
    case EventFilter::Kind::any:
      return std::any_of(filter.parts.begin(), filter.parts.end(), holds);
    case EventFilter::Kind::negated:
      return std::none_of(filter.parts.begin(), filter.parts.end(), holds);
  }
  return true;
}

Json to_json_view(const EventFilter& filter) {
  if (filter.kind == EventFilter::Kind::always) return {};
  Json view = Json::object();
  if (filter.kind == EventFilter::Kind::compare) {
    view.set("pointer", filter.pointer);
    view.set(name_of(filter.compare), filter.value);
    return view;
  }
  Json parts = Json::array();
  for (const EventFilter& part : filter.parts) parts.push_back(to_json_view(part));
  view.set(filter.kind == EventFilter::Kind::all   ? "all"
           : filter.kind == EventFilter::Kind::any ? "any"
                                                   : "none",
           std::move(parts));
  return view;
}

}  // namespace eventual::model
