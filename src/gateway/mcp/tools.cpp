#include "gateway/mcp/tools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::mcp {
namespace {

constexpr std::string_view k_input = "input";
constexpr std::string_view k_result = "result";
constexpr std::string_view k_definitions = "$defs";

/// What is about the body, the connection or the form of an answer, and not about who calls.
constexpr std::array<std::string_view, 13> k_own_fields{
    "accept",           "accept-encoding", "connection",
    "content-encoding", "content-length",  "content-type",
    "expect",           "if-match",        "if-modified-since",
    "if-none-match",    "range",           "te",
    "transfer-encoding"};

bool is_own_field(std::string_view name) {
  const std::string lower = to_lower(name);
  return lower.starts_with("mcp-") ||
         std::find(k_own_fields.begin(), k_own_fields.end(), lower) != k_own_fields.end();
}

bool is_success(const http::Response& response) {
  return response.status >= 200 && response.status < 300;
}

/// The schema of an object, also where the one given only refers to it; null for other values.
const Json* object_schema_in(const Json& schema) {
  if (schema["type"] == Json("object")) return &schema;
  const Json* reference = schema.find("$ref");
  if (reference == nullptr || !reference->is_string()) return nullptr;
  const std::string_view text = reference->as_string();
  const Json* target = text.starts_with('#') ? schema.find_at(text.substr(1)) : nullptr;
  return target != nullptr && (*target)["type"] == Json("object") ? target : nullptr;
}

bool is_object_schema(const Json& schema) { return object_schema_in(schema) != nullptr; }

/// With its members at the root, where clients look for them.
Json at_root(const Json& schema) {
  Json root = *object_schema_in(schema);
  if (const Json* definitions = schema.find(k_definitions)) root.set(k_definitions, *definitions);
  return root;
}

/// Validators that know older drafts take a false "items" as an empty list, whatever "prefixItems"
/// says; its length says the same to all of them.
void make_portable(Json& schema) {
  if (schema.is_array()) {
    for (Json& item : schema.as_array()) make_portable(item);
    return;
  }
  if (!schema.is_object()) return;
  if (const Json* first = schema.find("prefixItems");
      first != nullptr && schema["items"] == Json(false)) {
    const std::size_t count = first->size();
    schema.erase("items");
    schema.set("maxItems", count);
  }
  for (const auto& [name, value] : Json::Object(schema.as_object())) {
    Json changed = value;
    make_portable(changed);
    schema.set(name, std::move(changed));
  }
}

/// `schema` as part of the one at `root`: definitions stay there, where they are referred to.
Json part_of(Json& root, Json schema) {
  if (const Json* definitions = schema.find(k_definitions)) {
    root.set(k_definitions, *definitions);
    schema.erase(k_definitions);
  }
  return schema;
}

void set_property(Json& schema, std::string_view name, Json property) {
  schema["properties"].set(name, std::move(property));
}

Json text_schema() { return Json::object({{"type", "string"}}); }

Json object_schema() { return Json::object({{"type", "object"}, {"properties", Json::object()}}); }

std::string text_content(std::string_view text) {
  return "[" + ObjectWriter().text("type", "text").text("text", text).finish() + "]";
}

std::string failure(std::string_view text) {
  return ObjectWriter().raw("content", text_content(text)).boolean("isError", true).finish();
}

/// Also as text: older clients know of no structured content.
std::string success(const std::string& structured_json) {
  return ObjectWriter()
      .raw("content", text_content(structured_json))
      .raw("structuredContent", structured_json)
      .boolean("isError", false)
      .finish();
}

Error bad_argument(std::string_view pointer, std::string_view reason) {
  return {std::string(error_names::k_invalid_input), fmt::format("{} {}", pointer, reason),
          "[" + ObjectWriter().text("pointer", pointer).text("reason", reason).finish() + "]"};
}

/// Pointers into the input become pointers into the arguments.
void move_pointers(Json& error) {
  Json* details = error.find("details");
  if (details == nullptr || !details->is_array()) return;
  for (Json& detail : details->as_array()) {
    if (!detail.is_object()) continue;
    const Json* pointer = detail.find("pointer");
    if (pointer != nullptr && pointer->is_string())
      detail.set("pointer", "/" + std::string(k_input) + pointer->as_string());
  }
}

/// A name that the interfaces of models take, which none of `taken` has.
template <class Names>
std::string unique_name(std::string_view wanted, const Names& taken) {
  std::string name(wanted.substr(0, k_tool_name_bytes_max));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-');
      },
      '_');
  std::string unique = name;
  for (int number = 2; taken.contains(unique); ++number) {
    const std::string suffix = "_" + std::to_string(number);
    unique = name.substr(0, k_tool_name_bytes_max - suffix.size()) + suffix;
  }
  return unique;
}

}  // namespace

