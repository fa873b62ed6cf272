#include "gateway/cloud_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "eventual/time.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::cloud_events {
namespace {

constexpr std::string_view k_json = "application/json";
constexpr std::string_view k_header_prefix = "ce-";
constexpr std::string_view k_name_rule = "must be of lower-case letters and digits";

/// What is wrong with a request, all of it.
class Problems {
 public:
  void add(std::string pointer, std::string reason) {
    list_.push_back(Json::object({{"pointer", std::move(pointer)}, {"reason", std::move(reason)}}));
  }
  bool any() const { return list_.size() > 0; }
  Error error() const {
    const Json& first = list_.as_array().front();
    return {std::string(error_names::k_invalid_input),
            first["pointer"].as_string() + ": " + first["reason"].as_string(), list_.dump()};
  }

 private:
  Json list_ = Json::array();
};

std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

bool is_json_type(std::string_view content_type) {
  const std::string type = to_lower(media_type(content_type));
  return type.empty() || type == k_json || type == "text/json" || type.ends_with("+json");
}

Error unsupported(std::string message) { return {std::string(k_unsupported), std::move(message)}; }

bool is_attribute_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

/// The attributes of an event as text, with where each came from.
struct Attributes {
  std::string id;
  std::string source;
  std::string type;
  std::string version;
  std::string subject;
  std::string partition_key;
  std::string time;
  std::string content_type;

  std::string* of(std::string_view name) {
    if (name == "id") return &id;
    if (name == "source") return &source;
    if (name == "type") return &type;
    if (name == "specversion") return &version;
    if (name == "subject") return &subject;
    if (name == "partitionkey") return &partition_key;
    if (name == "time") return &time;
    if (name == "datacontenttype") return &content_type;
    return nullptr;
  }
};

/// Checks what every form has in common. `place` begins the pointers.
void check(const Attributes& attributes, const std::string& place, Problems& problems) {
  if (attributes.version.empty()) {
    problems.add(place + "specversion", "is required");
  } else if (attributes.version != "1.0") {
    problems.add(place + "specversion", "must be 1.0");
  }
  if (attributes.id.empty()) problems.add(place + "id", "is required");
  if (attributes.source.empty()) problems.add(place + "source", "is required");
  if (attributes.type.empty()) problems.add(place + "type", "is required");
  if (!attributes.time.empty() && !parse_iso8601(attributes.time))
    problems.add(place + "time", "must be a time as RFC 3339 has it");
}

ports::EmittedEvent event_of(Attributes attributes, std::string payload) {
  ports::EmittedEvent event;
  event.name = std::move(attributes.type);
  event.id = std::move(attributes.id);
  event.source = std::move(attributes.source);
  event.key = attributes.partition_key.empty() ? std::move(attributes.subject)
                                               : std::move(attributes.partition_key);
  event.payload_json = std::move(payload);
  return event;
}

/// The payload of "data_base64": bytes that are JSON text.
std::optional<std::string> decode_base64(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto bytes = from_json<std::vector<std::byte>>(value.dump());
  if (!bytes) return std::nullopt;
  std::string text(bytes->size(), '\0');
  std::transform(bytes->begin(), bytes->end(), text.begin(),
                 [](std::byte byte) { return static_cast<char>(byte); });
  const auto json = Json::parse(text);
  if (!json) return std::nullopt;
  return json->dump();
}

/// Nothing: `problems` says why, or `refused` does.
std::optional<ports::EmittedEvent> read_structured(const Json& json, const std::string& place,
                                                   Problems& problems,
                                                   std::optional<Error>& refused) {
  if (!json.is_object()) {
    problems.add(place, "must be an object");
    return std::nullopt;
  }
  Attributes attributes;
  std::string payload = "null";
  bool has_data = false;
  const std::string inside = place + "/";
  for (const auto& [name, value] : json.as_object()) {
    if (name == "data" || name == "data_base64") {
      if (has_data) problems.add(inside + name, "stands beside another form of the data");
      has_data = true;
      if (name == "data") {
        payload = value.dump();
      } else if (auto decoded = decode_base64(value)) {
        payload = std::move(*decoded);
      } else {
        problems.add(inside + name, "must be JSON text in base 64");
      }
      continue;
    }
    if (!is_attribute_name(name)) {
      problems.add(inside + name,
                   std::string("is no attribute: its name ") + std::string(k_name_rule));
      continue;
    }
    if (value.is_null()) continue;  // as if it were absent
    std::string* known = attributes.of(name);
    if (known != nullptr && value.is_string()) {
      *known = value.as_string();
      if (known->empty() && name != "subject" && name != "partitionkey")
        problems.add(inside + name, "must not be empty");
    } else if (known != nullptr) {
      problems.add(inside + name, "must be a string");
    } else if (!value.is_string() && !value.is_boolean() && !value.is_integer()) {
      problems.add(inside + name, "must be a string, a boolean or an integer");
    }
  }
  if (!is_json_type(attributes.content_type)) {
    refused = unsupported(fmt::format("{}datacontenttype is {}: only JSON is taken", inside,
                                      attributes.content_type));
  }
  const bool told = problems.any();
  check(attributes, inside, problems);
  if (told || problems.any()) return std::nullopt;
  return event_of(std::move(attributes), std::move(payload));
}

Result<std::vector<ports::EmittedEvent>> read_documents(const http::Request& request,
                                                        bool is_batch) {
  const std::string type = to_lower(media_type(http::find(request.headers, "content-type")));
  if (type.find('+') != std::string::npos && !type.ends_with("+json"))
    return unsupported(fmt::format("events as {} are not taken: only as JSON", type));
  const Result<Json> body = Json::parse(request.body);
  if (!body) {
    return Error(std::string(error_names::k_invalid_input),
                 "the body is not JSON: " + body.error().message(), body.error().details_json());
  }
  Problems problems;
  std::optional<Error> refused;
  std::vector<ports::EmittedEvent> events;
  const auto take = [&](const Json& json, const std::string& place) {
    if (auto event = read_structured(json, place, problems, refused))
      events.push_back(std::move(*event));
  };
  if (!is_batch) {
    take(*body, "");
  } else if (!body->is_array()) {
    problems.add("", "must be an array");
  } else {
    for (std::size_t i = 0; i < body->size(); ++i)
      take(body->as_array()[i], "/" + std::to_string(i));
  }
  if (refused) return *refused;
  if (problems.any()) return problems.error();
  return events;
}

Result<std::vector<ports::EmittedEvent>> read_binary(const http::Request& request) {
  Problems problems;
  Attributes attributes;
  for (const auto& [header, value] : request.headers) {
    const std::string name = to_lower(header);
    if (!name.starts_with(k_header_prefix)) continue;
    const std::string attribute = name.substr(k_header_prefix.size());
    if (!is_attribute_name(attribute)) {
      problems.add(header_value(name),
                   std::string("is no attribute: its name ") + std::string(k_name_rule));
      continue;
    }
    auto text = percent_decode(trim(value));
    if (!text) {
      problems.add(name, "has a bad percent-encoding");
      continue;
    }
    if (attribute == "datacontenttype") {
      problems.add(name, "is told by the header content-type");
    } else if (std::string* known = attributes.of(attribute)) {
      if (!known->empty()) problems.add(name, "stands there twice");
      *known = std::move(*text);
    }
  }
  if (!is_json_type(http::find(request.headers, "content-type"))) {
    return unsupported(
        fmt::format("an event with data of type {} is not taken: only JSON",
                    header_value(media_type(http::find(request.headers, "content-type")))));
  }
  check(attributes, std::string(k_header_prefix), problems);
  std::string payload = "null";
  if (!trim(request.body).empty()) {
    const Result<Json> data = Json::parse(request.body);
    if (data) {
      payload = data->dump();
    } else {
      problems.add("", "the body is not JSON: " + data.error().message());
    }
  }
  if (problems.any()) return problems.error();
  std::vector<ports::EmittedEvent> events;
  events.push_back(event_of(std::move(attributes), std::move(payload)));
  return events;
}

std::string_view source_of(const ports::EventView& event, std::string_view own_source) {
  return event.source.empty() ? own_source : std::string_view(event.source);
}

}  // namespace

