#include "store/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "model/records.hpp"
#include "store/data_folder.hpp"
#include "store/errors.hpp"
#include "store/rocksdb/rocksdb_reader.hpp"

namespace eventual::store {
namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& path) {
  std::error_code error;
  const fs::path found = fs::absolute(path, error);
  std::string text = (error ? fs::path(path) : found).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::uint64_t bytes_of(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code no_size;
    if (!entry->is_regular_file(no_size)) continue;
    const std::uintmax_t size = entry->file_size(no_size);
    if (!no_size) bytes += size;
  }
  return bytes;
}

Result<void> sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!synced) return system_error("syncing " + path, error);
  return {};
}

/// Copies files and folders, all but the lock, durably.
Result<void> copy_folder(const std::string& from, const std::string& to) {
  const auto failed = [](std::string_view what, const std::string& path,
                         const std::error_code& error) {
    return unavailable(fmt::format("{} {}: {}", what, path, error.message()));
  };
  std::error_code error;
  fs::create_directories(to, error);
  if (error) return failed("cannot create", to, error);
  fs::directory_iterator entry(from, error);
  if (error) return failed("cannot read", from, error);
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::string target = to + "/" + name;
    if (name == "LOCK") continue;
    if (entry->is_directory()) {
      if (auto copied = copy_folder(entry->path().string(), target); !copied) return copied;
      continue;
    }
    fs::copy_file(entry->path(), target, error);
    if (error) return failed("cannot copy to", target, error);
    if (auto synced = sync_file(target); !synced) return synced;
  }
  if (error) return failed("cannot read", from, error);
  return sync_folder(to);
}

Result<void> require_vacant(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) return {};
  if (!fs::is_directory(status)) {
    return Error(std::string(error_names::k_already_exists),
                 fmt::format("{} is a file: name a folder that is empty or new", folder));
  }
  const bool empty = fs::is_empty(folder, error);
  if (error) return unavailable(fmt::format("cannot read {}: {}", folder, error.message()));
  if (empty) return {};
  return Error(
      std::string(error_names::k_already_exists),
      fmt::format("the folder {} is not empty: name a folder that is empty or new", folder));
}

}  // namespace

Result<ports::BackupReply> back_up(ports::Store& store, const std::string& folder) {
  const std::string target = absolute(folder);
  if (auto copied = store.backup(target); !copied) return copied.error();
  return ports::BackupReply{target, bytes_of(target)};
}

Result<RestoreReport> check_backup(const std::string& backup) {
  if (auto folder = check_data_folder(backup); !folder) return folder.error();
  auto reader = open_rocksdb_reader(backup, {.verify_checksums = true});
  if (!reader) return reader.error();
  RestoreReport report;
  report.folder = absolute(backup);
  report.bytes = bytes_of(backup);
  std::optional<Error> failure;
  const auto scanned = (*reader)->scan(
      ports::Table::executions, {}, [&](std::string_view key, std::string_view value) {
        const auto record = model::decode_execution(value);
        if (!record) {
          failure = record.error().name() == error_names::k_not_allowed
                        ? record.error()
                        : corrupt_row(ports::Table::executions, key, record.error().message());
          return false;
        }
        ++report.executions;
        if (!model::is_closed(record->status)) ++report.open;
        return true;
      });
  if (!scanned) return scanned.error();
  if (failure) return *failure;
  return report;
}

Result<RestoreReport> restore(const std::string& backup, const std::string& folder) {
  const std::string target = absolute(folder);
  if (auto vacant = require_vacant(target); !vacant) return vacant.error();
  if (auto source = check_data_folder(backup); !source) return source.error();
  // Its files would change while they are copied.
  const auto unused = DataFolder::hold_unused(backup);
  if (!unused) {
    if (unused.error().name() != error_names::k_not_allowed) return unused.error();
    return Error(unused.error().name(),
                 unused.error().message() + ": `eventual backup` copies it while it is");
  }
  auto report = check_backup(backup);
  if (!report) return report;
  report->folder = target;
  const std::string partial = target + ".partial";
  std::error_code error;
  fs::remove_all(partial, error);
  Result<void> done = copy_folder(backup, partial);
  if (done) {
    fs::rename(partial, target, error);  // also in the place of an empty folder
    if (error) {
      done = unavailable(fmt::format("cannot give {} its name: {}", target, error.message()));
    }
  }
  if (!done) {
    fs::remove_all(partial, error);
    return done.error();
  }
  if (auto synced = sync_folder(fs::path(target).parent_path().string()); !synced)
    return synced.error();
  return report;
}

}  // namespace eventual::store
