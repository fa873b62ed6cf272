// HTTP as handlers see it: one request, one response, no server types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventual::http {

enum class Method : std::uint8_t { get, post, put, patch, del, head, options, any };

/// "GET", "POST", …; `any` is "*".
std::string_view to_string(Method method) noexcept;

/// Names compare without case; a name may occur more than once.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name`, or an empty view.
std::string_view find(const Fields& fields, std::string_view name) noexcept;

struct Request {
  Method method = Method::get;
  std::string path;        ///< decoded, without the query
  std::string raw_target;  ///< as it arrived
  Fields headers;
  Fields query;            ///< decoded, in order
  Fields path_parameters;  ///< decoded values of `:name` and `*` in the route
  std::string body;
  std::string remote_address;
};

struct Response {
  int status = 200;
  Fields headers;
  std::string body;
};

}  // namespace eventual::http
