// The file system as RocksDB sees it, with our own files for its write-ahead log.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace eventual::store {

/// What the log did since the process opened the store.
struct LogFigures {
  std::atomic<std::uint64_t> syncs{0};
  std::atomic<std::uint64_t> bytes{0};
};

/// Writes logs so that a small synced commit costs one plain disk write: the file is filled with
/// zeros ahead, and a commit overwrites them without changing the file's length. A failed append is
/// cut off again, so that it cannot come back. Everything that is no log goes to the default file
/// system.
class LogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit LogFileSystem(std::shared_ptr<LogFigures> figures);

  const char* Name() const override { return "EventualLogFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override;

 private:
  const std::shared_ptr<LogFigures>
      figures_;  // shared: a log file may be closed after the store asked for its figures
};

}  // namespace eventual::store
