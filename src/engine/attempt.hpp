// Attempts of handlers on their way out of the engine and back, and the output of a round.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/part.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// What became of one attempt.
struct AttemptResult {
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  std::uint32_t attempt = 0;
  std::optional<Error> error;  ///< nothing: it succeeded
  std::string result = "null";
  std::vector<OutgoingSignal> signals;
  std::optional<std::string> heartbeat = {};    ///< what it said last
  bool deferred = false;                        ///< no result yet: whoever has its token brings one
  std::vector<model::StoredEvent> events = {};  ///< that it emitted, without their place in the log
};

/// What is told about an attempt while it runs, or by its token.
struct AttemptNews {
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  std::uint32_t attempt = 0;
  detail::AttemptNews::Kind kind = detail::AttemptNews::Kind::heartbeat;
  std::string json = "null";  ///< the result, or the details of a heartbeat
  Error error = {};           ///< of a failure
};

/// Effect: run this attempt. `definition` lives as long as the service.
struct Attempt {
  const detail::TaskDefinition* definition = nullptr;
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  std::uint32_t attempt = 1;
  std::string input;
  std::string idempotency_key;
  Delivery delivery = Delivery::at_least_once;
  Duration heartbeat_timeout = k_forever;
  std::optional<std::string> last_heartbeat = {};  ///< of an earlier attempt
};

/// Effect: this attempt's result is no longer wanted.
struct StopAttempt {
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  std::uint32_t attempt = 0;
};

/// What one commit writes, and what may happen after it.
struct Output {
  std::uint64_t number = 0;
  ports::Batch batch;
  std::vector<Attempt> attempts;
  std::vector<StopAttempt> stops;
  std::vector<std::function<void()>> replies;
  using Outgoing = OutgoingMessage;
  std::vector<Outgoing> messages;   ///< to executions of this node: given back through `committed`
  std::vector<std::string> closed;  ///< executions that may be put away
  std::vector<StoreCall> store_calls;
  std::vector<Part> parts;  ///< committed with the batch, each for itself

  bool empty() const noexcept {
    return batch.empty() && attempts.empty() && stops.empty() && replies.empty() &&
           messages.empty() && store_calls.empty() && parts.empty();
  }
};

using LogSink =
    std::function<void(LogLevel level, std::string_view execution_id, std::string_view message)>;

}  // namespace eventual::engine
