// Middleware that comes with the framework. docs/middleware.md shows how to write one.
//
//   const auto open_to_the_shop = orders.use(ev::middleware::Cors({.origins =
//   {"https://shop.example"}})); const auto signed_in =
//   open_to_the_shop.use(ev::middleware::Jwt({.jwks_file = "keys.json"}));
//   signed_in.command("myOrders", [](const ev::Claims& claims) { … claims.subject … });
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventual/command.hpp"
#include "eventual/detail/endpoint.hpp"
#include "eventual/detail/middleware.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"
#include "eventual/secret.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// What a verified token says of its bearer.
struct Claims {
  std::string subject;                  ///< "sub"
  std::string issuer;                   ///< "iss"
  std::vector<std::string> audience;    ///< "aud"
  std::vector<std::string> scopes;      ///< of "scope" (separated by spaces) or "scp"
  std::optional<Timestamp> expires_at;  ///< "exp"
  Json all;                             ///< every claim
};

/// The name that belongs to the API key of a request.
struct ApiKeyOwner {
  std::string name;
};

/// What a request is called in logs and in its answer's header.
struct RequestId {
  std::string value;
};

}  // namespace eventual

namespace eventual::middleware {

struct JwtOptions {
  Secret secret = {};                ///< of HS256 tokens, at least 32 bytes
  std::string public_key_file = {};  ///< PEM, of RS256 tokens; RSA of at least 2048 bits
  /// A JSON Web Key Set with RSA keys (RS256) and octet keys (HS256). Read again, at most once a
  /// minute, when a token names a key that is not in it.
  std::string jwks_file = {};
  std::string issuer = {};               ///< what "iss" must be; empty: anything
  std::string audience = {};             ///< what "aud" must be or hold; empty: anything
  std::vector<std::string> scopes = {};  ///< all of which the token must have; otherwise 403
  Duration leeway = Duration(30'000);    ///< for clocks that differ, of "exp" and "nbf"
  bool expiry_required = true;           ///< a token without "exp" is refused
};

/// Lets requests with a valid `Authorization: Bearer` token pass and gives its Claims; the others
/// get 401. Each key is used for its own algorithm alone, whatever the token says; "none" is none.
class Jwt {
 public:
  explicit Jwt(JwtOptions options);
  Claims operator()(const http::Request& request) const;
  MiddlewareInfo info() const;

  class Keys;

 private:
  // shared: the options and keys are read by every request
  std::shared_ptr<const JwtOptions> options_;
  std::shared_ptr<Keys> keys_;
};

struct ApiKeyOptions {
  struct Key {
    std::string name;  ///< of its owner
    Secret key;
  };
  std::vector<Key> keys = {};
  std::string header = "x-api-key";
};

/// Lets requests with one of the keys pass and gives its ApiKeyOwner; the others get 401. Takes the
/// same time for every wrong key.
class ApiKey {
 public:
  explicit ApiKey(ApiKeyOptions options);
  ApiKeyOwner operator()(const http::Request& request) const;
  MiddlewareInfo info() const;

 private:
  std::shared_ptr<const ApiKeyOptions> options_;  // shared: read by every request
};

struct CorsOptions {
  std::vector<std::string> origins = {};  ///< "https://shop.example"; "*" is every page
  std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  std::vector<std::string> headers = {"content-type", "authorization"};  ///< that pages may send
  std::vector<std::string> exposed_headers = {};                         ///< that pages may read
  bool credentials = false;              ///< pages may send cookies; not together with "*"
  Duration max_age = Duration(600'000);  ///< how long a browser may remember it
};

/// Says to browsers which pages of other sites may call, and refuses the others with 403. Answers
/// preflight requests.
class Cors {
 public:
  explicit Cors(CorsOptions options);
  http::Response operator()(const http::Request& request, CommandContext& context,
                            http::Next<>& next) const;
  MiddlewareInfo info() const;

 private:
  std::shared_ptr<const CorsOptions> options_;  // shared: read by every request
};

struct RequestIdOptions {
  std::string header = "x-request-id";
  bool accepts_callers = true;  ///< an id that comes with the request is kept, if it is well formed
};

/// Gives each request a RequestId, and the answer a header with it.
class RequestIds {
 public:
  explicit RequestIds(RequestIdOptions options = {}) : options_(std::move(options)) {}
  RequestId operator()(const http::Request& request, CommandContext& context) const;
  MiddlewareInfo info() const { return {.name = "request id"}; }

 private:
  RequestIdOptions options_;
};

struct RateLimitOptions {
  std::uint32_t requests = 60;  ///< in each `per`; as many may come at once after a pause
  Duration per = Duration(60'000);
  /// What requests are counted by; absent: the address that they come from. Runs on the request's
  /// thread.
  std::function<std::string(const http::Request& request)> key = {};
  std::size_t keys_max =
      10'000;  ///< remembered; beyond, the one that was quiet longest is forgotten
};

/// Refuses requests that come too fast with 429 and Retry-After. It counts in this process alone.
class RateLimit {
 public:
  explicit RateLimit(RateLimitOptions options);
  void operator()(const http::Request& request, CommandContext& context) const;
  MiddlewareInfo info() const;

  class Buckets;

 private:
  std::shared_ptr<Buckets> buckets_;  // shared: by all requests
};

struct GzipOptions {
  std::size_t bytes_min = 1024;  ///< smaller answers are sent as they are
  int level = 6;                 ///< 1 is fast, 9 is small
};

/// Compresses answers of text and JSON for callers that accept it. Answers in pieces are sent as
/// they are.
class Gzip {
 public:
  explicit Gzip(GzipOptions options = {}) : options_(options) {}
  http::Response operator()(const http::Request& request, http::Next<>& next) const;
  MiddlewareInfo info() const;

 private:
  GzipOptions options_;
};

/// Writes a line to the log for each request: "GET /orders/1 200 512 bytes in 3 ms from 10.0.0.7".
/// Without query and headers, which may hold secrets.
class AccessLog {
 public:
  http::Response operator()(const http::Request& request, http::Next<>& next) const;
  MiddlewareInfo info() const { return {.name = "access log"}; }
};

}  // namespace eventual::middleware
