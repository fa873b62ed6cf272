// The inside of Json, for the reader and the writer.
#pragma once

#include "eventual/json.hpp"

namespace eventual::detail {

struct JsonAccess {
  static bool is_uint64(const Json& value) { return value.tag_ == Json::Tag::uint64; }
  static std::uint64_t bits(const Json& value) { return value.uint64_; }
  static double number(const Json& value) { return value.number_; }
  /// `members` must not name one twice.
  static Json object(Json::Object members) {
    Json result = Json::object();
    *result.object_ = std::move(members);
    return result;
  }
};

}  // namespace eventual::detail
