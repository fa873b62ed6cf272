// Any request: reading CloudEvents never crashes, and what was read is written to an event that
// reads as the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/cloud_events.hpp"

namespace {

namespace ce = eventual::gateway::cloud_events;

/// Lines up to an empty one are headers, the rest is the body.
eventual::http::Request request_of(std::string_view text) {
  eventual::http::Request request;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    request.headers.emplace_back(line.substr(0, colon), colon == std::string_view::npos
                                                            ? std::string_view()
                                                            : line.substr(colon + 1));
  }
  request.body = text;
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request =
      request_of(std::string_view(reinterpret_cast<const char*>(data), size));  // NOLINT: bytes
  if (ce::form_of(request) == ce::Form::none) return 0;
  const auto events = ce::read(request);
  if (!events) {
    if (events.error().message().empty()) std::abort();
    return 0;
  }
  for (const eventual::ports::EmittedEvent& event : *events) {
    eventual::ports::EventView view;
    view.name = event.name;
    view.id = event.id;
    view.key = event.key;
    view.source = event.source;
    view.payload_json = event.payload_json;
    eventual::http::Request again;
    again.headers = ce::binary_headers(view, "own");
    again.body = view.payload_json;
    const auto read_again = ce::read(again);
    if (!read_again || read_again->size() != 1 || read_again->front().id != event.id ||
        read_again->front().payload_json != event.payload_json)
      std::abort();
  }
  return 0;
}
