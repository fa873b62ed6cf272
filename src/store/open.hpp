// Opens the store that the configuration names.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ports/store.hpp"

namespace eventual::store {

struct StoreOptions {
  /// Rows written but not yet sorted into files, over all tables. More means fewer, larger files
  /// and a longer restart.
  std::size_t write_buffer_bytes = 96u << 20;
  /// Parts of files kept in memory for reading.
  std::size_t cache_bytes = 64u << 20;
  /// Called with what an operator should read ("the disk is full", "recovered"); from any thread,
  /// must not block or throw.
  std::function<void(std::string_view message)> log;
};

/// Opens the store of `url_or_kind`: "memory" (the folder is ignored) or "rocksdb" (the folder is
/// created when missing).
///
/// InvalidInput for an unknown kind. For a folder: Unavailable when another process uses it or the
/// disk refuses, NotAllowed when its format is newer or it holds foreign files, Corrupt when what
/// is in it cannot be read.
Result<std::unique_ptr<ports::Store>> open_store(const std::string& url_or_kind,
                                                 const std::string& folder,
                                                 StoreOptions options = {});

}  // namespace eventual::store
