#include "store/data_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "store/errors.hpp"

namespace eventual::store {
namespace {

constexpr std::string_view k_marker = "eventual-data ";

Error not_allowed(std::string message) {
  return Error(std::string(error_names::k_not_allowed), std::move(message));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// All that our small files hold.
constexpr std::size_t k_small_file_bytes_max = 256;
constexpr std::size_t k_owner_bytes_max = 200;  // of a longer name, its beginning

std::string read_start(int descriptor) {
  std::array<char, k_small_file_bytes_max> buffer;
  const ssize_t size = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

Result<void> create_folders(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) return {};
  if (std::filesystem::exists(status)) {
    return not_allowed(fmt::format("the data folder {} is a file, not a folder", path));
  }
  std::filesystem::create_directories(path, error);
  if (error) {
    return unavailable(
        fmt::format("the data folder {} cannot be created: {}", path, error.message()));
  }
  return {};
}

/// The lock's descriptor. The process id inside is only for the message of whoever comes second.
Result<int> take_lock(const std::string& path) {
  const std::string name = path + "/LOCK";
  File file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.is_open()) {
    return unavailable(fmt::format("the data folder {} cannot be written: {}", path,
                                   std::generic_category().message(errno)));
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("locking " + name, errno);
    const std::string owner = read_start(file.get());
    return unavailable(fmt::format("the data folder {} is in use by process {}", path,
                                   owner.empty() ? "(unknown)" : trimmed(owner)));
  }
  const std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
    // A full disk must not stop us from reading what is there.
    static_cast<void>(::ftruncate(file.get(), 0));
  }
  return file.release();
}

/// The first name in the folder that we did not put there before the marker.
Result<std::optional<std::string>> foreign_name(const std::string& path) {
  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  if (error) {
    return unavailable(fmt::format("the data folder {} cannot be read: {}", path, error.message()));
  }
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (name != "LOCK" && name != "FORMAT.new" && name != "lost+found") {
      return std::optional<std::string>(name);
    }
  }
  return std::optional<std::string>();
}

Result<void> check_format(const std::string& path, std::string_view text) {
  const std::string_view marker = trimmed(text);
  int format = 0;
  const char* const end = marker.data() + marker.size();
  if (!marker.starts_with(k_marker) ||
      std::from_chars(marker.data() + k_marker.size(), end, format).ptr != end || format < 1) {
    return Error(std::string(error_names::k_corrupt),
                 fmt::format("{}/FORMAT should read \"{}{}\" but reads \"{}\"", path, k_marker,
                             k_data_format, printable_key(marker)));
  }
  if (format > k_data_format) {
    return not_allowed(
        fmt::format("the data folder {} has format {}, this program reads formats up to {}: "
                    "use a newer version of the program",
                    path, format, k_data_format));
  }
  return {};
}

/// Durably, as a whole or not at all.
Result<void> write_small_file(const std::string& folder, const std::string& file_name,
                              std::string_view text) {
  const std::string name = folder + "/" + file_name;
  const std::string temporary = name + ".new";
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.is_open()) return system_error("creating " + temporary, errno);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0) {
      return system_error("writing " + temporary, errno);
    }
  }
  if (::rename(temporary.c_str(), name.c_str()) != 0) {
    return system_error("renaming " + temporary, errno);
  }
  return sync_folder(folder);
}

Result<void> check_or_create_marker(const std::string& path) {
  const std::string name = path + "/FORMAT";
  const File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.is_open()) return check_format(path, read_start(file.get()));
  if (errno != ENOENT) return system_error("reading " + name, errno);
  auto foreign = foreign_name(path);
  if (!foreign) return std::move(foreign).error();
  if (*foreign) {
    return not_allowed(
        fmt::format("the folder {} holds other files (\"{}\") and is no data folder of this "
                    "program: name an empty or a new folder",
                    path, **foreign));
  }
  return write_format_marker(path);
}

}  // namespace

Result<void> sync_folder(const std::string& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    return system_error("syncing the folder " + folder, errno);
  }
  return {};
}

Result<void> claim_data_folder(const std::string& folder, std::string_view service) {
  const std::string name = folder + "/SERVICE";
  service = service.substr(0, k_owner_bytes_max);
  std::string owner;
  {
    const File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open()) {
      owner = trimmed(read_start(file.get()));
    } else if (errno != ENOENT) {
      return system_error("reading " + name, errno);
    }
  }
  if (owner == service) return {};
  if (owner.empty()) return write_small_file(folder, "SERVICE", fmt::format("{}\n", service));
  return not_allowed(
      fmt::format("the data folder {} belongs to the service {}, and this is {}: give each its own "
                  "with --data. Where {} was renamed, write its new name into {}",
                  folder, owner, service, owner, name));
}

Result<void> write_format_marker(const std::string& folder) {
  return write_small_file(folder, "FORMAT", fmt::format("{}{}\n", k_marker, k_data_format));
}
Result<void> check_data_folder(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return Error(std::string(error_names::k_not_found),
                 fmt::format("the folder {} does not exist", path));
  }
  if (!std::filesystem::is_directory(status))
    return not_allowed(fmt::format("{} is a file, not a folder", path));
  const std::string name = path + "/FORMAT";
  const File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.is_open()) return check_format(path, read_start(file.get()));
  if (errno != ENOENT) return system_error("reading " + name, errno);
  return not_allowed(
      fmt::format("the folder {} is no data folder and no backup: it has no FORMAT", path));
}

Result<DataFolder> DataFolder::open(const std::string& path) {
  if (path.empty()) return not_allowed("the name of the data folder is empty");
  if (auto created = create_folders(path); !created) return std::move(created).error();
  auto lock = take_lock(path);
  if (!lock) return std::move(lock).error();
  DataFolder folder(path, *lock);
  if (auto marker = check_or_create_marker(path); !marker) return std::move(marker).error();
  return folder;
}

Result<DataFolder> DataFolder::hold_unused(const std::string& path) {
  const std::string name = path + "/LOCK";
  File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return DataFolder(path, -1);  // a backup: it was never in use
    return system_error("opening " + name, errno);
  }
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("locking " + name, errno);
    const std::string owner = read_start(file.get());
    return not_allowed(fmt::format("the folder {} is in use by process {}", path,
                                   owner.empty() ? "(unknown)" : trimmed(owner)));
  }
  return DataFolder(path, file.release());
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  if (this != &other) {
    release();
    path_ = std::move(other.path_);
    lock_ = std::exchange(other.lock_, -1);
  }
  return *this;
}

DataFolder::~DataFolder() { release(); }

void DataFolder::release() noexcept {
  // Closing drops the lock. The file stays: removing it would let two processes lock two different
  // files.
  if (lock_ >= 0) ::close(std::exchange(lock_, -1));
}

}  // namespace eventual::store
