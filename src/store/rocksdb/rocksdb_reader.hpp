// Reads a data folder that another process may be using, without changing it.
#pragma once

#include <memory>
#include <string>

#include "ports/store.hpp"

namespace eventual::store {

struct ReaderOptions {
  bool verify_checksums = false;  ///< reads every block of every file first; Corrupt names the file
};

/// What was committed when it was opened; later commits are not seen. Its commit and backup are
/// refused with NotAllowed.
///
/// The folder is neither locked nor written. Errors as check_data_folder; Corrupt; Unavailable when
/// the disk refuses, or when the service that uses the folder replaced its files faster than they
/// could be opened.
Result<std::unique_ptr<ports::Store>> open_rocksdb_reader(const std::string& folder,
                                                          ReaderOptions options = {});

}  // namespace eventual::store
