#include "gateway/mcp/mcp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/mcp/resources.hpp"
#include "gateway/operations_api.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::mcp {
namespace {

/// The newest first: it is offered to clients that know none of them.
constexpr std::array<std::string_view, 5> k_versions{"2025-11-25", "2025-06-18", "2025-03-26",
                                                     "2024-11-05", "2024-10-07"};
/// The only one with batches, and what a request without a version speaks.
constexpr std::string_view k_version_with_batches = "2025-03-26";

constexpr std::string_view k_no_cursor = "the cursor is none of this list";
constexpr std::size_t k_echoed_bytes_max = 64;  // of a name that is not known

bool is_known(std::string_view version) {
  return std::find(k_versions.begin(), k_versions.end(), version) != k_versions.end();
}

/// Absent is anything.
bool accepts_json(const http::Request& request) {
  const std::string accept = to_lower(http::find(request.headers, "accept"));
  const auto has = [&](std::string_view type) { return accept.find(type) != std::string::npos; };
  return accept.empty() || has("application/json") || has("application/*") || has("*/*");
}

http::Response response_of(Reply reply) {
  if (reply.json.empty()) return {.status = 202, .headers = {}, .body = {}};
  http::Response response = json_response(reply.status, std::move(reply.json));
  for (auto& field : reply.headers) response.headers.push_back(std::move(field));
  return response;
}

Reply refuse(const Json& id, Code code, std::string_view message, int status = 200) {
  return error_reply(id, code, message, {}, status);
}

std::string_view json_or_nothing(const http::Response& response) {
  return Json::parse(response.body) ? std::string_view(response.body) : std::string_view();
}

/// The caller has to prove who it is, or with other rights: that is for the client and not for the
/// model, so it is the HTTP response too. Nothing for other answers.
std::optional<Reply> authentication_reply(const Json& id, const http::Response& response) {
  const std::string_view challenge = http::find(response.headers, "www-authenticate");
  if (response.status != 401 && (response.status != 403 || challenge.empty())) return std::nullopt;
  Reply reply =
      error_reply(id, Code::unauthorized, response.status == 401 ? "Unauthorized" : "Forbidden",
                  json_or_nothing(response), response.status);
  if (!challenge.empty()) reply.headers.emplace_back("www-authenticate", challenge);
  return reply;
}

/// What an answer that is an error is to who reads a resource.
Reply resource_error(const Json& id, std::string_view uri, const http::Response& response) {
  if (auto reply = authentication_reply(id, response)) return std::move(*reply);
  if (response.status == 404) {
    return error_reply(id, Code::resource_not_found, "there is no such resource",
                       ObjectWriter().text("uri", uri).finish());
  }
  const bool bad = response.status == 400;
  return error_reply(id, bad ? Code::invalid_params : Code::internal,
                     bad ? "the URI is not valid" : "the resource could not be read",
                     json_or_nothing(response));
}

/// The cursor of a list; nothing when it is no text.
std::optional<std::string> cursor_of(const Json& params) {
  const Json* cursor = params.find("cursor");
  if (cursor == nullptr || cursor->is_null()) return std::string();
  if (!cursor->is_string()) return std::nullopt;
  return cursor->as_string();
}

/// Collects the answers to the messages of a batch.
class Batch {
 public:
  Batch(std::size_t messages, std::function<void(http::Response)> respond)
      : open_(messages), respond_(std::move(respond)) {}

  void add(const Reply& reply) {
    const std::lock_guard lock(mutex_);
    if (!reply.json.empty()) replies_ += (replies_.empty() ? "[" : ",") + reply.json;
    if (--open_ > 0) return;
    if (!replies_.empty()) replies_ += ']';
    respond_(response_of({.json = std::move(replies_)}));
  }

 private:
  std::mutex mutex_;
  std::size_t open_;
  std::string replies_;
  std::function<void(http::Response)> respond_;
};

}  // namespace

Server::Server(Options options, Surroundings surroundings)
    : options_(std::move(options)),
      surroundings_(std::move(surroundings)),
      tools_(std::move(options_.tools)) {}

