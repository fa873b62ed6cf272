// A service with its gateway, in this process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "eventual/service.hpp"
#include "gateway/gateway.hpp"
#include "host/node.hpp"
#include "host/requests.hpp"
#include "host/routes.hpp"
#include "tests/host/support.hpp"

namespace eventual::client::testing {

class Served {
 public:
  /// `service` must outlive it.
  explicit Served(const Service& service, const std::string& admin_token = {},
                  host::NodeOptions node_options = {})
      : node_(
            host::Node::start(service.declarations(), host::memory_store(), std::move(node_options))
                .value()) {
    gateway::GatewayOptions options;
    options.server.listen = "127.0.0.1:0";
    options.operations.admin_token = admin_token;
    options.operations.answer_query = [&service](std::string_view query, std::string_view view,
                                                 std::string_view input) {
      return host::answer_query(service.declarations(), query, view, input);
    };
    gateway_ = gateway::Gateway::start(options, *node_,
                                       host::command_routes(*node_, service.declarations()), {},
                                       host::raw_routes(*node_, service.declarations()))
                   .value();
  }
  ~Served() {
    gateway_->stop(Duration(0));
    node_->stop(host::k_patience);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(gateway_->bound_port()); }

 private:
  std::unique_ptr<host::Node> node_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

}  // namespace eventual::client::testing
