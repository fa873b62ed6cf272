// A copy of a data folder, and a data folder made from one.
#pragma once

#include <cstdint>
#include <string>

#include "eventual/error.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"

namespace eventual::store {

/// Copies everything that `store` holds, as of one instant after the call, into `folder`, which is
/// made absolute and must not exist. Commits go on meanwhile. Errors as Store::backup.
Result<ports::BackupReply> back_up(ports::Store& store, const std::string& folder);

struct RestoreReport {
  std::string folder;
  std::uint64_t bytes = 0;
  std::uint64_t executions = 0;  ///< with their earlier runs
  std::uint64_t open = 0;        ///< of them
};

/// Reads every block and every execution of a backup, which is not changed. NotFound (no folder),
/// NotAllowed (no data folder, or one of a newer format), Corrupt, Unavailable.
Result<RestoreReport> check_backup(const std::string& backup);

/// check_backup, then a copy of it at `folder`, which must be missing or empty: it is there whole
/// or not at all. AlreadyExists when something is there; otherwise as check_backup.
Result<RestoreReport> restore(const std::string& backup, const std::string& folder);

}  // namespace eventual::store
