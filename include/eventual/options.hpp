// The options of declarations and calls, with their defaults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "eventual/http.hpp"
#include "eventual/schema.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// What happens after a handler threw or timed out.
struct RetryPolicy {
  std::uint32_t max_attempts = 1;              ///< attempts in all; 1: the first failure is final
  Duration initial_interval = Duration(1000);  ///< pause before the second attempt
  double multiplier = 2.0;                     ///< each pause is so many times the one before
  Duration max_interval = Duration(60'000);    ///< no pause is longer
  double jitter = 0.1;                         ///< each pause varies by up to this fraction, 0 to 1
  std::vector<std::string> non_retryable = {};  ///< names of errors that are final at once
};

/// What a crash in the middle of an attempt means.
enum class Delivery : std::uint8_t {  // reaches disk: never renumber
  at_least_once,                      ///< it runs again, without using up an attempt
  at_most_once,                       ///< the call fails with Interrupted
};

/// What cancelling the execution does to a task in flight.
enum class OnCancel : std::uint8_t {  // reaches disk: never renumber
  abandon,  ///< the await throws Cancelled at once; the task gets its stop token
  wait,     ///< the call first delivers its outcome, so that what was done is known
};

namespace detail {

template <class T>
T decode_value(std::string_view json);

template <class T>
struct KeyTypes;
template <class R, class A>
struct KeyTypes<R (*)(A)> {
  using Input = std::remove_cvref_t<A>;
};
template <class R, class C>
struct KeyTypes<R C::*> {
  using Input = C;
};
template <class R, class C, class A>
struct KeyTypes<R (C::*)(A) const> {
  using Input = std::remove_cvref_t<A>;
};

}  // namespace detail

/// What a task's limit counts by: a member of its input (`&Order::card`) or a function of it that
/// captures nothing. It gives text or a whole number, runs on the engine's thread and must be
/// quick. Calls whose key throws fail with what it throws.
class LimitKey {
 public:
  LimitKey() = default;
  template <class Function>
    requires(!std::is_same_v<std::remove_cvref_t<Function>, LimitKey>)
  LimitKey(Function function) {  // NOLINT: converts on purpose
    if constexpr (std::is_member_object_pointer_v<Function>) {
      set<typename detail::KeyTypes<Function>::Input>(
          [function](const auto& input) { return input.*function; });
    } else if constexpr (std::is_pointer_v<Function>) {
      set<typename detail::KeyTypes<Function>::Input>(function);
    } else {
      static_assert(std::is_empty_v<Function>,
                    "the key of a limit is computed from the input alone: capture nothing");
      set<typename detail::KeyTypes<decltype(&Function::operator())>::Input>(function);
    }
  }

  explicit operator bool() const noexcept { return compute_ != nullptr; }
  /// Throws InvalidInput, or what the function throws.
  std::string operator()(std::string_view input_json) const { return compute_(input_json); }
  /// The type that it is computed from; null where there is no key.
  const std::type_info* input() const noexcept { return input_; }

 private:
  template <class Input, class Function>
  void set(Function function) {
    input_ = &typeid(Input);
    compute_ = [function](std::string_view input_json) -> std::string {
      const Input input = detail::decode_value<Input>(input_json);
      auto key = function(input);
      if constexpr (std::is_integral_v<decltype(key)>) {
        return std::to_string(key);
      } else {
        return std::string(std::move(key));
      }
    };
  }

  std::function<std::string(std::string_view)> compute_;
  const std::type_info* input_ = nullptr;
};

/// So many within a span of time. Unused starts are not saved up beyond `count`.
struct Rate {
  std::uint32_t count = 0;  ///< 0: no limit
  Duration per = Duration(1000);
};

/// How many attempts of a task may run, on each node. Those beyond wait in the order in which they
/// came, without a thread.
struct TaskLimit {
  std::uint32_t concurrency = 0;  ///< attempts at once; 0: no limit
  Rate rate = {};                 ///< attempts begun; it starts anew with the process
  LimitKey key = {};  ///< each key has a limit of its own; absent: one for the whole task

