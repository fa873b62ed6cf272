// What a description says of a type's members.
#pragma once

#include <string_view>

#include "eventual/schema.hpp"

namespace eventual::schema {

/// The type of the member `name` (on the wire) of a struct or map, seen through optional; null when
/// there is none.
const detail::TypeSchema* member_type(const detail::TypeSchema* type, std::string_view name);

/// Values of this type are objects.
bool is_object(const detail::TypeSchema& type) noexcept;

/// Values of this type may have members.
bool has_members(const detail::TypeSchema& type) noexcept;

}  // namespace eventual::schema
