#include "gateway/gateway.hpp"

#include <fmt/format.h>

#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/router.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::string_view k_rpc_prefix = "/rpc/";

/// Nothing in it says that a web page made the request: pages of other sites can send forms, but
/// not without one of these fields.
bool is_from_no_browser(const http::Request& request) {
  return http::find(request.headers, "origin").empty() &&
         http::find(request.headers, "sec-fetch-site").empty() &&
         http::find(request.headers, "cookie").empty();
}

/// Media type application/json or application/…+json; absent is taken as JSON, and so is what tools
/// say that are not told better (curl -d).
bool is_json_content(const http::Request& request) {
  std::string_view type = http::find(request.headers, "content-type");
  type = trim(type.substr(0, type.find(';')));
  if (type.empty() || equals_ignoring_case(type, "application/json")) return true;
  if (equals_ignoring_case(type, "application/x-www-form-urlencoded")) {
    return is_from_no_browser(request);
  }
  const std::string lower = to_lower(type);
  return lower.starts_with("application/") && lower.ends_with("+json");
}

std::string with_location(std::string title, const std::string& location) {
  if (!location.empty()) title += " (" + location + ")";
  return title;
}

}  // namespace

std::string title_of(const CommandRoute& command) {
  return with_location("command " + command.name, command.location);
}

std::string title_of(const RawRoute& route) {
  return with_location(fmt::format("route {} {}", http::to_string(route.method), route.path),
                       route.location);
}

class Gateway::Impl {
 public:
  Impl(const GatewayOptions& options, ports::Operations& operations,
       std::vector<CommandRoute> commands, std::vector<ExtraRoute> extras,
       std::vector<RawRoute> routes)
      : api_(operations, options.operations),
        commands_(std::move(commands)),
        extras_(std::move(extras)),
        routes_(std::move(routes)),
        origins_(options.server.allowed_origins) {
    if (!options.mcp) return;
    mcp_.emplace(
        *options.mcp,
        mcp::Surroundings{
            .dispatch = [this](http::Request request,
                               auto done) { dispatch(std::move(request), std::move(done)); },
            .list = [this](ports::ListRequest request,
                           auto done) { api_.list(std::move(request), std::move(done)); },
            .authorized =
                [this](const http::Request& request) { return api_.authorized(request); }});
  }

  Result<void> listen(ServerOptions options) {
    for (const CommandRoute& command : commands_) {
      const std::string name = title_of(command);
      const std::string rpc = fmt::format("{}{}", k_rpc_prefix, percent_encode(command.name));
      const Target target{.invoke = &command.invoke,
                          .traits = command.traits,
                          .is_command = true,
                          .is_ours = false};
      if (auto added = add(target, http::Method::post, rpc, name); !added) return added;
      if (command.path.empty()) continue;
      if (auto added = add(target, command.method, command.path, name); !added) return added;
    }
    for (const RawRoute& route : routes_) {
      const Target target{.exchange = &route.invoke, .traits = route.traits, .is_ours = false};
      if (auto added = add(target, route.method, route.path, title_of(route)); !added) return added;
    }
    for (const ExtraRoute& extra : extras_) {
      const Target target{.invoke = &extra.invoke,
                          .needs_token = OperationsApi::serves(extra.path) && !extra.open};
      if (auto added = add(target, extra.method, extra.path, extra.name); !added) return added;
    }
    if (mcp_) {
      const Target target{.is_command = true, .is_mcp = true};
      if (auto added = add(target, http::Method::post, mcp::k_path, "MCP"); !added) return added;
    }
    options.admit = [this](http::Request& request) { return admit(request); };
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
  using InvokeRaw = std::function<void(http::Request, Exchange)>;
  struct Target {
    const Invoke* invoke = nullptr;
    const InvokeRaw* exchange = nullptr;  ///< of a raw route, instead
    RouteTraits traits{};
    bool is_command = false;
    bool is_ours = true;  ///< it may lie under /_eventual/
    bool needs_token = false;
    bool is_mcp = false;
  };

  Result<void> add(const Target& target, http::Method method, std::string_view path,
                   std::string_view name) {
    if (OperationsApi::serves(path) && !target.is_ours) {
      return Error(
          std::string(error_names::k_invalid_input),
          fmt::format("{} has the path {}, but /_eventual/ belongs to the engine", name, path));
    }
    targets_.push_back(target);
    Router& router = OperationsApi::serves(path) ? engine_router_ : router_;
    return router.add(method, path, name, targets_.size() - 1);
  }

  Match match(http::Method method, std::string_view path) const {
    return (OperationsApi::serves(path) ? engine_router_ : router_).match(method, path);
  }

  /// Of a preflight request, the target that it asks about; nothing when no such target answers it.
  std::size_t preflight_target(http::Request& request, std::string_view path) const {
    const std::string_view wanted = http::find(request.headers, "access-control-request-method");
    for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(http::Method::any); ++i) {
      const auto method = static_cast<http::Method>(i);
      if (wanted != http::to_string(method)) continue;
      Match found = match(method, path);
      if (found.kind != Match::Kind::found) break;
      if (!targets_[found.index].traits.answers_preflight) break;
      request.path_parameters = std::move(found.path_parameters);
      return found.index;
    }
    return Admission::k_no_route;
  }

