// The errors that workflow code meets.
#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <utility>

#include "eventual/error.hpp"

namespace eventual::workflow {

inline std::exception_ptr to_exception(Error error) {
  try {
    throw_error(std::move(error));
  } catch (...) {
    return std::current_exception();
  }
}

inline Error limit_exceeded(std::string message) {
  return Error(std::string(error_names::k_limit_exceeded), std::move(message));
}

/// "file:line"
inline std::string line_of(std::source_location location) {
  return std::string(location.file_name()) + ":" + std::to_string(location.line());
}

}  // namespace eventual::workflow
