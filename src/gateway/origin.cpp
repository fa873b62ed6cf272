#include "gateway/origin.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv4(std::string_view text) noexcept {
  return !text.empty() && std::count(text.begin(), text.end(), '.') == 3 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return to_lower(name.data());
}

}  // namespace

bool parse_host_port(std::string_view text, HostPort& result) {
  result = {};
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    result.host = to_lower(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    if (text.empty()) return !result.host.empty();
    if (text.front() != ':' || !is_port(text.substr(1))) return false;
    result.port = std::string(text.substr(1));
    return !result.host.empty();
  }
  const std::size_t colon = text.find(':');
  result.host = to_lower(text.substr(0, colon));
  if (result.host.find_first_of("/@?#\\ \t,[]") != std::string::npos) return false;
  if (colon == std::string_view::npos) return !result.host.empty();
  result.port = std::string(text.substr(colon + 1));
  return !result.host.empty() && is_port(result.port);
}

bool is_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  HostPort parts;
  return scheme != 0 && scheme != std::string_view::npos &&
         parse_host_port(text.substr(scheme + 3), parts);
}

bool is_loopback_host(std::string_view host) noexcept {
  return equals_ignoring_case(host, "localhost") || host == "::1" ||
         (is_ipv4(host) && host.starts_with("127."));
}

bool listens_on_loopback(std::string_view listen) {
  HostPort parts;
  return parse_host_port(listen, parts) && is_loopback_host(parts.host);
}

HostPolicy::HostPolicy(std::string_view listen, const std::vector<std::string>& allowed_hosts,
                       std::vector<std::string> allowed_origins)
    : hosts_{"localhost", "127.0.0.1", "::1"}, origins_(std::move(allowed_origins)) {
  HostPort bound;
  if (parse_host_port(listen, bound)) hosts_.push_back(bound.host);
  if (!listens_on_loopback(listen)) {
    any_address_ = true;
    hosts_.push_back(machine_name());
  }
  for (const std::string& host : allowed_hosts) {
    if (host == "*") any_host_ = true;
    HostPort parts;
    hosts_.push_back(parse_host_port(host, parts) ? parts.host : to_lower(host));
  }
}

bool HostPolicy::host_allowed(std::string_view host_header) const {
  HostPort parts;
  if (!parse_host_port(trim(host_header), parts)) return false;
  if (any_host_) return true;
  if (any_address_ && (is_ipv4(parts.host) || parts.host.find(':') != std::string::npos)) {
    return true;
  }
  return std::find(hosts_.begin(), hosts_.end(), parts.host) != hosts_.end();
}

bool HostPolicy::origin_listed(std::string_view origin) const {
  return std::any_of(origins_.begin(), origins_.end(), [&](const std::string& listed) {
    return equals_ignoring_case(listed, origin);
  });
}

bool HostPolicy::origin_allowed(std::string_view origin, std::string_view host_header) const {
  origin = trim(origin);
  if (origin_listed(origin)) return true;
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view default_port =
      equals_ignoring_case(origin.substr(0, scheme_end), "https") ? "443" : "80";
  HostPort from;
  HostPort to;
  if (!parse_host_port(origin.substr(scheme_end + 3), from)) return false;
  if (!parse_host_port(trim(host_header), to)) return false;
  if (from.port.empty()) from.port = default_port;
  if (to.port.empty()) to.port = default_port;
  return from.host == to.host && from.port == to.port;
}

}  // namespace eventual::gateway
