// The errors that stores return, worded alike.
#pragma once

#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "ports/store.hpp"

namespace eventual::store {

/// A key for people: printable bytes as they are, the others as \xNN, cut after 200 bytes.
std::string printable_key(std::string_view key);

/// Corrupt, naming the table and the key in the message and, as {"table": …, "key": …}, in the
/// details.
Error corrupt_row(ports::Table table, std::string_view key, std::string_view reason);

/// Corrupt, where only the table is known.
Error corrupt_table(ports::Table table, std::string_view reason);

Error unavailable(std::string message);

/// "<what> failed: <strerror>".
Error system_error(std::string_view what, int error_number);

}  // namespace eventual::store
