#include "gateway/gateway.hpp"

#include <fmt/format.h>

#include <utility>

#include "eventual/json.hpp"
#include "gateway/error_response.hpp"
#include "gateway/router.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::string_view k_rpc_prefix = "/rpc/";

bool query_is_input(http::Method method) noexcept {
  return method == http::Method::get || method == http::Method::del || method == http::Method::head;
}

/// Media type application/json or application/…+json; absent is taken as JSON.
bool is_json_content(const http::Request& request) {
  std::string_view type = http::find(request.headers, "content-type");
  type = trim(type.substr(0, type.find(';')));
  if (type.empty() || equals_ignoring_case(type, "application/json")) return true;
  const std::string lower = to_lower(type);
  return lower.starts_with("application/") && lower.ends_with("+json");
}

void add_query_text(Json& input, const std::string& name, const std::string& value) {
  Json* present = input.find(name);
  if (present == nullptr) {
    input.set(name, Json(value));
  } else if (present->is_array()) {
    present->push_back(Json(value));
  } else {
    input.set(name, Json::array({*present, Json(value)}));
  }
}

}  // namespace

bool is_rpc_request(const http::Request& request) noexcept {
  return raw_path(request.raw_target).starts_with(k_rpc_prefix);
}

std::string compose_input_json(const http::Request& request, bool is_rpc) {
  const bool has_body = !trim(request.body).empty();
  if (is_rpc) return has_body ? request.body : "null";
  const bool use_query = query_is_input(request.method) && !request.query.empty();
  const bool has_parameters = use_query || !request.path_parameters.empty();
  if (!has_parameters) return has_body ? request.body : "null";

  Json input = Json::object();
  if (use_query) {
    for (const auto& [name, value] : request.query) add_query_text(input, name, value);
  }
  if (has_body) {
    Result<Json> body = Json::parse(request.body);
    if (!body) throw Error(body.error());
    if (!(*body).is_object()) {
      throw Error(std::string(error_names::k_invalid_input), "the body must be a JSON object",
                  R"([{"pointer":"","reason":"must be an object"}])");
    }
    for (const auto& [name, value] : (*body).as_object()) input.set(name, value);
  }
  for (const auto& [name, value] : request.path_parameters) input.set(name, Json(value));
  return input.dump();
}

class Gateway::Impl {
 public:
  Impl(const GatewayOptions& options, ports::Operations& operations,
       std::vector<CommandRoute> commands, std::vector<ExtraRoute> extras)
      : api_(operations, options.operations),
        commands_(std::move(commands)),
        extras_(std::move(extras)),
        origins_(options.server.allowed_origins) {}

  Result<void> listen(ServerOptions options) {
    for (const CommandRoute& command : commands_) {
      const std::string name = "command " + command.name;
      const std::string rpc = fmt::format("{}{}", k_rpc_prefix, percent_encode(command.name));
      targets_.push_back({.invoke = &command.invoke, .is_command = true});
      if (auto added = add(http::Method::post, rpc, name); !added) return added;
      if (command.path.empty()) continue;
      targets_.push_back({.invoke = &command.invoke,
                          .is_command = true,
                          .success_status = command.success_status});
      if (auto added = add(command.method, command.path, name); !added) return added;
    }
    for (const ExtraRoute& extra : extras_) {
      targets_.push_back({.invoke = &extra.invoke,
                          .needs_token = OperationsApi::serves(extra.path) && !extra.open});
      if (auto added = add(extra.method, extra.path, extra.name); !added) return added;
    }
    auto started = Server::start(std::move(options), [this](http::Request request,  //
                                                            Responder respond) {
      handle(std::move(request), std::move(respond));
    });
    if (!started) return std::move(started).error();
    server_ = std::move(started).value();
    return {};
  }

  Server& server() noexcept { return *server_; }

 private:
  using Invoke = std::function<void(http::Request, std::function<void(http::Response)>)>;
  struct Target {
    const Invoke* invoke = nullptr;
    bool is_command = false;
    bool needs_token = false;
    int success_status = 200;
  };

  Result<void> add(http::Method method, std::string_view path, std::string_view name) {
    if (OperationsApi::serves(path) && targets_.back().is_command) {
      return Error(
          std::string(error_names::k_invalid_input),
          fmt::format("{} has the path {}, but /_eventual/ belongs to the engine", name, path));
    }
    Router& router = OperationsApi::serves(path) ? engine_router_ : router_;
    return router.add(method, path, name, targets_.size() - 1);
  }

