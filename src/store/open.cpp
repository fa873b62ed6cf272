#include "store/open.hpp"

#include <fmt/format.h>

#include "store/errors.hpp"
#include "store/memory/memory_store.hpp"
#include "store/rocksdb/rocksdb_store.hpp"

namespace eventual::store {

Result<std::unique_ptr<ports::Store>> open_store(const std::string& url_or_kind,
                                                 const std::string& folder, StoreOptions options) {
  if (url_or_kind == "memory") {
    return std::unique_ptr<ports::Store>(std::make_unique<MemoryStore>());
  }
  if (url_or_kind == "rocksdb") return open_rocksdb_store(folder, std::move(options));
  return Error(std::string(error_names::k_invalid_input),
               fmt::format("unknown store \"{}\": use \"rocksdb\" or \"memory\"", url_or_kind));
}

}  // namespace eventual::store
