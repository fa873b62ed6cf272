#include <algorithm>
#include <string_view>
#include <utility>

#include "eventual/detail/runtime.hpp"
#include "eventual/ids.hpp"
#include "eventual/middleware.hpp"

namespace eventual::middleware {
namespace {

constexpr std::size_t k_id_bytes_max = 128;

/// It can stand in a log line and a header as it is.
bool is_well_formed(std::string_view id) {
  return !id.empty() && id.size() <= k_id_bytes_max &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '+' || c == '=';
         });
}

}  // namespace

RequestId RequestIds::operator()(const http::Request& request, CommandContext& context) const {
  const std::string_view given = http::find(request.headers, options_.header);
  RequestId id{options_.accepts_callers && is_well_formed(given)
                   ? std::string(given)
                   : detail::Runtime::require("making a request id").make_id()};
  context.response_headers().emplace_back(options_.header, id.value);
  return id;
}

}  // namespace eventual::middleware