  void handle(http::Request request, Responder respond) {
    const std::string_view path = raw_path(request.raw_target);
    const bool for_engine = OperationsApi::serves(path);
    Match match = (for_engine ? engine_router_ : router_).match(request.method, path);
    if (for_engine && match.kind != Match::Kind::found) {
      return api_.handle(std::move(request), std::move(respond));
    }
    const std::string_view origin = http::find(request.headers, "origin");
    http::Fields cors = cross_origin_fields(request, origin, match);
    if (match.kind != Match::Kind::found) {
      http::Response response = answer_unmatched(match);
      append(response.headers, std::move(cors));
      return respond(std::move(response));
    }
    const Target target = targets_[match.index];
    if (target.needs_token && !api_.authorized(request)) {
      return respond(OperationsApi::unauthorized());
    }
    if (target.is_command && !request.body.empty() && !is_json_content(request)) {
      http::Response response = error_response(415, error_names::k_invalid_input,
                                               "the content type must be application/json");
      append(response.headers, std::move(cors));
      return respond(std::move(response));
    }
    request.path_parameters = std::move(match.path_parameters);
    // shared: std::function must be copyable.
    auto shared = std::make_shared<Responder>(std::move(respond));
    (*target.invoke)(std::move(request), [shared = std::move(shared), cors = std::move(cors),
                                          status = target.success_status](http::Response response) {
      if (response.status == 200) response.status = status;
      if (http::find(response.headers, "content-type").empty() && !response.body.empty()) {
        response.headers.emplace_back("content-type", "application/json");
      }
      response.headers.insert(response.headers.end(), cors.begin(), cors.end());
      (*shared)(std::move(response));
    });
  }

  static void append(http::Fields& fields, http::Fields more) {
    for (auto& field : more) fields.push_back(std::move(field));
  }

  /// What a browser must hear to give an allowed foreign page its answer.
  http::Fields cross_origin_fields(const http::Request& request, std::string_view origin,
                                   const Match& match) const {
    http::Fields fields;
    if (origin.empty() || origins_.empty()) return fields;
    fields.emplace_back("vary", "origin");
    for (const std::string& listed : origins_) {
      if (!equals_ignoring_case(listed, origin)) continue;
      fields.emplace_back("access-control-allow-origin", origin);
      if (match.kind != Match::Kind::options) break;
      const std::string_view wanted = http::find(request.headers, "access-control-request-headers");
      fields.emplace_back("access-control-allow-methods", match.allow);
      if (!wanted.empty()) fields.emplace_back("access-control-allow-headers", wanted);
      break;
    }
    return fields;
  }

  static http::Response answer_unmatched(const Match& match) {
    if (match.kind == Match::Kind::options) {
      return {.status = 204, .headers = {{"allow", match.allow}}, .body = {}};
    }
    if (match.kind == Match::Kind::not_allowed) {
      http::Response response =
          error_response(405, error_names::k_not_allowed, "this path does not take this method");
      response.headers.emplace_back("allow", match.allow);
      return response;
    }
    return error_response(404, error_names::k_not_found, "there is nothing at this path");
  }

  OperationsApi api_;
  std::vector<CommandRoute> commands_;
  std::vector<ExtraRoute> extras_;
  std::vector<std::string> origins_;
  std::vector<Target> targets_;
  Router router_;
  Router engine_router_;  ///< of paths under /_eventual/, which no pattern of a command may take
  std::unique_ptr<Server> server_;  // last: it stops before what its handler uses
};

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::start(GatewayOptions options,
                                                ports::Operations& operations,
                                                std::vector<CommandRoute> commands,
                                                std::vector<ExtraRoute> extras) {
  auto impl = std::make_unique<Impl>(options, operations, std::move(commands), std::move(extras));
  if (Result<void> listening = impl->listen(std::move(options.server)); !listening) {
    return std::move(listening).error();
  }
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

std::uint16_t Gateway::bound_port() const noexcept { return impl_->server().bound_port(); }
std::string Gateway::bound_address() const { return impl_->server().bound_address(); }
ServerStats Gateway::stats() const noexcept { return impl_->server().stats(); }
void Gateway::stop(Duration deadline) { impl_->server().stop(deadline); }

}  // namespace eventual::gateway