http::Request request_within(const http::Request& outer, http::Method method, std::string target,
                             std::string body) {
  http::Request request;
  request.method = method;
  request.raw_target = std::move(target);
  request.remote_address = outer.remote_address;
  for (const auto& field : outer.headers) {
    if (!is_own_field(field.first)) request.headers.push_back(field);
  }
  request.headers.emplace_back("accept", "application/json");
  if (!body.empty()) {
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("content-length", std::to_string(body.size()));
  }
  request.body = std::move(body);
  return request;
}

Tool::Tool(ToolSource source, std::string name)
    : source_(std::move(source)), name_(std::move(name)) {
  make_portable(source_.input);
  make_portable(source_.output);
  Json tool = Json::object({{"name", name_}});
  if (!source_.title.empty()) tool.set("title", source_.title);
  if (!source_.description.empty()) tool.set("description", source_.description);
  tool.set("inputSchema", input_schema());
  if (Json output = output_schema(); !output.is_null()) tool.set("outputSchema", std::move(output));
  if (source_.read_only) tool.set("annotations", Json::object({{"readOnlyHint", true}}));
  description_json_ = tool.dump();
}

bool Tool::wraps_input() const {
  return !source_.input.is_null() && (is_workflow() || !is_object_schema(source_.input));
}

bool Tool::wraps_output() const {
  return !source_.output.is_null() && !is_object_schema(source_.output);
}

Json Tool::input_schema() const {
  if (!is_workflow() && !source_.input.is_null() && !wraps_input()) return at_root(source_.input);
  Json schema = object_schema();
  if (wraps_input()) {
    set_property(schema, k_input, part_of(schema, source_.input));
    if (!source_.input_optional) schema.set("required", Json::array({k_input}));
  }
  if (!is_workflow()) return schema;
  set_property(schema, "name",
               Json::object({{"type", "string"},
                             {"minLength", 1},
                             {"description",
                              "Names the execution. It is started once for each name: another call "
                              "with the same name and input tells how that one stands. Without it "
                              "a name is made."}}));
  set_property(schema, "wait_ms",
               Json::object({{"type", "integer"},
                             {"minimum", 0},
                             {"maximum", k_tool_wait_max.count()},
                             {"default", 0},
                             {"description",
                              "How long to wait for the end of the execution. It goes on in any "
                              "case; call again with its name to wait longer."}}));
  return schema;
}

Json Tool::output_schema() const {
  if (is_workflow()) return execution_schema();
  if (source_.output.is_null()) return {};
  if (!wraps_output()) return at_root(source_.output);
  Json schema = object_schema();
  set_property(schema, k_result, part_of(schema, source_.output));
  schema.set("required", Json::array({k_result}));
  return schema;
}

Json Tool::execution_schema() const {
  Json schema = object_schema();
  set_property(schema, "execution_id", text_schema());
  set_property(schema, "run", Json::object({{"type", "integer"}}));
  set_property(schema, "already_running", Json::object({{"type", "boolean"}}));
  set_property(schema, "status", text_schema());
  Json none = Json::object({{"type", "null"}});
  if (source_.output.is_null()) {
    set_property(schema, k_result, std::move(none));
  } else {
    Json result = part_of(schema, source_.output);
    set_property(schema, k_result,
                 Json::object({{"anyOf", Json::array({std::move(result), std::move(none)})}}));
  }
  set_property(
      schema, "error",
      Json::object(
          {{"type", "object"},
           {"properties", Json::object({{"name", text_schema()}, {"message", text_schema()}})}}));
  schema.set("required", Json::array({"execution_id", "run", "already_running", "status"}));
  return schema;
}

