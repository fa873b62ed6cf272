// What is committed beside the engine's own batch, and the calls of workflows that end in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/event_rows.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "eventual/error.hpp"
#include "model/records.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// A signal that a task's attempt or a transaction sent; it leaves with its success.
struct OutgoingSignal {
  std::string execution_id;
  std::string signal;
  std::string payload;
  std::string message_id;
};

/// A message to an execution of this node.
struct OutgoingMessage {
  std::string row;  ///< its key in the messages table
  model::Message message;
};

/// What a transaction commits: all of it, or nothing when one of its preconditions does not hold.
struct Part {
  ports::Batch batch;
  std::vector<OutgoingSignal> signals;
  std::vector<IncomingEvent> events;  ///< their rows are put into the batch by the engine
  /// Told when that is durable, or that it failed; Unavailable when neither is known.
  ports::Callback<bool> done;

  // the engine's and the commit's
  std::vector<OutgoingMessage> messages;
  bool committed = false;
};

/// Effect: perform what a workflow asked of entities. Exactly one of `transaction` and `entity` is
/// set.
struct StoreCall {
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  std::string name;     ///< the call's own, over restarts and retries
  bool writes = false;  ///< it may happen while its row (keys::open_store_call) says so
  std::string transaction;
  std::string input;
  std::optional<detail::EntityRequest> entity;
};

/// What became of it.
struct StoreCallResult {
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  Result<std::string> result = std::string("null");
  bool again = false;  ///< it could not be tried: nothing is known of it yet
};

struct Output;

/// Writes an output's batch and its parts with one sync, and notes which parts were committed.
/// Fails as the store does, and with Unavailable when the engine's own batch is refused; the same
/// output may be given again then, with `given_before`: parts that were written all the same are
/// found out.
Result<void> commit_output(ports::Store& store, Output& output, bool given_before);

}  // namespace eventual::engine
