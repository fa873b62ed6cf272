#include "eventual/http.hpp"

#include <utility>

#include "gateway/text.hpp"

namespace eventual::http {

std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::head:
      return "HEAD";
    case Method::options:
      return "OPTIONS";
    case Method::any:
      return "*";
  }
  return "*";
}

std::string_view find(const Fields& fields, std::string_view name) noexcept {
  for (const auto& [key, value] : fields) {
    if (gateway::equals_ignoring_case(key, name)) return value;
  }
  return {};
}

Response text_response(std::string text, int status) {
  return {.status = status,
          .headers = {{"content-type", "text/plain; charset=utf-8"}},
          .body = std::move(text)};
}

Response json_response(std::string json, int status) {
  return {
      .status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(json)};
}

}  // namespace eventual::http
