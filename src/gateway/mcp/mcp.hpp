// The Model Context Protocol over streamable HTTP, as a stateless server: every message is answered
// on its own, in JSON, and there are no sessions and no stream of the server's own.
//
// It has no rights of its own: a call of a tool and a read of a resource become requests within the
// service that carry the fields of the caller's, and what answers those decides.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/http.hpp"
#include "gateway/mcp/json_rpc.hpp"
#include "gateway/mcp/tools.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway::mcp {

inline constexpr std::string_view k_path = "/mcp";
inline constexpr std::size_t k_batch_max = 50;  ///< messages in one request

struct Options {
  std::string service{};       ///< the name of the service
  std::string version{};       ///< and its version
  std::string instructions{};  ///< tells a model what the service is for; may be empty
  std::vector<ToolSource> tools{};
};

/// What it asks of the gateway. None of it blocks.
struct Surroundings {
  /// Answers a request within the service, as if it had come from outside.
  std::function<void(http::Request, std::function<void(http::Response)>)> dispatch{};
  /// Reads a page of executions, whoever asks.
  std::function<void(ports::ListRequest, ports::Callback<ports::ListReply>)> list{};
  /// The request carries the admin token, or none is asked for.
  std::function<bool(const http::Request&)> authorized{};
};

/// One HTTP request on its way.
struct Exchange {
  std::function<void(http::Response)> respond{};
  /// Says that it waits for something (Responder::mark_waiting); only called within handle().
  std::function<void()> mark_waiting{};
};

/// Any thread; nothing here blocks. It must outlive every answer that is not given yet.
class Server {
 public:
  Server(Options options, Surroundings surroundings);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Answers POST /mcp.
  void handle(http::Request request, const Exchange& exchange) const;

 private:
  using Done = std::function<void(Reply)>;
  // shared: by the messages of a batch and the answers that they wait for
  using Outer = std::shared_ptr<const http::Request>;

  void handle_batch(const Json& messages, const Outer& outer, const Exchange& exchange) const;
  /// Calls `done` once, with an empty reply for what is not answered.
  void handle_message(const Json& json, const Outer& outer, const Exchange& exchange,
                      const Done& done) const;
  void handle_request(const Message& message, const Outer& outer, const Exchange& exchange,
                      const Done& done) const;

  Reply initialize(const Message& message, const http::Request& outer) const;
  Reply list_tools(const Message& message, const http::Request& outer) const;
  void call_tool(const Message& message, const Outer& outer, const Exchange& exchange,
                 const Done& done) const;
  void start_workflow(const Tool& tool, const Json& id, http::Request start, Duration wait,
                      const Outer& outer, const Done& done) const;
  void list_resources(const Message& message, const http::Request& outer, const Done& done) const;
  void read_resource(const Message& message, const Outer& outer, const Done& done) const;

  Options options_;
  Surroundings surroundings_;
  Tools tools_;
};

}  // namespace eventual::gateway::mcp
