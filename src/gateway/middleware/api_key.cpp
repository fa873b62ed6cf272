#include <algorithm>
#include <utility>

#include "eventual/middleware.hpp"
#include "gateway/middleware/support.hpp"
#include "gateway/text.hpp"

namespace eventual::middleware {

ApiKey::ApiKey(ApiKeyOptions options)
    : options_(std::make_shared<const ApiKeyOptions>(std::move(options))) {}

ApiKeyOwner ApiKey::operator()(const http::Request& request) const {
  // Digests have one length, and all keys are compared: the time tells nothing about any of them.
  const std::string given = sha256(http::find(request.headers, options_->header));
  const ApiKeyOptions::Key* owner = nullptr;
  for (const ApiKeyOptions::Key& key : options_->keys) {
    const bool is_it = gateway::equals_in_constant_time(sha256(key.key.value()), given);
    if (is_it) owner = &key;
  }
  if (owner == nullptr) {
    throw http::HttpError(401, "Unauthorized", "a valid key is needed in " + options_->header);
  }
  return {owner->name};
}

MiddlewareInfo ApiKey::info() const {
  MiddlewareInfo info{.name = "API key"};
  info.security = SecurityScheme{.name = "apiKey",
                                 .kind = SecurityScheme::Kind::api_key,
                                 .header = options_->header,
                                 .description = "A key that the service's owner gives"};
  info.problem = [options = options_]() -> std::string {
    if (options->keys.empty()) return "it has no keys: nobody could call";
    try {
      for (const ApiKeyOptions::Key& key : options->keys) (void)key.key.value();
    } catch (const Error& error) {
      return error.message();
    }
    return {};
  };
  return info;
}

}  // namespace eventual::middleware
