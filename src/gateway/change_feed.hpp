// What happens in a service, told to those who watch it: GET /_eventual/stream.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "eventual/time.hpp"
#include "gateway/log_lines.hpp"
#include "model/events.hpp"
#include "model/records.hpp"

namespace eventual::gateway {

class Pipe;

/// What somebody wants to hear of.
struct FeedRequest {
  bool executions = true;  ///< their statuses
  bool history = false;    ///< that the history of an execution has grown
  bool events = true;      ///< that the service has taken into its log
  bool log = true;
  std::string workflow;      ///< executions of this one, and their histories; empty: of all
  std::string execution_id;  ///< of this one alone, also its log lines; empty: of all
  LogLevel least = LogLevel::trace;
};

/// Thread rule: any thread may call. Telling it something costs next to nothing while nobody
/// watches, and never waits for a watcher: one that does not read fast enough is dropped, with an
/// event that says so.
class ChangeFeed {
 public:
  static constexpr std::size_t k_watchers_max = 64;
  /// Of one watcher, written and not yet sent; beyond: it is dropped.
  static constexpr std::size_t k_watcher_bytes_max = 128U * 1024;
  /// Of all, told and not yet written; beyond: every watcher is dropped.
  static constexpr std::size_t k_waiting_bytes_max = 4U << 20;
  static constexpr std::size_t k_executions_known_max = 10'000;  ///< whose status was told
  /// A comment for those who hear nothing for so long, or up to twice that.
  static constexpr Duration k_heartbeat{15'000};

  explicit ChangeFeed(Duration heartbeat = k_heartbeat) : heartbeat_(heartbeat) {}
  ~ChangeFeed();  ///< end()
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  enum class Kind : std::uint8_t { execution, history, event, log };

  bool watched() const noexcept { return watched_.load(std::memory_order_relaxed) != 0; }
  /// Whether somebody wants to hear of any of this kind.
  bool watched(Kind kind) const noexcept {
    return (watched_.load(std::memory_order_relaxed) & bit(kind)) != 0;
  }

  /// The record of an execution is stored. Watchers hear of it when its status is another than the
  /// one that they heard last.
  void stored(std::string_view execution_id, const model::ExecutionRecord& record);
  void history_grew(std::string_view execution_id, std::uint32_t run);
  void emitted(std::uint64_t number, const model::StoredEvent& event);
  void logged(const LogLine& line);

  bool has_room() const;
  /// Writes server-sent events into the pipe until its reader has gone: first `ready`, and then all
  /// that happens after this call. False, and the pipe is left alone, where as many watch as may
  /// and after end().
  bool watch(std::shared_ptr<Pipe> pipe, FeedRequest request);

  /// Ends every stream; watch() gives false from now on.
  void end();

 private:
  struct Change {
    Kind kind = Kind::log;
    LogLevel level = LogLevel::trace;               // of a line of the log
    model::Status status = model::Status::running;  // of an execution
    std::uint32_t run = 0;
    std::string execution_id;
    std::string text;  // as it is sent
  };
  struct Watcher {
    std::shared_ptr<Pipe> pipe;  // shared with the connection
    FeedRequest request;
    std::chrono::steady_clock::time_point told_at{};  // when it was last sent something
  };

  void add(Change change);
  void run();
  void tell(const std::vector<Change>& changes);
  /// False when it is no watcher any more.
  static bool send(Watcher& watcher, std::string_view text);
  static bool drop(const Watcher& watcher);
  static constexpr unsigned bit(Kind kind) noexcept { return 1U << static_cast<unsigned>(kind); }
  static unsigned kinds_of(const FeedRequest& request);
  static bool wants(const FeedRequest& request, const Change& change);
  bool is_news(const Change& change, std::set<std::string>& grown);

  const Duration heartbeat_;
  std::atomic<unsigned> watched_{0};  // bits of the kinds
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Change> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<Watcher> coming_;
  std::size_t watching_ = 0;  // with those that come
  bool overrun_ = false;      // something was left out of waiting_
  bool ending_ = false;
  std::thread thread_;  // from the first watcher on

  // Of the thread alone.
  std::vector<Watcher> watchers_;
  std::map<std::string, model::Status> known_;  // by "<id>#<run>"
};

}  // namespace eventual::gateway
