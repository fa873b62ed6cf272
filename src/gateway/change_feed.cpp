#include "gateway/change_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/thread_name.hpp"
#include "eventual/error.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/log_json.hpp"
#include "gateway/pipe.hpp"

namespace eventual::gateway {
namespace {

/// JSON holds no line feed, so it is one line of data.
std::string event_text(std::string_view type, std::string_view json) {
  return fmt::format("event: {}\ndata: {}\n\n", type, json);
}

std::string status_json(std::string_view id, const model::ExecutionRecord& record) {
  const std::size_t slash = std::min(id.find('/'), id.size());
  ObjectWriter object;
  object.text("execution_id", id)
      .number("run", record.run)
      .text("workflow", id.substr(0, slash))
      .text("name", id.substr(std::min(slash + 1, id.size())))
      .text("status", model::to_string(record.status))
      .text("started_at", to_iso8601(record.started_at));
  if (record.closed_at) {
    object.text("closed_at", to_iso8601(*record.closed_at));
  } else {
    object.null("closed_at");
  }
  return object.finish();
}

std::string emitted_json(std::uint64_t number, const model::StoredEvent& event) {
  ObjectWriter object;
  object.number("number", number)
      .text("name", event.name)
      .text("id", event.id)
      .text("at", to_iso8601(event.at));
  for (const auto& [name, value] :
       {std::pair("key", &event.key), std::pair("source", &event.source)}) {
    if (value->empty()) {
      object.null(name);
    } else {
      object.text(name, *value);
    }
  }
  return object.finish();
}

std::string run_key(std::string_view execution_id, std::uint32_t run) {
  return fmt::format("{}#{}", execution_id, run);
}

}  // namespace

ChangeFeed::~ChangeFeed() { end(); }

void ChangeFeed::stored(std::string_view execution_id, const model::ExecutionRecord& record) {
  if (!watched(Kind::execution)) return;
  add({.kind = Kind::execution,
       .status = record.status,
       .run = record.run,
       .execution_id = std::string(execution_id),
       .text = event_text("execution", status_json(execution_id, record))});
}

void ChangeFeed::history_grew(std::string_view execution_id, std::uint32_t run) {
  if (!watched(Kind::history)) return;
  std::string json = ObjectWriter().text("execution_id", execution_id).number("run", run).finish();
  add({.kind = Kind::history,
       .run = run,
       .execution_id = std::string(execution_id),
       .text = event_text("history", json)});
}

void ChangeFeed::emitted(std::uint64_t number, const model::StoredEvent& event) {
  if (!watched(Kind::event)) return;
  add({.kind = Kind::event,
       .execution_id = {},
       .text = event_text("event", emitted_json(number, event))});
}

void ChangeFeed::logged(const LogLine& line) {
  if (!watched(Kind::log)) return;
  add({.kind = Kind::log,
       .level = line.level,
       .execution_id = line.execution_id,
       .text = event_text("log", log_line_json(line))});
}

void ChangeFeed::add(Change change) {
  const std::size_t bytes = sizeof(Change) + change.execution_id.size() + change.text.size();
  const std::lock_guard lock(mutex_);
  if (waiting_bytes_ + bytes > k_waiting_bytes_max) {
    overrun_ = true;
    return;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(change));
  changed_.notify_one();
}

bool ChangeFeed::has_room() const {
  const std::lock_guard lock(mutex_);
  return !ending_ && watching_ < k_watchers_max;
}

bool ChangeFeed::watch(std::shared_ptr<Pipe> pipe, FeedRequest request) {
  const std::lock_guard lock(mutex_);
  if (ending_ || watching_ >= k_watchers_max) return false;
  coming_.push_back({std::move(pipe), std::move(request), {}});
  ++watching_;
  watched_ = watched_.load() | kinds_of(coming_.back().request);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
  return true;
}

void ChangeFeed::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    watched_ = 0;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void ChangeFeed::run() {
  base::name_thread("ev-streams");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, heartbeat_,
                      [&] { return ending_ || !waiting_.empty() || !coming_.empty(); });
    const std::vector<Change> changes = std::exchange(waiting_, {});
    std::vector<Watcher> coming = std::exchange(coming_, {});
    waiting_bytes_ = 0;
    const bool overrun = std::exchange(overrun_, false);
    lock.unlock();
    // What was not told, or not to them, is known to nobody.
    if (!coming.empty() || overrun) known_.clear();
    std::erase_if(watchers_, [](const Watcher& watcher) { return watcher.pipe->closed(); });
    for (Watcher& watcher : coming) {
      if (send(watcher, event_text("ready", R"({"resumed":false})")))
        watchers_.push_back(std::move(watcher));
    }
    tell(changes);
    if (overrun) std::erase_if(watchers_, [](const Watcher& watcher) { return !drop(watcher); });
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(watchers_, [&](Watcher& watcher) {
      return now - watcher.told_at >= heartbeat_ && !send(watcher, ":\n\n");
    });
    lock.lock();
    watching_ = watchers_.size() + coming_.size();
    unsigned kinds = 0;
    for (const auto* them : {&watchers_, &coming_}) {
      for (const Watcher& watcher : *them) kinds |= kinds_of(watcher.request);
    }
    watched_ = ending_ ? 0 : kinds;
  }
  const std::vector<Watcher> never_told = std::exchange(coming_, {});
  lock.unlock();
  for (const Watcher& watcher : watchers_) watcher.pipe->finish(true);
  for (const Watcher& watcher : never_told) watcher.pipe->finish(true);
  watchers_.clear();
}

