// The options of declarations and calls, with their defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventual/http.hpp"
#include "eventual/schema.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// What happens after a handler threw or timed out.
struct RetryPolicy {
  std::uint32_t max_attempts = 1;               ///< attempts in all; 1: the first failure is final
  Duration initial_interval = Duration(1000);   ///< pause before the second attempt
  double multiplier = 2.0;                      ///< each pause is so many times the one before
  Duration max_interval = Duration(60'000);     ///< no pause is longer
  double jitter = 0.1;                          ///< each pause varies by up to this fraction, 0 to 1
  std::vector<std::string> non_retryable = {};  ///< names of errors that are final at once
};

/// What a crash in the middle of an attempt means.
enum class Delivery : std::uint8_t {
  at_least_once,  ///< it runs again, without using up an attempt
  at_most_once,   ///< the call fails with Interrupted
};

/// What cancelling the execution does to a task in flight.
enum class OnCancel : std::uint8_t {
  abandon,  ///< the await throws Cancelled at once; the task gets its stop token
  wait,     ///< the call first delivers its outcome, so that what was done is known
};

struct TaskOptions {
  Duration timeout = k_forever;   ///< of one attempt; when it passes the attempt fails with Timeout
  Duration deadline = k_forever;  ///< of the call with all its attempts and pauses
  RetryPolicy retry = {};
  OnCancel on_cancel = OnCancel::abandon;
  Delivery delivery = Delivery::at_least_once;
  /// Only reads or computes: attempts are not recorded and may run before the commit; call and result are recorded together.
  bool pure = false;
  std::string description = {};
};

/// What one call overrides of its task's options.
struct CallOptions {
  std::optional<Duration> timeout = {};
  std::optional<Duration> deadline = {};
  std::optional<RetryPolicy> retry = {};
};

struct WorkflowOptions {
  Duration timeout = k_forever;  ///< of an execution; when it passes the execution closes as timed_out
  std::string description = {};
};

/// How an execution is started.
struct StartOptions {
  std::string name = {};               ///< starts once for each name; empty: a fresh one
  std::optional<Duration> timeout = {};  ///< instead of the definition's
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
};

struct ServiceOptions {
  std::string version = "1";
  std::string description = {};
};

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

}  // namespace eventual