void Server::handle(http::Request request, const Exchange& exchange) const {
  const std::string version(http::find(request.headers, "mcp-protocol-version"));
  const auto refuse_all = [&](Code code, std::string_view message, int status) {
    exchange.respond(response_of(refuse(Json(), code, message, status)));
  };
  if (!version.empty() && !is_known(version)) {
    return refuse_all(Code::invalid_request,
                      fmt::format("the protocol version {} is not supported; supported are {}",
                                  version, fmt::join(k_versions, ", ")),
                      400);
  }
  if (!accepts_json(request)) {
    return refuse_all(Code::invalid_request, "answers are application/json: accept them", 406);
  }
  const Result<Json> body = Json::parse(request.body);
  if (!body) {
    return refuse_all(Code::parse_error, "the body is not JSON: " + body.error().message(), 400);
  }
  request.body.clear();
  const auto outer = std::make_shared<const http::Request>(std::move(request));
  if (!(*body).is_array()) {
    return handle_message(*body, outer, exchange, [respond = exchange.respond](Reply reply) {
      respond(response_of(std::move(reply)));
    });
  }
  const std::size_t count = (*body).size();
  if (!version.empty() && version != k_version_with_batches) {
    return refuse_all(Code::invalid_request,
                      fmt::format("a request has one message in protocol {}", version), 400);
  }
  if (count == 0 || count > k_batch_max) {
    return refuse_all(
        Code::invalid_request,
        fmt::format("a batch has at least one message and at most {}, not {}", k_batch_max, count),
        400);
  }
  handle_batch(*body, outer, exchange);
}

void Server::handle_batch(const Json& messages, const Outer& outer,
                          const Exchange& exchange) const {
  // shared: by the messages
  const auto batch = std::make_shared<Batch>(messages.size(), exchange.respond);
  for (const Json& message : messages.as_array()) {
    handle_message(message, outer, exchange, [batch](const Reply& reply) { batch->add(reply); });
  }
}

void Server::handle_message(const Json& json, const Outer& outer, const Exchange& exchange,
                            const Done& done) const {
  Json id;
  const Result<Message> message = read_message(json, id);
  if (!message) return done(refuse(id, Code::invalid_request, message.error().message(), 400));
  if ((*message).kind != Message::Kind::request) return done({});
  if (!(*message).params.is_object())
    return done(refuse(id, Code::invalid_params, "params must be an object"));
  handle_request(*message, outer, exchange, done);
}

void Server::handle_request(const Message& message, const Outer& outer, const Exchange& exchange,
                            const Done& done) const {
  const std::string& method = message.method;
  if (method == "initialize") return done(initialize(message, *outer));
  if (method == "ping") return done(result_reply(message.id, "{}"));
  if (method == "tools/list") return done(list_tools(message, *outer));
  if (method == "tools/call") return call_tool(message, outer, exchange, done);
  if (method == "resources/list") return list_resources(message, *outer, done);
  if (method == "resources/templates/list")
    return done(result_reply(message.id, resource_templates_json()));
  if (method == "resources/read") return read_resource(message, outer, done);
  done(refuse(message.id, Code::method_not_found,
              "there is no method " + method.substr(0, k_echoed_bytes_max)));
}

Reply Server::initialize(const Message& message, const http::Request& outer) const {
  const Json* wanted = message.params.find("protocolVersion");
  if (wanted == nullptr || !wanted->is_string())
    return refuse(message.id, Code::invalid_params, "protocolVersion must be a string");
  const bool known = is_known(wanted->as_string());
  ObjectWriter capabilities;
  capabilities.raw("tools", "{}");
  if (surroundings_.authorized(outer)) capabilities.raw("resources", "{}");
  ObjectWriter result;
  result.text("protocolVersion", known ? std::string_view(wanted->as_string()) : k_versions.front())
      .raw("capabilities", capabilities.finish())
      .raw(
          "serverInfo",
          ObjectWriter().text("name", options_.service).text("version", options_.version).finish());
  if (!options_.instructions.empty()) result.text("instructions", options_.instructions);
  return result_reply(message.id, result.finish());
}

Reply Server::list_tools(const Message& message, const http::Request& outer) const {
  const auto cursor = cursor_of(message.params);
  const auto page = tools_.page(cursor.value_or("?"), surroundings_.authorized(outer));
  if (!page) return refuse(message.id, Code::invalid_params, page.error().message());
  return result_reply(message.id, *page);
}