void ChangeFeed::tell(const std::vector<Change>& changes) {
  std::set<std::string> grown;
  for (const Change& change : changes) {
    if (watchers_.empty()) return;
    if (!is_news(change, grown)) continue;
    std::erase_if(watchers_, [&](Watcher& watcher) {
      return wants(watcher.request, change) && !send(watcher, change.text);
    });
  }
}

bool ChangeFeed::send(Watcher& watcher, std::string_view text) {
  if (watcher.pipe->size() + text.size() > k_watcher_bytes_max) return drop(watcher);
  try {
    watcher.pipe->write(text);  // does not wait: nobody else writes, and there is room
  } catch (const Error&) {      // it has gone
    watcher.pipe->finish(false);
    return false;
  }
  watcher.told_at = std::chrono::steady_clock::now();
  return true;
}

bool ChangeFeed::drop(const Watcher& watcher) {
  static_assert(k_watcher_bytes_max < Pipe::k_bytes_max, "there is room for the last event");
  try {
    watcher.pipe->write(
        event_text("dropped", R"({"reason":"it was read too slowly, connect again"})"));
  } catch (const Error&) {  // it has gone, and need not know
  }
  watcher.pipe->finish(true);
  return false;
}

unsigned ChangeFeed::kinds_of(const FeedRequest& request) {
  return (request.executions ? bit(Kind::execution) : 0) |
         (request.history ? bit(Kind::history) : 0) | (request.events ? bit(Kind::event) : 0) |
         (request.log ? bit(Kind::log) : 0);
}

bool ChangeFeed::wants(const FeedRequest& request, const Change& change) {
  const bool is_of_it = request.execution_id.empty() || request.execution_id == change.execution_id;
  const std::string_view id = change.execution_id;
  const bool is_of_workflow =
      request.workflow.empty() || request.workflow == id.substr(0, id.find('/'));
  switch (change.kind) {
    case Kind::execution:
      return request.executions && is_of_it && is_of_workflow;
    case Kind::history:
      return request.history && is_of_it && is_of_workflow;
    case Kind::event:
      return request.events;
    case Kind::log:
      return request.log && is_of_it && change.level >= request.least;
  }
  return false;
}

/// Most turns leave the status as it was, and one word of a history that grew is enough at a time.
bool ChangeFeed::is_news(const Change& change, std::set<std::string>& grown) {
  if (change.kind == Kind::history)
    return grown.insert(run_key(change.execution_id, change.run)).second;
  if (change.kind != Kind::execution) return true;
  const auto [known, is_new] =
      known_.try_emplace(run_key(change.execution_id, change.run), change.status);
  const bool news = is_new || std::exchange(known->second, change.status) != change.status;
  if (model::is_closed(change.status)) known_.erase(known);
  while (known_.size() > k_executions_known_max) known_.erase(known_.begin());
  return news;
}

}  // namespace eventual::gateway
