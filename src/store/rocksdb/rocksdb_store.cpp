#include "store/rocksdb/rocksdb_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/utilities/checkpoint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "store/data_folder.hpp"
#include "store/errors.hpp"
#include "store/rocksdb/commit_builder.hpp"
#include "store/rocksdb/database.hpp"
#include "store/rocksdb/gate.hpp"
#include "store/rocksdb/log_check.hpp"
#include "store/rocksdb/log_file_system.hpp"
#include "store/rocksdb/scan.hpp"
#include "store/rocksdb/status.hpp"

namespace eventual::store {
namespace {

using ports::Batch;
using ports::PartOutcome;
using ports::ScanRange;
using ports::Table;

// How long a recovery waits for running scans before it leaves the database as it is until the next
// commit.
constexpr std::chrono::milliseconds k_readers_wait{1000};

// What must fit on the disk before a recovery is tried.
constexpr off_t k_probe_bytes = 1 << 20;

/// Unavailable while the disk has no room, without disturbing the database.
Result<void> probe_space(const std::string& folder) {
  const std::string name = folder + "/PROBE";
  const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return system_error("creating " + name, errno);
  const int error = ::posix_fallocate(file, 0, k_probe_bytes);
  ::close(file);
  ::unlink(name.c_str());
  if (error != 0) return system_error("reserving space in " + folder, error);
  return {};
}

class RocksdbStore final : public ports::Store {
 public:
  RocksdbStore(DataFolder folder, StoreOptions options);

  /// Opens the database; called before anything else.
  Result<void> open();

  Result<std::optional<std::string>> get(Table table, std::string_view key) override;
  Result<void> scan(Table table, ScanRange range, const ports::RowVisitor& visit) override;
  Result<std::vector<PartOutcome>> commit(std::span<const Batch> parts) override;
  Result<void> backup(const std::string& folder) override;
  ports::StoreFigures figures() const override;
  RocksdbFigures rocksdb_figures() const;

 private:
  Error closed() const;
  Error write_failed(const rocksdb::Status& status);
  Result<void> recover();
  Result<void> reopen();
  void log(std::string_view message) const {
    if (settings_.options.log) settings_.options.log(message);
  }

