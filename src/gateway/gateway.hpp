// The service's front door: commands over RPC and REST, and the operations endpoints, on one
// server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "gateway/operations_api.hpp"
#include "gateway/server.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway {

/// A command as the gateway sees it.
struct CommandRoute {
  std::string name{};
  http::Method method = http::Method::post;
  std::string path{};        ///< empty: RPC only
  int success_status = 200;  ///< what a REST answer of 200 becomes; an RPC answers 200

  /// Answers a request whose path_parameters are filled; compose_input_json() gives its input.
  /// Called on an I/O thread: it must hand the work on. `done` may be called once, from any thread.
  std::function<void(http::Request request, std::function<void(http::Response)> done)> invoke{};
};

/// Answers on a path of its own, beside the commands (metrics, OpenAPI, …). As for commands,
/// `invoke` must not block.
struct ExtraRoute {
  std::string name{};
  http::Method method = http::Method::get;
  std::string path{};  ///< under "/_eventual/" it needs the admin token, unless `open`
  bool open = false;   ///< never needs the admin token
  std::function<void(http::Request request, std::function<void(http::Response)> done)> invoke{};
};

/// True for requests to /rpc/<command>.
bool is_rpc_request(const http::Request& request) noexcept;

/// The JSON input of a command. RPC: the body as it is, null when there is none. REST: the members
/// of a JSON object body with the path parameters on top; for GET, DELETE and HEAD also the query.
/// What comes from path and query is text, a query parameter that occurs more than once an array of
/// text; the path wins over the body, and that over the query. A body that is no object stands for
/// itself where the route has no parameters. Null when there is nothing. Throws InvalidInput when
/// the body is not JSON, or is no object beside parameters.
std::string compose_input_json(const http::Request& request, bool is_rpc);

struct GatewayOptions {
  ServerOptions server{};
  OperationsApiOptions operations{};
};

/// A running front door.
class Gateway {
 public:
  /// InvalidInput names both of two commands or routes that answer the same requests. `operations`
  /// must outlive the gateway. `commands` are kept.
  static Result<std::unique_ptr<Gateway>> start(GatewayOptions options,
                                                ports::Operations& operations,
                                                std::vector<CommandRoute> commands,
                                                std::vector<ExtraRoute> extras = {});
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  std::uint16_t bound_port() const noexcept;
  std::string bound_address() const;
  ServerStats stats() const noexcept;

  /// As Server::stop: no new requests, those in flight are answered until `deadline`.
  void stop(Duration deadline);

 private:
  class Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventual::gateway
