// An open RocksDB with a column family per table, and how it is tuned.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "ports/store.hpp"
#include "store/open.hpp"

namespace eventual::store {

/// What outlives a database that is closed and opened again.
struct DatabaseSettings {
  std::string path;
  StoreOptions options;
  rocksdb::Env* env = nullptr;
  std::shared_ptr<rocksdb::Cache> cache;
  /// Set after a compaction met a corrupt block: rows stay readable and writable, but files are no
  /// longer merged.
  bool compaction_disabled = false;
};

enum class OpenMode { read_write, read_only };

class Database {
 public:
  static rocksdb::Status open(const DatabaseSettings& settings, OpenMode mode,
                              std::unique_ptr<Database>& result);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(ports::Table table) const {
    return families_.at(static_cast<std::size_t>(table));
  }
  bool is_read_only() const { return read_only_; }

 private:
  Database() = default;

  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, ports::k_table_count> families_{};
  rocksdb::ColumnFamilyHandle* default_family_ = nullptr;
  bool read_only_ = false;
};

/// RocksDB's slice of our view, and back.
inline rocksdb::Slice to_slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view to_view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace eventual::store