Duration Tool::wait_of(const Json& arguments) {
  const Json* wait = arguments.find("wait_ms");
  if (wait == nullptr || wait->is_null()) return Duration(0);
  if (!wait->is_integer() || wait->dump().front() == '-' ||
      wait->as_uint64() > static_cast<std::uint64_t>(k_tool_wait_max.count())) {
    throw bad_argument(
        "/wait_ms", fmt::format("must be a whole number of at most {}", k_tool_wait_max.count()));
  }
  return Duration(wait->as_int64());
}

http::Request Tool::request(const Json& arguments, const http::Request& outer) const {
  if (!is_workflow()) {
    std::string body;
    if (wraps_input()) {
      const Json* input = arguments.find(k_input);
      if (input != nullptr) body = input->dump();
    } else if (!source_.input.is_null()) {
      body = arguments.dump();
    }
    return request_within(outer, http::Method::post, "/rpc/" + percent_encode(source_.name),
                          std::move(body));
  }
  Json start = Json::object();
  if (const Json* input = arguments.find(k_input)) start.set(k_input, *input);
  if (const Json* name = arguments.find("name"); name != nullptr && !name->is_null()) {
    if (!name->is_string()) throw bad_argument("/name", "must be a string");
    start.set("name", *name);
  }
  return request_within(
      outer, http::Method::post,
      fmt::format("/_eventual/workflows/{}/executions", percent_encode(source_.name)),
      start.dump());
}

std::string Tool::command_result(const http::Response& response) const {
  if (!is_success(response)) return error_result(response);
  if (source_.output.is_null()) {
    return ObjectWriter().raw("content", text_content("done")).boolean("isError", false).finish();
  }
  const Result<Json> output = Json::parse(response.body);
  if (output && wraps_output()) {
    return success(ObjectWriter().raw(k_result, (*output).dump()).finish());
  }
  // Middleware may answer what it likes.
  if (!output || !(*output).is_object()) return failure(response.body);
  return success((*output).dump());
}

std::string Tool::workflow_result(const http::Response& started,
                                  const http::Response& result) const {
  Result<Json> outcome = Json::parse(started.body);
  const Result<Json> standing = Json::parse(result.body);
  if (!outcome || !standing) return failure("it is started; how it stands cannot be told here");
  for (const std::string_view name : {"status", "result", "error"}) {
    if (const Json* member = (*standing).find(name)) (*outcome).set(name, *member);
  }
  return success((*outcome).dump());
}

std::string Tool::error_result(const http::Response& response) const {
  Result<Json> error = Json::parse(response.body);
  if (!error || !(*error).is_object()) {
    return failure(response.body.empty() ? fmt::format("HTTP status {}", response.status)
                                         : response.body);
  }
  if (wraps_input()) move_pointers(*error);
  return failure((*error).dump());
}

std::string Tool::argument_error(const Error& error) {
  return failure(error_body(error.name(), error.message(), error.details_json()));
}

Tools::Tools(std::vector<ToolSource> sources) {
  tools_.reserve(sources.size());
  for (const auto kind : {ToolSource::Kind::command, ToolSource::Kind::workflow}) {
    for (ToolSource& source : sources) {
      if (source.kind != kind) continue;
      const std::string wanted =
          kind == ToolSource::Kind::command ? source.name : "start_" + source.name;
      std::string name = unique_name(wanted, by_name_);
      by_name_.emplace(name, tools_.size());
      tools_.emplace_back(std::move(source), std::move(name));
    }
  }
}

const Tool* Tools::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &tools_[found->second];
}

Result<std::string> Tools::page(std::string_view cursor, bool with_workflows) const {
  std::size_t index = 0;
  if (!cursor.empty()) {
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), index);
    if (error != std::errc() || end != cursor.data() + cursor.size() || index >= tools_.size())
      return Error(std::string(error_names::k_invalid_input), "the cursor is none of this list");
  }
  std::string list = "[";
  std::size_t count = 0;
  for (; index < tools_.size() && count < k_tools_page; ++index) {
    const Tool& tool = tools_[index];
    if (tool.is_workflow() && !with_workflows) break;  // they are the last
    if (count++ > 0) list += ',';
    list += tool.description_json();
  }
  ObjectWriter page;
  page.raw("tools", list + "]");
  const bool more = index < tools_.size() && (with_workflows || !tools_[index].is_workflow());
  if (more) page.text("nextCursor", std::to_string(index));
  return page.finish();
}

}  // namespace eventual::gateway::mcp
