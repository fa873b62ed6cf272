#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "eventual/middleware.hpp"
#include "gateway/middleware/jwt_keys.hpp"
#include "gateway/middleware/support.hpp"
#include "gateway/text.hpp"

namespace eventual::middleware {
namespace {

constexpr std::size_t k_token_bytes_max = 8U * 1024;
constexpr double k_seconds_max = 253402300799.0;  // the end of the year 9999

[[noreturn]] void refuse(std::string message) {
  throw http::HttpError(401, "Unauthorized", std::move(message), {},
                        {{"www-authenticate", "Bearer error=\"invalid_token\""}});
}

std::string_view token_of(const http::Request& request) {
  constexpr std::string_view k_scheme = "Bearer ";
  const std::string_view header = http::find(request.headers, "authorization");
  if (header.size() <= k_scheme.size() ||
      !gateway::equals_ignoring_case(header.substr(0, k_scheme.size()), k_scheme)) {
    throw http::HttpError(401, "Unauthorized", "a bearer token is needed", {},
                          {{"www-authenticate", "Bearer"}});
  }
  const std::string_view token = gateway::trim(header.substr(k_scheme.size()));
  if (token.size() > k_token_bytes_max) refuse("the token is too long");
  return token;
}

/// The parts of a token in its compact form.
struct Parts {
  Json header;
  Json claims;
  std::string_view signed_text;
  std::string signature;
};

Json json_part(std::string_view text) {
  const auto decoded = decode_base64url(text);
  Result<Json> json = decoded ? Json::parse(*decoded) : Result<Json>(Json());
  if (!json || !(*json).is_object()) refuse("the token is malformed");
  return std::move(*json);
}

Parts split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    refuse("the token is malformed");
  }
  auto signature = decode_base64url(token.substr(second + 1));
  if (!signature || signature->empty()) refuse("the token is malformed");
  return {json_part(token.substr(0, first)), json_part(token.substr(first + 1, second - first - 1)),
          token.substr(0, second), std::move(*signature)};
}

bool is_verified(const Parts& parts, const std::vector<JwtKey>& keys, JwtAlgorithm algorithm,
                 const Json* id) {
  return std::any_of(keys.begin(), keys.end(), [&](const JwtKey& key) {
    if (key.algorithm() != algorithm) return false;
    // A key without a name serves every token, a named one those that ask for it or for none.
    if (id != nullptr && !key.id().empty() && key.id() != id->as_string()) return false;
    return key.verifies(parts.signed_text, parts.signature);
  });
}

bool knows(const std::vector<JwtKey>& keys, const Json* id) {
  return id == nullptr || std::any_of(keys.begin(), keys.end(), [&](const JwtKey& key) {
           return key.id().empty() || key.id() == id->as_string();
         });
}

/// A NumericDate; nothing when it is absent.
std::optional<Timestamp> time_claim(const Json& claims, std::string_view name) {
  const Json* claim = claims.find(name);
  if (claim == nullptr) return std::nullopt;
  const double seconds = claim->is_number() ? claim->as_double() : -1;
  if (!(seconds >= 0 && seconds <= k_seconds_max)) {
    refuse(fmt::format("the token's {} is no time", name));
  }
  return Timestamp(Duration(static_cast<std::int64_t>(std::floor(seconds * 1000))));
}

std::string text_claim(const Json& claims, std::string_view name) {
  const Json* claim = claims.find(name);
  if (claim == nullptr) return {};
  if (!claim->is_string()) refuse(fmt::format("the token's {} is no text", name));
  return claim->as_string();
}

std::vector<std::string> texts_claim(const Json& claims, std::string_view name) {
  const Json* claim = claims.find(name);
  if (claim == nullptr) return {};
  if (claim->is_string()) return {claim->as_string()};
  std::vector<std::string> texts;
  if (!claim->is_array()) refuse(fmt::format("the token's {} is no text", name));
  for (const Json& item : claim->as_array()) {
    if (!item.is_string()) refuse(fmt::format("the token's {} holds more than texts", name));
    texts.push_back(item.as_string());
  }
  return texts;
}

