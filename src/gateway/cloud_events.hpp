// CloudEvents 1.0 over HTTP: reads and writes the structured, batched and binary forms of events in
// JSON.
//
// An event's id, type, source and time are those of ours; its subject is our key (the extension
// "partitionkey" goes before it). Other extensions are taken and not kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "ports/events.hpp"

namespace eventual::gateway::cloud_events {

enum class Form { none, structured, batch, binary };

inline constexpr std::string_view k_structured_type = "application/cloudevents+json";
inline constexpr std::string_view k_batch_type = "application/cloudevents-batch+json";

/// The error of a form or a content that is not JSON; HTTP answers 415.
inline constexpr std::string_view k_unsupported = "UnsupportedMediaType";

/// By the content type, and the header ce-specversion. One that is another than JSON is
/// `structured` or `batch` too, and refused by `read`.
Form form_of(const http::Request& request);

/// The events of a request that has a form. InvalidInput with every problem of every event, or
/// UnsupportedMediaType.
Result<std::vector<ports::EmittedEvent>> read(const http::Request& request);

/// In the structured form. `own_source` is what events of this service have for a source.
std::string write(const ports::EventView& event, std::string_view own_source);
std::string write_batch(const std::vector<ports::EventView>& events, std::string_view own_source);

/// Text as the HTTP binding has it in headers: printable ASCII without spaces, quotes and percent
/// signs as it is, every other byte percent-encoded.
std::string header_value(std::string_view text);

/// The headers of the binary form, content-type among them; the body is the payload.
http::Fields binary_headers(const ports::EventView& event, std::string_view own_source);

}  // namespace eventual::gateway::cloud_events
