#include "store/rocksdb/log_file_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace eventual::store {
namespace {

// Large enough that filling ahead is rare (about one small commit in a thousand), small enough that
// it goes unnoticed.
constexpr std::uint64_t k_fill_bytes = 256u << 10;
// Beyond this a commit appends: writing its bytes twice would cost more than a longer sync.
constexpr std::uint64_t k_small_commit_bytes_max = 8u << 10;

// Space is reserved in pieces of this size, which keeps the file in one place on the disk.
constexpr std::uint64_t k_reserve_bytes = 16u << 20;
constexpr std::uint64_t k_reserve_room = 4;  // only where this many times as much is free

const std::array<char, 64u << 10> k_zeros{};

rocksdb::IOStatus failed(const std::string& name, int error) {
  const std::string reason = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return rocksdb::IOStatus::NoSpace(name, reason);
  }
  return rocksdb::IOStatus::IOError(name, reason);
}

class LogFile final : public rocksdb::FSWritableFile {
 public:
  LogFile(std::string name, int descriptor, std::shared_ptr<LogFigures> figures)
      : name_(std::move(name)), descriptor_(descriptor), figures_(std::move(figures)) {}
  ~LogFile() override {
    if (descriptor_ >= 0) close_file().PermitUncheckedError();
  }

  using rocksdb::FSWritableFile::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions&,
                           rocksdb::IODebugContext*) override {
    if (size_ + data.size() > reserved_) reserve(data.size());
    if (const int error = write_at(size_, {data.data(), data.size()}); error != 0) {
      // What was not written whole must not be found by a later recovery; on failure the log check
      // copes with it.
      if (::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0) filled_ = size_;
      return failed(name_, error);
    }
    size_ += data.size();
    figures_->bytes.fetch_add(data.size(), std::memory_order_relaxed);
    if (size_ > filled_) fill_ahead();
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    if (::fdatasync(descriptor_) != 0) {
      sync_failed_ = true;
      return failed(name_, errno);
    }
    synced_ = size_;
    figures_->syncs.fetch_add(1, std::memory_order_relaxed);
    return rocksdb::IOStatus::OK();
  }

  bool IsSyncThreadSafe() const override { return false; }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return size_;
  }

  rocksdb::IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return failed(name_, errno);
    size_ = size;
    synced_ = std::min(synced_, size);
    filled_ = size;
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return close_file();
  }

 private:
  /// 0 or the error number.
  int write_at(std::uint64_t offset, std::string_view data) {
    while (!data.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) continue;
        return errno;
      }
      offset += static_cast<std::uint64_t>(written);
      data.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
  }

  // Reserving and filling only save time: a failure is left to the append that needs the space.

  void reserve(std::uint64_t needed) {
    const std::uint64_t count = std::max(needed, k_reserve_bytes);
    reserved_ = size_ + count;
    // On a disk that is nearly full, what is reserved here is what a table file needs.
    struct statvfs disk{};
    if (::fstatvfs(descriptor_, &disk) != 0) return;
    if (std::uint64_t{disk.f_bavail} * disk.f_frsize < k_reserve_room * count) return;
    // Without support by the file system this is asked again in vain only once a piece.
    static_cast<void>(::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_),
                                  static_cast<off_t>(count)));
  }

  void fill_ahead() {
    filled_ = size_;
    if (size_ - synced_ > k_small_commit_bytes_max) return;
    const std::uint64_t end = (size_ + k_fill_bytes) & ~std::uint64_t{4095};
    while (filled_ < end) {
      const auto count = std::min<std::uint64_t>(end - filled_, k_zeros.size());
      if (write_at(filled_, {k_zeros.data(), count}) != 0) return;
      filled_ += count;
    }
  }

  rocksdb::IOStatus close_file() {
    const int descriptor = std::exchange(descriptor_, -1);
    if (descriptor < 0) return rocksdb::IOStatus::OK();
    // What a failed sync was for was refused: a recovery must not find it.
    const std::uint64_t end = sync_failed_ ? synced_ : size_;
    const bool cut = ::ftruncate(descriptor, static_cast<off_t>(end)) == 0 &&
                     (!sync_failed_ || ::fsync(descriptor) == 0);
    const int error = cut ? 0 : errno;
    if (::close(descriptor) != 0) return failed(name_, errno);
    return cut ? rocksdb::IOStatus::OK() : failed(name_, error);
  }

  const std::string name_;
  int descriptor_;
  const std::shared_ptr<LogFigures> figures_;
  std::uint64_t size_ = 0;      // the end of what RocksDB wrote
  std::uint64_t filled_ = 0;    // the end of the zeros behind it
  std::uint64_t reserved_ = 0;  // the end of the space asked for
  std::uint64_t synced_ = 0;    // the end of what the last sync made durable
  bool sync_failed_ = false;
};

}  // namespace

LogFileSystem::LogFileSystem(std::shared_ptr<LogFigures> figures)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), figures_(std::move(figures)) {}

rocksdb::IOStatus LogFileSystem::NewWritableFile(const std::string& name,
                                                 const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                 rocksdb::IODebugContext* context) {
  if (!name.ends_with(".log")) {
    return FileSystemWrapper::NewWritableFile(name, options, result, context);
  }
  const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return failed(name, errno);
  *result = std::make_unique<LogFile>(name, descriptor, figures_);
  return rocksdb::IOStatus::OK();
}

}  // namespace eventual::store