  /// Finds the target once, before the body is read.
  Admission admit(http::Request& request) const {
    Admission admission;
    const std::string_view path = raw_path(request.raw_target);
    Match found = match(request.method, path);
    if (found.kind == Match::Kind::options) {
      admission.route = preflight_target(request, path);
    } else if (found.kind == Match::Kind::found) {
      admission.route = found.index;
      request.path_parameters = std::move(found.path_parameters);
    }
    if (admission.route == Admission::k_no_route) return admission;
    const RouteTraits& traits = targets_[admission.route].traits;
    admission.body_bytes_max = traits.body_bytes_max;
    admission.checks_origin = traits.checks_origin;
    admission.reads_in_pieces = traits.reads_in_pieces && found.kind == Match::Kind::found;
    return admission;
  }

  void handle(http::Request request, Responder respond) {
    const std::size_t index = respond.admission().route;
    if (index == Admission::k_no_route) {
      return answer_without_target(std::move(request), std::move(respond));
    }
    const Target& target = targets_[index];
    if (target.needs_token && !api_.authorized(request)) {
      return respond(OperationsApi::unauthorized());
    }
    http::Fields cors;
    if (!target.traits.checks_origin) cors = cross_origin_fields(request, nullptr);
    if (target.is_command && !request.body.empty() && !is_json_content(request)) {
      return respond(with_fields(error_response(415, error_names::k_invalid_input,
                                                "the content type must be application/json"),
                                 cors));
    }
    // shared: std::function must be copyable.
    auto shared = std::make_shared<Responder>(std::move(respond));
    if (target.is_mcp) {
      return mcp_->handle(std::move(request),
                          {.respond =
                               [shared, cors](http::Response response) {
                                 (*shared)(with_fields(std::move(response), cors));
                               },
                           .mark_waiting = [shared] { shared->mark_waiting(); }});
    }
    if (target.exchange != nullptr) {
      Exchange exchange;
      exchange.body = shared->body();
      exchange.respond = [shared, cors](http::Response response) {
        (*shared)(with_fields(std::move(response), cors));
      };
      exchange.begin = [shared, cors](http::Response head, bool is_event_stream) {
        return shared->begin(with_fields(std::move(head), cors), is_event_stream);
      };
      return (*target.exchange)(std::move(request), std::move(exchange));
    }
    (*target.invoke)(std::move(request),
                     [shared = std::move(shared), cors = std::move(cors)](http::Response response) {
                       (*shared)(with_fields(std::move(response), cors));
                     });
  }

