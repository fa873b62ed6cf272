#include "cli/dev/parked_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "cli/dev/agreement.hpp"
#include "cli/text.hpp"
#include "ports/operations.hpp"

namespace eventual::cli {
namespace {

using std::chrono::milliseconds;

/// Code that differs shows itself soon after a start; later, when a timer or a signal wakes it.
constexpr milliseconds k_first_look{50};
constexpr milliseconds k_last_look{2000};
constexpr std::uint32_t k_executions_max = 100;

client::HttpClientOptions impatient(const std::string& token) {
  client::HttpClientOptions options;
  options.connect_timeout = Duration(1000);
  options.answer_timeout = Duration(2000);
  options.attempts_max = 1;
  options.bearer_token = token;
  return options;
}

}  // namespace

ParkedWatch::ParkedWatch(Printer& printer, std::string admin_token)
    : printer_(printer), admin_token_(std::move(admin_token)), thread_([this] { run(); }) {}

ParkedWatch::~ParkedWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ParkedWatch::look_at(std::string url) {
  {
    const std::lock_guard lock(mutex_);
    url_ = std::move(url);
    ++generation_;
  }
  changed_.notify_one();
}

void ParkedWatch::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (url_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const std::uint64_t generation = generation_;
    const std::string url = url_;
    const auto is_other = [&] { return ending_ || generation_ != generation; };
    auto http = client::HttpClient::make(url, impatient(admin_token_));
    if (!http) {
      changed_.wait(lock, is_other);
      continue;
    }
    client::OperationsClient service(**http);
    for (milliseconds pause = k_first_look; !changed_.wait_for(lock, pause, is_other);
         pause = std::min(2 * pause, k_last_look)) {
      lock.unlock();
      look(service);
      lock.lock();
    }
  }
}

void ParkedWatch::look(client::OperationsClient& service) {
  const Result<Json> answer = service.list("", "parked", {k_executions_max, ""});
  if (!answer || !(*answer)["executions"].is_array()) return;
  std::set<std::string> parked;
  for (const Json& execution : (*answer)["executions"].as_array()) {
    const std::string id = text_of(execution, "execution_id");
    const std::string why = text_of(execution["error"], "message");
    parked.insert(id);
    const auto [place, is_new] = told_.try_emplace(id, why);
    if (is_new || std::exchange(place->second, why) != why) tell(execution);
  }
  // Of more than a page nobody knows which ones are missing.
  if (parked.size() >= k_executions_max) return;
  for (auto told = told_.begin(); told != told_.end();) {
    if (parked.contains(told->first)) {
      ++told;
      continue;
    }
    printer_.say(fmt::format("{} is no longer parked", told->first), Style::good);
    told = told_.erase(told);
  }
}

void ParkedWatch::tell(const Json& execution) {
  const std::string id = text_of(execution, "execution_id");
  const Json& error = execution["error"];
  const std::string message = text_of(error, "message");
  if (error["name"] == Json(error_names::k_determinism))
    return tell_difference(printer_, "parked", id, message);
  printer_.say(fmt::format("parked: {}: {}", id, one_line(message)), Style::warn);
  printer_.say(fmt::format("  when that is repaired: eventual resume {}", id));
}

}  // namespace eventual::cli
