// Conditions on the payloads of events: whether they hold, and how people see them.
#pragma once

#include "eventual/detail/event_filter.hpp"
#include "eventual/json.hpp"

namespace eventual::model {

/// Whether the payload satisfies the filter. Integers compare exactly, other numbers as doubles,
/// texts by their bytes; values of different types are only unequal.
bool satisfies(const detail::EventFilter& filter, const Json& payload);

/// {"all": [{"pointer": "/amount_cents", "at_least": 1000}, …]}; null for one that always holds.
Json to_json_view(const detail::EventFilter& filter);

}  // namespace eventual::model