  /// Answers a request from within: the RPC of a command, or an operation. It comes with the rights
  /// of its fields.
  void dispatch(http::Request request, std::function<void(http::Response)> done) {
    if (const Result<void> decoded = decode_target(request); !decoded)
      return done(error_response(decoded.error()));
    const Match found = match(request.method, raw_path(request.raw_target));
    if (found.kind != Match::Kind::found || targets_[found.index].invoke == nullptr) {
      return answer_without_target(std::move(request), Responder(std::move(done)));
    }
    const Target& target = targets_[found.index];
    if (target.needs_token && !api_.authorized(request)) return done(OperationsApi::unauthorized());
    const std::size_t bytes_max = target.traits.body_bytes_max;
    if (bytes_max != 0 && request.body.size() > bytes_max) {
      return done(error_response(413, error_names::k_limit_exceeded,
                                 fmt::format("the input is larger than {} bytes", bytes_max)));
    }
    request.path_parameters = found.path_parameters;
    (*target.invoke)(std::move(request), std::move(done));
  }

  void answer_without_target(http::Request request, Responder respond) {
    const std::string_view path = raw_path(request.raw_target);
    if (OperationsApi::serves(path)) return api_.handle(std::move(request), std::move(respond));
    const Match found = router_.match(request.method, path);
    respond(with_fields(answer_unmatched(request, found), cross_origin_fields(request, &found)));
  }

  static http::Response with_fields(http::Response response, const http::Fields& fields) {
    if (http::find(response.headers, "content-type").empty() && !response.body.empty()) {
      response.headers.emplace_back("content-type", "application/json");
    }
    response.headers.insert(response.headers.end(), fields.begin(), fields.end());
    return response;
  }

  /// What a browser must hear to give an allowed foreign page its answer.
  /// `unmatched` is what a request without a target met; null for others.
  http::Fields cross_origin_fields(const http::Request& request, const Match* unmatched) const {
    http::Fields fields;
    const std::string_view origin = http::find(request.headers, "origin");
    if (origin.empty() || origins_.empty()) return fields;
    fields.emplace_back("vary", "origin");
    for (const std::string& listed : origins_) {
      if (!equals_ignoring_case(listed, origin)) continue;
      fields.emplace_back("access-control-allow-origin", origin);
      if (unmatched == nullptr || unmatched->kind != Match::Kind::options) break;
      const std::string_view wanted = http::find(request.headers, "access-control-request-headers");
      fields.emplace_back("access-control-allow-methods", unmatched->allow);
      if (!wanted.empty()) fields.emplace_back("access-control-allow-headers", wanted);
      break;
    }
    return fields;
  }

  static http::Response answer_unmatched(const http::Request& request, const Match& match) {
    if (match.kind == Match::Kind::options) {
      return {.status = 204, .headers = {{"allow", match.allow}}, .body = {}};
    }
    if (match.kind == Match::Kind::not_allowed) {
      http::Response response =
          error_response(405, error_names::k_not_allowed, "this path does not take this method");
      response.headers.emplace_back("allow", match.allow);
      return response;
    }
    if (request.path.starts_with(k_rpc_prefix)) {
      return error_response(
          404, error_names::k_not_found,
          fmt::format("command {} is not declared", request.path.substr(k_rpc_prefix.size())));
    }
    return error_response(404, error_names::k_not_found, "there is nothing at this path");
  }

  OperationsApi api_;
  std::optional<mcp::Server> mcp_;
  std::vector<CommandRoute> commands_;
  std::vector<ExtraRoute> extras_;
  std::vector<RawRoute> routes_;
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
                                                std::vector<ExtraRoute> extras,
                                                std::vector<RawRoute> routes) {
  auto impl = std::make_unique<Impl>(options, operations, std::move(commands), std::move(extras),
                                     std::move(routes));
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
