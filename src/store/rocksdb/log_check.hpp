// Tells a log whose last write was torn by a crash from one that was damaged later.
#pragma once

#include <string>

#include "eventual/error.hpp"

namespace eventual::store {

/// Looks at the write-ahead logs in a database folder after RocksDB refused to open it because of
/// them.
///
/// A power failure may leave the last write of the newest log with holes: it was never
/// acknowledged, so it is cut off, and true is returned. Damage with whole commits behind it is not
/// repaired: Corrupt, naming the file and the offset. False when the logs are intact, so that the
/// cause is elsewhere. The database must not be open.
Result<bool> repair_torn_log(const std::string& store_path);

}  // namespace eventual::store