  const DataFolder folder_;
  std::mutex commit_mutex_;
  std::optional<rocksdb::Status> failure_;  // why the last write failed; guarded by commit_mutex_
  rocksdb::WriteBatch batch_;               // kept for its memory; guarded by commit_mutex_
  const std::shared_ptr<LogFigures> figures_ = std::make_shared<LogFigures>();
  const std::unique_ptr<rocksdb::Env> env_ =
      rocksdb::NewCompositeEnv(std::make_shared<LogFileSystem>(figures_));
  DatabaseSettings settings_;
  mutable Gate gate_;  // readers use database_, the owner replaces it
  std::unique_ptr<Database> database_;
};

RocksdbStore::RocksdbStore(DataFolder folder, StoreOptions options) : folder_(std::move(folder)) {
  settings_.path = folder_.store_path();
  settings_.options = std::move(options);
  settings_.env = env_.get();
  settings_.cache = rocksdb::NewLRUCache(settings_.options.cache_bytes);
}

Result<void> RocksdbStore::open() {
  // RocksDB makes it too, but first tells the operator that it is not there.
  if (::mkdir(settings_.path.c_str(), 0755) == 0) {
    if (auto synced = sync_folder(folder_.path()); !synced) return synced;
  }
  rocksdb::Status status = Database::open(settings_, OpenMode::read_write, database_);
  if (status.IsCorruption()) {
    auto repaired = repair_torn_log(settings_.path);
    if (!repaired) return std::move(repaired).error();
    if (*repaired) {
      log(fmt::format("the store in {} cut off a write that a power failure left unfinished",
                      folder_.path()));
      status = Database::open(settings_, OpenMode::read_write, database_);
    }
  }
  if (!status.ok()) return status_error(status, "opening the store in " + folder_.path());
  return {};
}

Error RocksdbStore::closed() const {
  return unavailable(fmt::format("the store in {} could not be opened again after a failed write",
                                 folder_.path()));
}

Result<std::optional<std::string>> RocksdbStore::get(Table table, std::string_view key) {
  const Gate::Reader reader(gate_);
  if (!database_) return closed();
  return get_row(*database_, table, key);
}

Result<void> RocksdbStore::scan(Table table, ScanRange range, const ports::RowVisitor& visit) {
  const Gate::Reader reader(gate_);
  if (!database_) return closed();
  return scan_rows(*database_, table, range, visit);
}

Result<std::vector<PartOutcome>> RocksdbStore::commit(std::span<const Batch> parts) {
  const std::scoped_lock lock(commit_mutex_);
  if (failure_) {
    if (auto recovered = recover(); !recovered) return std::move(recovered).error();
  }
  const Gate::Reader reader(gate_);
  batch_.Clear();
  auto outcomes = CommitBuilder(*database_, parts, batch_).build();
  if (!outcomes || batch_.Count() == 0) return outcomes;
  // RocksDB counts each comparison of keys in a thread-local that nobody reads.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = database_->db().Write(options, &batch_);
  if (!status.ok()) return write_failed(status);
  return outcomes;
}

Error RocksdbStore::write_failed(const rocksdb::Status& status) {
  failure_ = status;
  const std::string message =
      fmt::format("the store in {} cannot write: {}", folder_.path(), status.ToString());
  log(message);
  return unavailable(message);
}

/// Closes the database and opens it again: what was acknowledged is in the files and the log, what
/// was refused is cut off. (RocksDB's own Resume() keeps readers going, but 7.8 can wait for ever
/// in it when the disk fills up again meanwhile.)
Result<void> RocksdbStore::recover() {
  if (failure_->IsCorruption() && !settings_.compaction_disabled) {
    settings_.compaction_disabled = true;
    log(
        fmt::format("the store in {} holds a corrupt file: files are no longer merged; restore a "
                    "backup. {}",
                    folder_.path(), failure_->ToString()));
  }
  if (auto space = probe_space(folder_.path()); !space) {
    return unavailable(
        fmt::format("the store in {} cannot write: {}", folder_.path(), space.error().message()));
  }
  return reopen();
}

Result<void> RocksdbStore::reopen() {
  const Gate::Owner owner(gate_, k_readers_wait);
  if (!owner.owns()) {
    return unavailable(fmt::format("the store in {} waits for running scans before it recovers: {}",
                                   folder_.path(), failure_->ToString()));
  }
  database_.reset();
  auto opened = open();
  if (opened) {
    failure_.reset();
    log(fmt::format("the store in {} was opened again and writes", folder_.path()));
    return {};
  }
  // Readers go on with what is there.
  Database::open(settings_, OpenMode::read_only, database_).PermitUncheckedError();
  return unavailable(opened.error().message());
}

Result<void> RocksdbStore::backup(const std::string& folder) {
  const Gate::Reader reader(gate_);
  if (!database_) return closed();
  std::error_code error;
  if (std::filesystem::exists(folder, error)) {
    return Error(std::string(error_names::k_already_exists),
                 fmt::format("the backup folder {} exists", folder));
  }
  const std::string partial = folder + ".partial";
  std::filesystem::remove_all(partial, error);
  if (!std::filesystem::create_directories(partial, error)) {
    return unavailable(
        fmt::format("the backup folder {} cannot be created: {}", partial, error.message()));
  }
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&database_->db(), &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  if (status.ok()) status = checkpoint->CreateCheckpoint(partial + "/store");
  Result<void> result =
      status.ok() ? write_format_marker(partial) : Result<void>(status_error(status, "the backup"));
  if (result) {
    std::filesystem::rename(partial, folder, error);
    if (error) {
      result = unavailable(
          fmt::format("the backup folder {} cannot be named: {}", folder, error.message()));
    } else {
      result = sync_folder(std::filesystem::absolute(folder).parent_path().string());
    }
  }
  if (!result) std::filesystem::remove_all(partial, error);
  return result;
}

ports::StoreFigures RocksdbStore::figures() const {
  return {figures_->syncs.load(std::memory_order_relaxed),
          figures_->bytes.load(std::memory_order_relaxed)};
}

RocksdbFigures RocksdbStore::rocksdb_figures() const {
  using Properties = rocksdb::DB::Properties;
  const Gate::Reader reader(gate_);
  RocksdbFigures figures;
  if (!database_) return figures;
  const auto total = [&](const std::string& property) {
    std::uint64_t bytes = 0;
    database_->db().GetAggregatedIntProperty(property, &bytes);
    return bytes;
  };
  figures.compaction_debt_bytes = total(Properties::kEstimatePendingCompactionBytes);
  figures.write_buffer_bytes = total(Properties::kSizeAllMemTables);
  figures.cache_bytes = settings_.cache->GetUsage();
  figures.open_file_bytes = total(Properties::kEstimateTableReadersMem);
  return figures;
}

}  // namespace

RocksdbFigures rocksdb_figures(const ports::Store& store) {
  const auto* rocksdb_store = dynamic_cast<const RocksdbStore*>(&store);
  return rocksdb_store == nullptr ? RocksdbFigures{} : rocksdb_store->rocksdb_figures();
}

Result<std::unique_ptr<ports::Store>> open_rocksdb_store(const std::string& folder,
                                                         StoreOptions options) {
  auto opened_folder = DataFolder::open(folder);
  if (!opened_folder) return std::move(opened_folder).error();
  auto store = std::make_unique<RocksdbStore>(std::move(opened_folder).value(), std::move(options));
  if (auto opened = store->open(); !opened) return std::move(opened).error();
  return std::unique_ptr<ports::Store>(std::move(store));
}

}  // namespace eventual::store
