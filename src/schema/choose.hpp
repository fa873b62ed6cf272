// Which alternative of a variant a JSON value is.
#pragma once

#include <cstddef>
#include <string>

#include "schema/plan.hpp"
#include "schema/source.hpp"

namespace eventual::schema {

inline constexpr std::size_t k_no_choice = static_cast<std::size_t>(-1);

/// The alternative of `type` that `element` is by its own look: its JSON type, and for structs the
/// names of its members and the JSON types of their values. Never looks deeper, so that the cost
/// stays linear. k_no_choice with `*reason` when none fits or several do.
std::size_t choose_alternative(const TypeSchema& type, const Element& element,
                               const ReadOptions& options, std::string* reason);

}  // namespace eventual::schema
