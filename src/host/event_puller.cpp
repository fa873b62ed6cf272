#include "host/event_puller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "base/thread_name.hpp"
#include "client/http_client.hpp"
#include "gateway/text.hpp"

namespace eventual::host {
namespace {

/// How long one question waits for an event.
constexpr Duration k_wait{20'000};
constexpr Duration k_answer_timeout{30'000};
constexpr std::uint32_t k_events_max = 500;
/// Between questions that were not answered.
constexpr Duration k_pause_first{100};
constexpr Duration k_pause_max{5'000};

template <class T>
Result<T> answer_of(const std::function<void(ports::Callback<T>)>& ask) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> answer = promise->get_future();
  ask([promise](Result<T> given) { promise->set_value(std::move(given)); });
  return answer.get();  // every callback is called, with Unavailable when the engine ends
}

std::string text_at(const Json& object, std::string_view name) {
  const Json* member = object.find(name);
  return member != nullptr && member->is_string() ? member->as_string() : std::string();
}

}  // namespace

Result<ports::ReceiveRequest> read_events_answer(const Json& answer) {
  const auto invalid = [] {
    return Error(std::string(error_names::k_invalid_input),
                 "the answer is no list of events: is this another service of this framework?");
  };
  const Json* events = answer.find("events");
  const Json* next = answer.find("next");
  if (events == nullptr || !events->is_array() || next == nullptr || !next->is_integer() ||
      next->dump().front() == '-' || text_at(answer, "log_id").empty())
    return invalid();
  ports::ReceiveRequest request;
  request.source = text_at(answer, "service");
  request.log_id = text_at(answer, "log_id");
  request.next = next->as_uint64();
  for (const Json& json : events->as_array()) {
    ports::EmittedEvent event;
    event.name = text_at(json, "name");
    event.id = text_at(json, "id");
    event.key = text_at(json, "key");
    const Json* payload = json.find("payload");
    if (event.name.empty() || event.id.empty() || payload == nullptr) return invalid();
    event.payload_json = payload->dump();
    event.checked = true;  // by the service that emitted it
    request.events.push_back(std::move(event));
  }
  return request;
}

struct EventPuller::Connection {
  std::unique_ptr<client::HttpClient> client;
  std::string names;
};

EventPuller::EventPuller(const detail::EventSourceDefinition& source, ports::Operations& operations,
                         const engine::LogSink& log)
    : source_(source),
      operations_(operations),
      log_(log),
      connection_(std::make_unique<Connection>()) {
  for (const std::string& name : source_.events) {
    if (!connection_->names.empty()) connection_->names += ',';
    connection_->names += gateway::percent_encode(name);
  }
  thread_ = std::thread([this] { run(); });
}

EventPuller::~EventPuller() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    stopped_.notify_all();
  }
  thread_.join();
}

void EventPuller::run() {
  base::name_thread("ev-events");
  Duration wait = k_pause_first;
  while (!stop_.stop_requested()) {
    const Result<void> pulled = pull();
    if (stop_.stop_requested()) return;
    if (pulled) {
      if (!last_failure_.empty())
        log_(LogLevel::info, {}, fmt::format("events of {} come again", source_.url));
      last_failure_.clear();
      wait = k_pause_first;
      continue;
    }
    if (last_failure_ != pulled.error().message()) {  // each reason once
      last_failure_ = pulled.error().message();
      log_(LogLevel::warn, {},
           fmt::format("events of {} cannot be read: {}", source_.url, last_failure_));
    }
    pause(wait);
    wait = std::min(wait * 2, k_pause_max);
  }
}

void EventPuller::pause(Duration duration) {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, stop_.get_token(), duration, [] { return false; });
}

Result<void> EventPuller::pull() {
  if (!position_) {
    auto position = answer_of<ports::SourcePosition>(
        [&](auto done) { operations_.source_position(source_.url, std::move(done)); });
    if (!position) return position.error();
    position_ = std::move(*position);
  }
  if (connection_->client == nullptr) {
    client::HttpClientOptions options;
    try {
      if (source_.token) options.bearer_token = source_.token.value();
    } catch (const Error& error) {
      return error;
    }
    auto made = client::HttpClient::make(source_.url, std::move(options));
    if (!made) return made.error();
    connection_->client = std::move(*made);
  }
  client::ClientRequest request;
  request.target = fmt::format("/_eventual/events?after={}&names={}&limit={}&wait_ms={}",
                               position_->after, connection_->names, k_events_max, k_wait.count());
  request.answer_timeout = k_answer_timeout;
  request.stop = stop_.get_token();
  auto response = connection_->client->send(std::move(request));
  if (!response) return response.error();
  if (response->status >= 400) return client::error_of(*response);
  const Result<Json> answer = Json::parse(response->body);
  if (!answer) return answer.error();
  return take(*answer);
}

Result<void> EventPuller::take(const Json& answer) {
  auto received = read_events_answer(answer);
  if (!received) return received.error();
  if (!position_->log_id.empty() && position_->log_id != received->log_id && position_->after > 0) {
    log_(LogLevel::warn, {},
         fmt::format("the log of {} began anew: it is read from its beginning", source_.url));
    position_ = ports::SourcePosition{received->log_id, 0};
    return {};
  }
  const Json* first = answer.find("first");
  if (first != nullptr && first->is_integer() && position_->after > 0 &&
      first->as_uint64() > position_->after + 1) {
    log_(LogLevel::error, {},
         fmt::format("{} events of {} were forgotten there before they were read",
                     first->as_uint64() - position_->after - 1, source_.url));
  }
  const ports::SourcePosition reached{received->log_id, received->next};
  if (reached.log_id == position_->log_id && reached.after <= position_->after) return {};
  if (received->source.empty()) received->source = source_.url;
  received->url = source_.url;
  auto taken = answer_of<bool>(
      [&](auto done) { operations_.receive_events(std::move(*received), std::move(done)); });
  if (!taken) return taken.error();
  position_ = reached;
  return {};
}

}  // namespace eventual::host
