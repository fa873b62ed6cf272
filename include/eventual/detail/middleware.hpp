// Middleware without its types: what runs around the handler of a command or route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"

namespace eventual {

/// How callers prove who they are, as descriptions of the service (OpenAPI, MCP) tell it.
struct SecurityScheme {
  enum class Kind : std::uint8_t { bearer, basic, api_key };
  std::string name;  ///< "bearer"
  Kind kind = Kind::bearer;
  std::string header = {};  ///< of an api_key
  std::string format = {};  ///< of a bearer token: "JWT"
  std::string description = {};
  std::vector<std::string> scopes = {};  ///< that the caller must have
};

/// What a middleware tells of itself. A middleware that is a class gives it as `info()`.
struct MiddlewareInfo {
  std::string name = {};
  std::optional<SecurityScheme> security = {};
  /// It is also run, with the method OPTIONS, for the preflight requests of browsers.
  bool answers_preflight = false;
  /// It decides which Origins may call; without one only the service's own and the allowed ones
  /// may.
  bool checks_origin = false;
  /// What keeps it from working, or an empty text: asked before the service begins to serve, which
  /// it then does not. May block.
  std::function<std::string()> problem = {};
  /// Of errors that it answers with, for descriptions; those of `security` are known.
  std::vector<int> statuses = {};
};

}  // namespace eventual

namespace eventual::detail {

struct HandlerScope;

/// One value that a middleware gives to what runs after it. On the stack of the request's thread.
struct ProvidedValue {
  const ProvidedValue* outer;
  std::type_index type;
  void* object;
};

/// The body of a request as it arrives. For one thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next bytes; empty at the end. Blocks until there are some. Throws http::HttpError when the
  /// body is too large or too slow, Closed when the caller is gone.
  virtual std::string read() = 0;
};

/// The body of an answer as it is made. For one thread.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Sends status and headers; once.
  virtual void begin(http::Response head, bool is_event_stream) = 0;
  /// Blocks while too much waits to be sent. Throws Closed when the caller is gone.
  virtual void write(std::string_view bytes) = 0;
  virtual bool begun() const noexcept = 0;
  /// The caller is there and the service is not stopping.
  virtual bool open() const noexcept = 0;
};

/// Answers a request: what a route's handler becomes, and the end of a command's chain.
using AnswerFunction = std::function<http::Response(HandlerScope& scope)>;

class Stage;

struct Middleware {
  MiddlewareInfo info;
  std::source_location location;
  std::function<http::Response(HandlerScope& scope, Stage& next)> run;
};
// shared: by every command and route that is declared through it
using MiddlewareChain = std::vector<std::shared_ptr<const Middleware>>;

/// What comes after a middleware: the rest of the chain and the handler.
class Stage {
 public:
  /// Both must outlive it.
  Stage(const MiddlewareChain& chain, const AnswerFunction& last, std::size_t next = 0)
      : chain_(chain), last_(last), next_(next) {}

  /// Runs it, once. What it throws becomes an answer; a second call throws.
  http::Response run(HandlerScope& scope);

 private:
  const MiddlewareChain& chain_;
  const AnswerFunction& last_;
  std::size_t next_;
  bool entered_ = false;
};

/// Thrown when a handler's result is not what its type promises.
class OutputMismatch : public std::exception {
 public:
  explicit OutputMismatch(Error error) : error_(std::move(error)) {}  // NOLINT: kept, not thrown
  const Error& error() const noexcept { return error_; }
  const char* what() const noexcept override { return error_.what(); }

 private:
  Error error_;
};

}  // namespace eventual::detail

namespace eventual::http {

/// An error with a status of its own: thrown by a handler or middleware it becomes the answer
/// `{"error": name, "message": …, "details": …}`.
class HttpError : public Error {
 public:
  HttpError(int status, std::string name, std::string message, std::string details_json = {},
            Fields headers = {})
      : Error(std::move(name), std::move(message), std::move(details_json)),
        status_(status),
        headers_(std::move(headers)) {}

  int status() const noexcept { return status_; }
  const Fields& headers() const noexcept { return headers_; }

 private:
  int status_;
  Fields headers_;
};

}  // namespace eventual::http
