#include "cli/stream.hpp"

#include <chrono>
#include <exception>
#include <thread>

#include "client/event_stream.hpp"

namespace eventual::cli {
namespace {

constexpr std::chrono::seconds k_pause{1};
constexpr int k_not_found = 404;

}  // namespace

bool listen(Context& context, const std::string& target, const Listener& listener) {
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
    if (answer && answer->status >= 400) throw client::error_of(*answer);
    if (!answer && !begun) throw ev::Error(answer.error());
    std::this_thread::sleep_for(k_pause);
  }
}

}  // namespace eventual::cli
