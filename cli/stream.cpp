#include "cli/stream.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <thread>

#include "client/event_stream.hpp"

namespace eventual::cli {
namespace {

constexpr std::chrono::seconds k_pause{1};
constexpr std::chrono::seconds k_patience{30};
constexpr int k_not_found = 404;
constexpr int k_too_many = 429;
constexpr int k_unavailable = 503;

}  // namespace

bool listen(Context& context, const std::string& target, const Listener& listener) {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> lost_at;  // a stream that had begun
  for (;;) {
    client::EventStreamReader reader;
    std::exception_ptr failure;  // must not pass through the client
    bool begun = false;
    bool enough = false;
    const auto take_event = [&](const client::ServerSentEvent& event) {
      const auto data = ev::Json::parse(event.data);
      if (!data) return true;
      begun = true;
      try {
        enough = event.event == "ready" ? !listener.look() : !listener.take(event.event, *data);
      } catch (...) {
        failure = std::current_exception();
      }
      return !failure && !enough;
    };
    const auto answer = context.service().http().stream(
        {.target = target, .headers = {{"accept", "text/event-stream"}}},
        [&](std::string_view piece) { return reader.feed(piece, take_event); });
    if (failure) std::rethrow_exception(failure);
    if (enough) return true;
    if (answer && answer->status == k_not_found) return false;
    if (begun) lost_at = Clock::now();
    // A service that starts again is away for a moment, or has no place for a moment.
    const bool may_come_back =
        lost_at && Clock::now() - *lost_at < k_patience &&
        (!answer || answer->status == k_too_many || answer->status == k_unavailable);
    if (!may_come_back) {
      if (!answer) throw ev::Error(answer.error());
      if (answer->status >= 400) throw client::error_of(*answer);
    }
    std::this_thread::sleep_for(k_pause);
  }
}

}  // namespace eventual::cli