std::vector<std::string> scopes_of(const Json& claims) {
  std::vector<std::string> scopes;
  for (const std::string_view name : {"scope", "scp"}) {
    for (const std::string& text : texts_claim(claims, name)) {
      for (std::string_view rest = text; !rest.empty();) {
        const std::size_t space = std::min(rest.find(' '), rest.size());
        if (space > 0) scopes.emplace_back(rest.substr(0, space));
        rest.remove_prefix(std::min(space + 1, rest.size()));
      }
    }
  }
  return scopes;
}

bool holds(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

void check_signature(const Parts& parts, Jwt::Keys& keys, Timestamp now) {
  const Json* name = parts.header.find("alg");
  const Json* id = parts.header.find("kid");
  if (parts.header.find("crit") != nullptr) refuse("the token demands what is not known here");
  if (id != nullptr && !id->is_string()) refuse("the token is malformed");
  if (name == nullptr || !name->is_string() ||
      (name->as_string() != "HS256" && name->as_string() != "RS256")) {
    refuse("the token's algorithm is not accepted");
  }
  const JwtAlgorithm algorithm =
      name->as_string() == "HS256" ? JwtAlgorithm::hs256 : JwtAlgorithm::rs256;
  auto known = keys.all();
  if (!knows(*known, id)) known = keys.refreshed(known, now);
  if (!is_verified(parts, *known, algorithm, id)) refuse("the token's signature is not valid");
}

}  // namespace

Jwt::Jwt(JwtOptions options)
    : options_(std::make_shared<const JwtOptions>(std::move(options))),
      keys_(std::make_shared<Keys>(*options_)) {}

Claims Jwt::operator()(const http::Request& request) const {
  const JwtOptions& options = *options_;
  const Timestamp now = request_time();
  Parts parts = split(token_of(request));
  check_signature(parts, *keys_, now);

  Claims claims;
  claims.subject = text_claim(parts.claims, "sub");
  claims.issuer = text_claim(parts.claims, "iss");
  claims.audience = texts_claim(parts.claims, "aud");
  claims.scopes = scopes_of(parts.claims);
  claims.expires_at = time_claim(parts.claims, "exp");
  if (!claims.expires_at && options.expiry_required) refuse("the token has no end");
  if (claims.expires_at && now >= *claims.expires_at + options.leeway) {
    refuse("the token has expired");
  }
  if (const auto begins = time_claim(parts.claims, "nbf");
      begins && now + options.leeway < *begins) {
    refuse("the token is not valid yet");
  }
  if (!options.issuer.empty() && claims.issuer != options.issuer) {
    refuse("the token is of another issuer");
  }
  if (!options.audience.empty() && !holds(claims.audience, options.audience)) {
    refuse("the token is for another audience");
  }
  for (const std::string& scope : options.scopes) {
    if (holds(claims.scopes, scope)) continue;
    throw http::HttpError(403, std::string(error_names::k_not_allowed),
                          "the token lacks the scope " + scope, {},
                          {{"www-authenticate", "Bearer error=\"insufficient_scope\""}});
  }
  claims.all = std::move(parts.claims);
  return claims;
}

MiddlewareInfo Jwt::info() const {
  MiddlewareInfo info{.name = "JWT"};
  info.security = SecurityScheme{.name = "bearer",
                                 .kind = SecurityScheme::Kind::bearer,
                                 .format = "JWT",
                                 .description = "A JSON Web Token",
                                 .scopes = options_->scopes};
  info.problem = [options = options_, keys = keys_]() -> std::string {
    if (!options->secret && options->public_key_file.empty() && options->jwks_file.empty()) {
      return "it has no key: give it a secret, a public_key_file or a jwks_file";
    }
    try {
      (void)keys->all();
    } catch (const Error& error) {
      return error.message();
    }
    return {};
  };
  return info;
}

}  // namespace eventual::middleware
