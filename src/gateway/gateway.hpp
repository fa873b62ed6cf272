// The service's front door: commands over RPC and REST, and the operations endpoints, on one
// server.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "gateway/exchange.hpp"
#include "gateway/mcp/mcp.hpp"
#include "gateway/operations_api.hpp"
#include "gateway/parameters.hpp"
#include "gateway/server.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway {

/// What the gateway must know of a command or route beside its path.
struct RouteTraits {
  std::size_t body_bytes_max = 0;  ///< beyond: 413. 0: the server's own limit
  bool reads_in_pieces = false;    ///< the body is not part of the request, but of the exchange
  bool checks_origin = false;      ///< middleware decides which Origins may call
  bool answers_preflight = false;  ///< it is also called with OPTIONS, for preflight requests
};

/// A command as the gateway sees it.
struct CommandRoute {
  std::string name{};
  http::Method method = http::Method::post;
  std::string path{};      ///< empty: RPC only
  std::string location{};  ///< "orders.hpp:12", for people
  RouteTraits traits{};

  /// Answers a request whose path_parameters are filled; compose_input_json() gives its input.
  /// Called on an I/O thread: it must hand the work on. `done` may be called once, from any thread.
  std::function<void(http::Request request, std::function<void(http::Response)> done)> invoke{};
};

/// A route whose handler sees the request. As for commands, `invoke` must not block.
struct RawRoute {
  http::Method method = http::Method::get;
  std::string path{};
  std::string location{};
  RouteTraits traits{};
  std::function<void(http::Request request, Exchange exchange)> invoke{};
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

/// How conflicts name it: "command createOrder (orders.hpp:12)".
std::string title_of(const CommandRoute& command);
std::string title_of(const RawRoute& route);

struct GatewayOptions {
  ServerOptions server{};
  OperationsApiOptions operations{};
  std::optional<mcp::Options> mcp{};  ///< of POST /mcp; absent: there is none
};

/// A running front door.
class Gateway {
 public:
  /// InvalidInput names both of two commands or routes that answer the same requests. `operations`
  /// must outlive the gateway. `commands` are kept.
  static Result<std::unique_ptr<Gateway>> start(GatewayOptions options,
                                                ports::Operations& operations,
                                                std::vector<CommandRoute> commands,
                                                std::vector<ExtraRoute> extras = {},
                                                std::vector<RawRoute> routes = {});
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
