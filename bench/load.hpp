// The load: executions in flight, from their start to their end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/drive.hpp"
#include "bench/workload.hpp"
#include "engine/engine.hpp"
#include "host/node.hpp"
#include "ports/operations.hpp"

namespace eventual::bench {

/// A node on the store of the options, as a service runs it.
struct Running {
  std::unique_ptr<host::Node> node;
  const ports::Store* store = nullptr;  ///< the node's
};
/// Throws Error.
Running start_node(const Options& options, const engine::Options& engine = {});

/// What one execution goes through.
struct Plan {
  Drive::Plan drive;
  /// `started`: ends with the answer to the start. `closed`: when it closed. `signalled`: when it
  /// closed, and its latency counts from the sending of the signal that it waits for.
  enum class Until { started, closed, signalled } until = Until::closed;
  std::function<ports::StartRequest(std::uint64_t index)> request;
  /// The payload of the signal; absent: the 100-byte payload of the index.
  std::function<std::string(std::uint64_t index)> signal = {};
  /// Of a closed one.
  std::function<bool(std::uint64_t index, const ports::ExecutionView& view)> correct;
  /// Called for each one that ended well; may be empty.
  std::function<void(std::uint64_t index)> on_done;
};

/// Runs a plan to its end. Callbacks of the operations drive it: it needs no thread per execution.
class Load {
 public:
  Load(ports::Operations& operations, Plan plan);
  /// As Drive::run.
  void run(Measurement& measurement) { drive_.run(measurement); }

 private:
  void begin(std::uint32_t slot, std::uint64_t index);
  void started(std::uint32_t slot, const Result<ports::StartReply>& reply);
  void wait_closed(std::uint32_t slot);
  void closed(std::uint32_t slot, const Result<ports::ExecutionView>& reply);
  void end(std::uint32_t slot);

  ports::Operations& operations_;
  const Plan plan_;
  Drive drive_;
  std::vector<ports::ExecutionRef> executions_;  // of each slot
};

/// Warms up, then measures the plan on a node of its own.
Measurement measure(const Options& options, const Plan& plan);

/// A plan that starts `workflow` with the 100-byte payload of each index and wants it back.
Plan payload_plan(const Options& options, std::string_view workflow);

/// Asks for `ask(done)` and waits for the answer. Throws its Error, or Timeout after `patience`.
template <class T, class Ask>
T wait_for(Ask&& ask, std::chrono::seconds patience = std::chrono::seconds(120)) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<Result<T>> result;
  };
  const auto answer = std::make_shared<Answer>();  // shared: the answer may come after we gave up
  ask([answer](Result<T> result) {
    const std::lock_guard lock(answer->mutex);
    answer->result = std::move(result);
    answer->arrived.notify_all();
  });
  std::unique_lock lock(answer->mutex);
  if (!answer->arrived.wait_for(lock, patience, [&] { return answer->result.has_value(); })) {
    throw Timeout("the engine did not answer");
  }
  return std::move(*answer->result).value();
}

}  // namespace eventual::bench
