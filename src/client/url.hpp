// The address of a service: scheme, host, port and the path before its own paths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"

namespace eventual::client {

struct Url {
  bool tls = false;
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string base_path;  ///< "" or "/base", never with a slash at the end

  /// What stands in a Host header: the port is left out where it is the scheme's.
  std::string authority() const;
  /// "http://localhost:9000/base"
  std::string text() const;
};

/// Reads "http://host:port/base" or "https://…"; without a scheme it is http. InvalidInput on
/// anything else: other schemes, user names, queries, fragments, spaces.
Result<Url> parse_url(std::string_view text);

}  // namespace eventual::client
