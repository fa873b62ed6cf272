// Which Host and Origin headers are served: the protection against DNS rebinding and against
// foreign web pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eventual::gateway {

/// "localhost:9000" or "[::1]:9000" in its parts; the port is empty when there is none.
struct HostPort {
  std::string host;  ///< lower case; IPv6 without its brackets
  std::string port;
};

/// False when `text` is not a host with an optional port.
bool parse_host_port(std::string_view text, HostPort& result);

/// What browsers send as Origin: "https://shop.example" or "http://localhost:3000", without a slash
/// at its end.
bool is_origin(std::string_view text);

/// True for localhost, 127.0.0.0/8 and ::1.
bool is_loopback_host(std::string_view host) noexcept;

/// True when `listen` ("127.0.0.1:9000") binds loopback only.
bool listens_on_loopback(std::string_view listen);

/// Decides which hosts and origins are served. Immutable after construction.
class HostPolicy {
 public:
  /// `allowed_hosts` are host names ("*" allows any), `allowed_origins` whole origins
  /// ("https://shop.example").
  HostPolicy(std::string_view listen, const std::vector<std::string>& allowed_hosts,
             std::vector<std::string> allowed_origins);

  bool host_allowed(std::string_view host_header) const;

  /// The origin is that of `host_header` itself, or listed.
  bool origin_allowed(std::string_view origin, std::string_view host_header) const;
  bool origin_listed(std::string_view origin) const;

 private:
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
  bool any_host_ = false;
  bool any_address_ = false;  ///< any IP literal: a rebinding attack needs a name
};

}  // namespace eventual::gateway
