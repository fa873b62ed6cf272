#include "store/rocksdb/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace eventual::store {
namespace {

using ports::Table;

constexpr std::size_t k_wal_bytes_max = 128u << 20;
constexpr std::size_t k_small_write_buffer_bytes = 16u << 20;

bool has_compression(rocksdb::CompressionType type) {
  static const std::vector<rocksdb::CompressionType> available =
      rocksdb::GetSupportedCompressions();
  return std::ranges::find(available, type) != available.end();
}

/// Tables that are mostly read by their whole key, often for keys that are not there.
bool is_read_by_key(Table table) {
  switch (table) {
    case Table::executions:
    case Table::entities:
    case Table::dedupe:
    case Table::payloads:
    case Table::limits:
      return true;
    default:
      return false;
  }
}

/// RocksDB's errors, to the operator. It writes no log file of its own: on a full disk that one
/// fails first, and Debian's build of RocksDB ends the process when it writes to a file that
/// failed.
class OperatorLog final : public rocksdb::Logger {
 public:
  explicit OperatorLog(std::function<void(std::string_view)> log)
      : Logger(rocksdb::InfoLogLevel::ERROR_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!log_) return;
    std::array<char, 1024> text{};
    if (std::vsnprintf(text.data(), text.size(), format, arguments) > 0) {
      log_(std::string("rocksdb: ") + text.data());
    }
  }
  // Without a level: the header of a log file, which is no error.
  void LogHeader(const char*, va_list) override {}

 private:
  const std::function<void(std::string_view)> log_;
};

/// The store decides when to try again: on the next commit.
class NoOwnRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::DBOptions database_options(const DatabaseSettings& settings) {
  rocksdb::DBOptions options;
  options.env = settings.env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // An unfinished last write is a crash; anything else that cannot be read is damage and must be
  // seen.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_total_wal_size = k_wal_bytes_max;
  // Rows in the log are rows in memory again after a restart: writing them to files first would
  // only delay it.
  options.avoid_flush_during_recovery = true;
  options.db_write_buffer_size = settings.options.write_buffer_bytes;
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1u << 20;
  // Commits come from one thread at a time.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  options.max_open_files = 1024;
  options.max_manifest_file_size = 16u << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log = std::make_shared<OperatorLog>(settings.options.log);
  options.listeners.push_back(std::make_shared<NoOwnRecovery>());
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const DatabaseSettings& settings, Table table) {
  rocksdb::ColumnFamilyOptions options;
  const std::size_t buffers = settings.options.write_buffer_bytes;
  options.write_buffer_size =
      table == Table::history ? buffers / 3 : std::min(k_small_write_buffer_bytes, buffers / 6);
  options.max_write_buffer_number = 3;
  options.arena_block_size = 64u << 10;
  options.level0_file_num_compaction_trigger = 4;
  options.level0_slowdown_writes_trigger = 24;
  options.level0_stop_writes_trigger = 48;
  options.target_file_size_base = 32u << 20;
  options.max_bytes_for_level_base = 128u << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.disable_auto_compactions = settings.compaction_disabled;
  if (has_compression(rocksdb::kLZ4Compression)) options.compression = rocksdb::kLZ4Compression;
  if (has_compression(rocksdb::kZSTD)) options.bottommost_compression = rocksdb::kZSTD;

  rocksdb::BlockBasedTableOptions files;
  files.block_cache = settings.cache;
  files.block_size = 16u << 10;
  files.format_version = 5;
  files.cache_index_and_filter_blocks = true;
  files.cache_index_and_filter_blocks_with_high_priority = true;
  files.pin_l0_filter_and_index_blocks_in_cache = true;
  if (is_read_by_key(table)) {
    files.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    files.optimize_filters_for_memory = true;
    options.memtable_prefix_bloom_size_ratio = 0.02;
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(files));
  return options;
}

}  // namespace

rocksdb::Status Database::open(const DatabaseSettings& settings, OpenMode mode,
                               std::unique_ptr<Database>& result) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName,
                           family_options(settings, Table::meta));
  for (std::size_t number = 0; number < ports::k_table_count; ++number) {
    const auto table = static_cast<Table>(number);
    descriptors.emplace_back(std::string(ports::table_name(table)),
                             family_options(settings, table));
  }
  std::unique_ptr<Database> database(new Database);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::DBOptions options = database_options(settings);
  const rocksdb::Status status =
      mode == OpenMode::read_write
          ? rocksdb::DB::Open(options, settings.path, descriptors, &handles, &db)
          : rocksdb::DB::OpenForReadOnly(options, settings.path, descriptors, &handles, &db);
  if (!status.ok()) return status;
  database->db_.reset(db);
  database->read_only_ = mode == OpenMode::read_only;
  database->default_family_ = handles.front();
  std::copy(handles.begin() + 1, handles.end(), database->families_.begin());
  result = std::move(database);
  return status;
}

Database::~Database() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
  if (default_family_ != nullptr) db_->DestroyColumnFamilyHandle(default_family_);
  // What a failed log could not take was never promised; the rest is in the log.
  db_->Close().PermitUncheckedError();
}

}  // namespace eventual::store
