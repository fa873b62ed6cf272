#include "store/rocksdb/rocksdb_reader.hpp"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>

#include <optional>
#include <utility>
#include <vector>

#include "store/data_folder.hpp"
#include "store/rocksdb/database.hpp"
#include "store/rocksdb/scan.hpp"
#include "store/rocksdb/status.hpp"

namespace eventual::store {
namespace {

using ports::Table;

/// The service that uses the folder may remove a file between the moment we read its name and the
/// moment we open it.
constexpr int k_open_attempts = 10;

Error read_only() {
  return {std::string(error_names::k_not_allowed), "the data folder is open for reading only"};
}

class RocksdbReader final : public ports::Store {
 public:
  explicit RocksdbReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Result<std::optional<std::string>> get(Table table, std::string_view key) override {
    return get_row(*database_, table, key);
  }
  Result<void> scan(Table table, ports::ScanRange range, const ports::RowVisitor& visit) override {
    return scan_rows(*database_, table, range, visit);
  }
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch>) override {
    return read_only();
  }
  Result<void> backup(const std::string&) override { return read_only(); }
  ports::StoreFigures figures() const override { return {}; }

 private:
  const std::unique_ptr<Database> database_;
};

}  // namespace

Result<std::unique_ptr<ports::Store>> open_rocksdb_reader(const std::string& folder,
                                                          ReaderOptions options) {
  if (auto checked = check_data_folder(folder); !checked) return checked.error();
  DatabaseSettings settings;
  settings.path = folder + "/store";
  settings.env = rocksdb::Env::Default();
  settings.cache = rocksdb::NewLRUCache(settings.options.cache_bytes);
  std::unique_ptr<Database> database;
  rocksdb::Status status;
  for (int attempt = 0; attempt < k_open_attempts; ++attempt) {
    status = Database::open(settings, OpenMode::read_only, database);
    if (status.ok()) break;
  }
  if (status.ok() && options.verify_checksums) status = database->db().VerifyChecksum();
  if (!status.ok()) return status_error(status, "reading the store in " + folder);
  return std::unique_ptr<ports::Store>(std::make_unique<RocksdbReader>(std::move(database)));
}

}  // namespace eventual::store
