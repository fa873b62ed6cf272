#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "eventual/middleware.hpp"
#include "gateway/origin.hpp"
#include "gateway/text.hpp"

namespace eventual::middleware {
namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

/// The page was served by the host that it calls.
bool is_own(std::string_view origin, const http::Request& request) {
  const std::size_t begin = origin.find("://");
  return begin != std::string_view::npos &&
         gateway::equals_ignoring_case(origin.substr(begin + 3),
                                       http::find(request.headers, "host"));
}

bool allows_any(const CorsOptions& options) {
  return std::find(options.origins.begin(), options.origins.end(), "*") != options.origins.end();
}

bool allows(const CorsOptions& options, std::string_view origin) {
  return std::any_of(options.origins.begin(), options.origins.end(), [&](const std::string& each) {
    return gateway::equals_ignoring_case(each, origin);
  });
}

http::Response preflight(const CorsOptions& options) {
  http::Response response{.status = 204, .headers = {}, .body = {}};
  response.headers.emplace_back("access-control-allow-methods", joined(options.methods));
  if (!options.headers.empty()) {
    response.headers.emplace_back("access-control-allow-headers", joined(options.headers));
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.max_age).count();
  response.headers.emplace_back("access-control-max-age", std::to_string(seconds));
  return response;
}

}  // namespace

Cors::Cors(CorsOptions options)
    : options_(std::make_shared<const CorsOptions>(std::move(options))) {}

http::Response Cors::operator()(const http::Request& request, CommandContext& context,
                                http::Next<>& next) const {
  const CorsOptions& options = *options_;
  const bool any = allows_any(options);
  if (!any) context.response_headers().emplace_back("vary", "origin");
  const std::string_view origin = http::find(request.headers, "origin");
  if (origin.empty() || is_own(origin, request)) return next();
  if (!any && !allows(options, origin)) {
    throw http::HttpError(403, std::string(error_names::k_not_allowed),
                          "pages of this Origin may not call this service");
  }
  http::Fields& headers = context.response_headers();
  headers.emplace_back("access-control-allow-origin", any ? "*" : std::string(origin));
  if (options.credentials) headers.emplace_back("access-control-allow-credentials", "true");
  if (request.method == http::Method::options &&
      !http::find(request.headers, "access-control-request-method").empty()) {
    return preflight(options);
  }
  if (!options.exposed_headers.empty()) {
    headers.emplace_back("access-control-expose-headers", joined(options.exposed_headers));
  }
  return next();
}

MiddlewareInfo Cors::info() const {
  MiddlewareInfo info{
      .name = "CORS", .answers_preflight = true, .checks_origin = true, .statuses = {403}};
  info.problem = [options = options_]() -> std::string {
    if (options->origins.empty()) return "it has no origins: no page could call";
    for (const std::string& origin : options->origins) {
      if (origin == "*" || origin == "null" || gateway::is_origin(origin)) continue;
      return "\"" + origin + "\" is no origin, which looks like https://shop.example";
    }
    if (options->credentials && allows_any(*options)) {
      return "credentials cannot be allowed to every origin (\"*\")";
    }
    return {};
  };
  return info;
}

}  // namespace eventual::middleware
