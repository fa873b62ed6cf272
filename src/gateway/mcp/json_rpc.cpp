#include "gateway/mcp/json_rpc.hpp"

#include <utility>

#include "gateway/execution_json.hpp"

namespace eventual::gateway::mcp {
namespace {

Error no_message(std::string why) {
  return {std::string(error_names::k_invalid_input), std::move(why)};
}

ObjectWriter begin(const Json& id) {
  ObjectWriter object;
  object.text("jsonrpc", "2.0").raw("id", id.dump());
  return object;
}

}  // namespace

Result<Message> read_message(const Json& json, Json& id) {
  id = Json();
  if (!json.is_object()) return no_message("a message must be an object");
  Message message;
  if (const Json* given = json.find("id")) {
    if (!given->is_string() && !given->is_integer())
      return no_message("an id must be a string or an integer");
    message.id = *given;
    id = *given;
  }
  if (json["jsonrpc"] != Json("2.0")) return no_message("jsonrpc must be \"2.0\"");
  const Json* method = json.find("method");
  if (method == nullptr) {
    if (json.find("result") == nullptr && json.find("error") == nullptr)
      return no_message("a message has a method, a result or an error");
    message.kind = Message::Kind::response;
    return message;
  }
  if (!method->is_string()) return no_message("a method must be a string");
  message.method = method->as_string();
  if (json.find("id") == nullptr) message.kind = Message::Kind::notification;
  if (const Json* params = json.find("params")) message.params = *params;
  return message;
}

Reply result_reply(const Json& id, std::string_view result_json) {
  return {.json = begin(id).raw("result", result_json).finish()};
}

Reply error_reply(const Json& id, Code code, std::string_view message, std::string_view data_json,
                  int status) {
  ObjectWriter error;
  error.raw("code", std::to_string(static_cast<int>(code))).text("message", message);
  if (!data_json.empty()) error.raw("data", data_json);
  return {.json = begin(id).raw("error", error.finish()).finish(), .status = status};
}

}  // namespace eventual::gateway::mcp
