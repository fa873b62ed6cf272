// JSON-RPC 2.0 as the Model Context Protocol uses it: messages in, messages out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"

namespace eventual::gateway::mcp {

/// The codes of errors.
enum class Code : std::int16_t {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal = -32603,
  unauthorized = -32001,
  resource_not_found = -32002,
};

/// One message of a client.
struct Message {
  enum class Kind : std::uint8_t { request, notification, response };
  Kind kind = Kind::request;
  Json id;  ///< of a request: text or a whole number
  std::string method;
  Json params = Json::object();
};

/// The answer to one message. Alone in its HTTP request it also decides the status and fields of
/// the response.
struct Reply {
  std::string json;
  int status = 200;
  http::Fields headers{};
};

/// InvalidInput when it is no message of JSON-RPC 2.0. `id` becomes that of the message, as far as
/// it has one.
Result<Message> read_message(const Json& json, Json& id);

Reply result_reply(const Json& id, std::string_view result_json);

/// `data_json` is JSON text; empty: there is none.
Reply error_reply(const Json& id, Code code, std::string_view message,
                  std::string_view data_json = {}, int status = 200);

}  // namespace eventual::gateway::mcp