  bool limits() const noexcept { return concurrency > 0 || rate.count > 0; }
};

struct TaskOptions {
  Duration timeout = k_forever;   ///< of one attempt; when it passes the attempt fails with Timeout
  Duration deadline = k_forever;  ///< of the call with all its attempts and pauses
  RetryPolicy retry = {};
  OnCancel on_cancel = OnCancel::abandon;
  Delivery delivery = Delivery::at_least_once;
  /// The longest time between two heartbeats of an attempt; when it passes the attempt fails with
  /// HeartbeatTimeout.
  Duration heartbeat_timeout = k_forever;
  TaskLimit limit = {};
  /// Only reads or computes: attempts are not recorded and may run before the commit; call and
  /// result are recorded together.
  bool pure = false;
  std::string description = {};
};

/// What one call overrides of its task's options. Recorded with the call, so that it holds after a
/// restart too.
struct CallOptions {
  std::optional<Duration> timeout = {};
  std::optional<Duration> deadline = {};
  std::optional<RetryPolicy> retry = {};
  std::optional<OnCancel> on_cancel = {};
  std::optional<Delivery> delivery = {};
  std::optional<Duration> heartbeat_timeout = {};
  std::optional<std::string> limit_key = {};  ///< instead of the one that the task's limit computes
};

struct WorkflowOptions {
  Duration timeout =
      k_forever;  ///< of an execution; when it passes the execution closes as timed_out
  std::string description = {};
  bool tool = true;  ///< agents may start it over MCP; with an admin token set they need that
};

/// What closing the parent, however it closes, does to a child that is still open.
enum class ParentClose : std::uint8_t {  // reaches disk: never renumber
  abandon,                               ///< nothing
  cancel,                                ///< it is asked to cancel
  terminate,                             ///< it is terminated
};

/// How an execution is started.
struct StartOptions {
  std::string name = {};                 ///< starts once for each name; empty: a fresh one
  std::optional<Duration> timeout = {};  ///< instead of the definition's
  ParentClose on_parent_close =
      ParentClose::abandon;  ///< of a child; nothing for what a handler starts
};

struct WaitOptions {
  Duration timeout = k_forever;
};

struct SendOptions {
  std::string id = {};     ///< deduplicates at the receiver; empty: every send counts
  bool immediate = false;  ///< from a task: send now instead of with the attempt's success
};

struct CommandOptions {
  http::Method method = http::Method::post;
  std::string path = {};  ///< "/orders/:id"; empty: only POST /rpc/<name>
  int success_status = 200;
  std::string summary = {};
  std::string description = {};
  std::vector<std::string> tags = {};
  Duration timeout = Duration(60'000);  ///< of a request; then the caller gets 503
  Annotations input = {};               ///< of an input that is no struct; its texts are literals
  bool unknown_fields_refused = false;  ///< a member that the input does not have is an error
  /// Where members of the input come from, as far as it is not the rule (http::Parameter).
  std::vector<http::Parameter> parameters = {};
  std::uint32_t concurrency = 0;   ///< requests handled at once; beyond: 429. 0: no limit
  std::size_t body_bytes_max = 0;  ///< of a request; beyond: 413. 0: the server's own limit
  bool tool = true;                ///< agents may call it over MCP, through its middleware
  std::vector<http::ErrorAnswer> errors = {};  ///< that the handler throws, for descriptions
  bool deprecated = false;                     ///< descriptions say so; it works as before
};

/// The type T, for descriptions: `.body = ev::described<Upload>()`.
template <class T>
const detail::TypeSchema* described() {
  return &detail::schema_of<T>();
}

/// A parameter of a raw route, as descriptions tell it: the handler reads it from the request.
struct RouteParameter {
  std::string name;
  http::In in = http::In::query;  ///< or header, or path
  std::string description = {};
  bool required = false;  ///< a parameter of the path always is
  const detail::TypeSchema* type = described<std::string>();
  Annotations annotations = {};  ///< bounds, a default, an example; not checked
};

/// The options of a raw route. Those after body_bytes_max are for descriptions alone.
struct RouteOptions {
  std::string summary = {};
  std::string description = {};
  std::vector<std::string> tags = {};
  Duration timeout = Duration(60'000);  ///< until the answer begins; then the caller gets 503
  std::uint32_t concurrency = 0;        ///< requests handled at once; beyond: 429. 0: no limit
  std::size_t body_bytes_max = 0;  ///< of a request; beyond: 413. 0: the server's own limit, none
                                   ///< for a body that is read in pieces
  std::vector<RouteParameter> parameters = {};
  const detail::TypeSchema* body = nullptr;    ///< of a request with JSON: described<Upload>()
  std::string body_media_type = {};            ///< of a request; empty: JSON, or any
  const detail::TypeSchema* answer = nullptr;  ///< JSON in an http::Response: described<Answer>()
  std::string answer_media_type = {};          ///< empty: as the handler's type tells
  int success_status = 0;                      ///< 0: 200, or 204 where nothing is answered
  std::vector<http::ErrorAnswer> errors = {};  ///< that the handler throws
  bool deprecated = false;
};

struct ServiceOptions {
  std::string version = "1";
  std::string description = {};
  bool mcp = true;  ///< POST /mcp offers commands and workflows to agents
  /// Bytes of one input, result, signal, event or view as JSON: 1 KiB to 16 MiB. Larger ones are
  /// refused with PayloadTooLarge where they come in; what is stored is read and replayed under any
  /// limit, and the code of a run keeps the one it began with. The setting payload_limit
  /// (--payload-limit) comes before this. A larger one costs memory: several copies of a value
  /// exist while it is taken in.
  std::size_t payload_limit = std::size_t{4} << 20;
};

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

}  // namespace eventual
