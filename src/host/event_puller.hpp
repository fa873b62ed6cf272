// Takes the events of another service: reads its log over HTTP and keeps how far it has come.
//
// The other service knows nothing of who reads. What was read and how far that is are one commit
// here, so that a kill of either process neither loses an event nor takes one twice.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "engine/attempt.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/json.hpp"
#include "ports/operations.hpp"

namespace eventual::host {

/// Reads one other service on a thread of its own, from construction to destruction.
class EventPuller {
 public:
  /// All must outlive it.
  EventPuller(const detail::EventSourceDefinition& source, ports::Operations& operations,
              const engine::LogSink& log);
  ~EventPuller();
  EventPuller(const EventPuller&) = delete;
  EventPuller& operator=(const EventPuller&) = delete;

 private:
  void run();
  /// One question and its answer; gives whether there was one.
  Result<void> pull();
  Result<void> take(const Json& answer);
  void pause(Duration duration);

  const detail::EventSourceDefinition& source_;
  ports::Operations& operations_;
  const engine::LogSink& log_;
  std::optional<ports::SourcePosition> position_;
  std::string last_failure_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  struct Connection;
  std::unique_ptr<Connection> connection_;
  std::thread thread_;
};

/// What an answer of GET /_eventual/events holds; InvalidInput when it is none.
Result<ports::ReceiveRequest> read_events_answer(const Json& answer);

}  // namespace eventual::host