Form form_of(const http::Request& request) {
  const std::string type = to_lower(media_type(http::find(request.headers, "content-type")));
  if (type.starts_with("application/cloudevents-batch")) return Form::batch;
  if (type.starts_with("application/cloudevents")) return Form::structured;
  const bool has_attributes =
      std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
        return equals_ignoring_case(header.first, "ce-specversion") ||
               equals_ignoring_case(header.first, "ce-id");
      });
  return has_attributes ? Form::binary : Form::none;
}

Result<std::vector<ports::EmittedEvent>> read(const http::Request& request) {
  switch (form_of(request)) {
    case Form::structured:
      return read_documents(request, false);
    case Form::batch:
      return read_documents(request, true);
    case Form::binary:
      return read_binary(request);
    case Form::none:
      break;
  }
  return unsupported("the request holds no CloudEvent");
}

std::string write(const ports::EventView& event, std::string_view own_source) {
  ObjectWriter object;
  object.text("specversion", "1.0")
      .text("id", event.id)
      .text("source", source_of(event, own_source))
      .text("type", event.name)
      .text("time", to_iso8601(event.at));
  if (!event.key.empty()) object.text("subject", event.key);
  return object.text("datacontenttype", k_json).raw("data", event.payload_json).finish();
}

std::string write_batch(const std::vector<ports::EventView>& events, std::string_view own_source) {
  std::string out = "[";
  for (const ports::EventView& event : events) {
    if (out.size() > 1) out += ',';
    out += write(event, own_source);
  }
  return out + "]";
}

std::string header_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

http::Fields binary_headers(const ports::EventView& event, std::string_view own_source) {
  http::Fields headers{{"content-type", std::string(k_json)},
                       {"ce-specversion", "1.0"},
                       {"ce-id", header_value(event.id)},
                       {"ce-source", header_value(source_of(event, own_source))},
                       {"ce-type", header_value(event.name)},
                       {"ce-time", to_iso8601(event.at)}};
  if (!event.key.empty()) headers.emplace_back("ce-subject", header_value(event.key));
  return headers;
}

}  // namespace eventual::gateway::cloud_events
