// Errors as the log tells them.
#pragma once

#include <cstddef>
#include <string>

#include "eventual/error.hpp"

namespace eventual::engine {

/// Name and message, cut where they are long.
inline std::string line_of(const Error& error) {
  constexpr std::size_t k_bytes_max = 500;
  std::string line = error.name() + ": " + error.message();
  if (line.size() <= k_bytes_max) return line;
  std::size_t end = k_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0U) == 0x80U) --end;
  line.resize(end);
  return line + "…";
}

}  // namespace eventual::engine