void Server::call_tool(const Message& message, const Outer& outer, const Exchange& exchange,
                       const Done& done) const {
  const Json* name = message.params.find("name");
  if (name == nullptr || !name->is_string())
    return done(refuse(message.id, Code::invalid_params, "name must be a string"));
  const Tool* tool = tools_.find(name->as_string());
  if (tool == nullptr) {
    return done(refuse(message.id, Code::invalid_params,
                       "there is no tool " + name->as_string().substr(0, k_echoed_bytes_max)));
  }
  Json arguments = Json::object();
  if (const Json* given = message.params.find("arguments"); given != nullptr && !given->is_null()) {
    if (!given->is_object())
      return done(refuse(message.id, Code::invalid_params, "arguments must be an object"));
    arguments = *given;
  }
  http::Request request;
  Duration wait{0};
  try {
    request = tool->request(arguments, *outer);
    if (tool->is_workflow()) wait = Tool::wait_of(arguments);
  } catch (const Error& error) {
    return done(result_reply(message.id, tool->argument_error(error)));
  }
  if (tool->is_workflow()) {
    if (wait > Duration(0)) exchange.mark_waiting();
    return start_workflow(*tool, message.id, std::move(request), wait, outer, done);
  }
  surroundings_.dispatch(std::move(request),
                         [tool, id = message.id, done](const http::Response& response) {
                           if (auto reply = authentication_reply(id, response))
                             return done(std::move(*reply));
                           done(result_reply(id, tool->command_result(response)));
                         });
}

void Server::start_workflow(const Tool& tool, const Json& id, http::Request start, Duration wait,
                            const Outer& outer, const Done& done) const {
  surroundings_.dispatch(
      std::move(start), [this, &tool, id, wait, outer, done](http::Response started) {
        if (auto reply = authentication_reply(id, started)) return done(std::move(*reply));
        const Result<Json> body = Json::parse(started.body);
        const Json* run = body ? (*body).find("run") : nullptr;
        const std::string_view place = http::find(started.headers, "location");
        if (started.status >= 300 || run == nullptr || place.empty())
          return done(result_reply(id, tool.error_result(started)));
        http::Request asked = request_within(
            *outer, http::Method::get,
            fmt::format("{}/result?run={}&wait_ms={}", place, run->dump(), wait.count()));
        surroundings_.dispatch(std::move(asked), [&tool, id, done, started = std::move(started)](
                                                     const http::Response& result) {
          if (result.status >= 300) return done(result_reply(id, tool.error_result(result)));
          done(result_reply(id, tool.workflow_result(started, result)));
        });
      });
}

void Server::list_resources(const Message& message, const http::Request& outer,
                            const Done& done) const {
  if (!surroundings_.authorized(outer))
    return done(*authentication_reply(message.id, OperationsApi::unauthorized()));
  auto cursor = cursor_of(message.params);
  if (!cursor) return done(refuse(message.id, Code::invalid_params, k_no_cursor));
  ports::ListRequest list;
  list.limit = k_resources_page;
  list.cursor = std::move(*cursor);
  const bool is_first = list.cursor.empty();
  surroundings_.list(
      std::move(list), [id = message.id, is_first, done](const Result<ports::ListReply>& reply) {
        if (reply) return done(result_reply(id, resources_json(*reply, is_first)));
        const bool bad = reply.error().name() == error_names::k_invalid_input;
        done(refuse(id, bad ? Code::invalid_params : Code::internal, reply.error().message()));
      });
}

void Server::read_resource(const Message& message, const Outer& outer, const Done& done) const {
  const Json* uri = message.params.find("uri");
  if (uri == nullptr || !uri->is_string())
    return done(refuse(message.id, Code::invalid_params, "uri must be a string"));
  const auto target = target_of_resource(uri->as_string());
  if (!target) {
    return done(error_reply(message.id, Code::resource_not_found, "there is no such resource",
                            ObjectWriter().text("uri", uri->as_string()).finish()));
  }
  surroundings_.dispatch(
      request_within(*outer, http::Method::get, *target),
      [id = message.id, uri = uri->as_string(), done](const http::Response& response) {
        if (response.status != 200) return done(resource_error(id, uri, response));
        done(result_reply(id, resource_json(uri, response.body)));
      });
}

}  // namespace eventual::gateway::mcp
