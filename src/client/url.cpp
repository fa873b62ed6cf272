#include "client/url.hpp"

#include <fmt/format.h>

#include <charconv>

#include "gateway/text.hpp"

namespace eventual::client {
namespace {

constexpr std::uint16_t k_http_port = 80;
constexpr std::uint16_t k_https_port = 443;

Error bad_url(std::string_view text, std::string_view reason) {
  return {
      std::string(error_names::k_invalid_input),
      fmt::format("\"{}\" is no address of a service: {}; write http://host:port", text, reason)};
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c == '\x7f') return false;
  }
  return true;
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? k_https_port : k_http_port) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::text() const {
  return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), base_path);
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    const std::string name = gateway::to_lower(rest.substr(0, scheme));
    if (name != "http" && name != "https") return bad_url(text, "only http and https are spoken");
    url.tls = name == "https";
    rest.remove_prefix(scheme + 3);
  }
  if (!is_printable(rest)) return bad_url(text, "it holds a space or a control character");
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return bad_url(text, "it has a query or a fragment");
  }
  url.port = url.tls ? k_https_port : k_http_port;

  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  std::string_view path = rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  url.base_path = path;

  if (authority.find('@') != std::string_view::npos) {
    return bad_url(text, "user names are not taken, a token is");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return bad_url(text, "a bracket is not closed");
    url.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (!authority.empty() && !authority.starts_with(':')) {
      return bad_url(text, "something follows the bracket");
    }
    if (!authority.empty()) port = authority.substr(1);
    if (authority == ":") return bad_url(text, "the port is missing");
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return bad_url(text, "the port is missing");
    }
  }
  if (url.host.empty()) return bad_url(text, "the host is missing");
  if (!port.empty()) {
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (code != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return bad_url(text, fmt::format("\"{}\" is no port", port));
    }
  }
  return url;
}

}  // namespace eventual::client
