#include "bench/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "bench/histogram.hpp"

namespace eventual::bench {
namespace {

constexpr int k_probe_syncs = 500;

/// The number behind `name` in a file of lines "name: 123 …", or 0.
std::uint64_t number_in(const char* file, std::string_view name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Result<SyncTimes> measure_syncs(const std::string& folder) {
  const std::string path = folder + "/sync-probe";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) {
    return Error(std::string(error_names::k_unavailable),
                 fmt::format("{}: {}", path, std::generic_category().message(errno)));
  }
  std::array<char, 4096> page{};
  page.fill('p');
  Histogram times;
  int error = 0;
  for (int i = 0; i < k_probe_syncs && error == 0; ++i) {
    const auto began = std::chrono::steady_clock::now();
    if (::write(file, page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
        ::fdatasync(file) != 0) {
      error = errno;
    }
    times.add(std::chrono::steady_clock::now() - began);
  }
  ::close(file);
  ::unlink(path.c_str());
  if (error != 0) {
    return Error(std::string(error_names::k_unavailable),
                 fmt::format("{}: {}", path, std::generic_category().message(error)));
  }
  return SyncTimes{times.percentile_ms(0.5) * 1e3, times.percentile_ms(0.99) * 1e3};
}

bool is_on_disk(const std::string& folder) {
  struct statfs system{};
  if (::statfs(folder.c_str(), &system) != 0) return false;
  const auto type = static_cast<std::uint64_t>(system.f_type);
  return type != TMPFS_MAGIC && type != RAMFS_MAGIC;
}

std::uint64_t folder_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (auto entry = std::filesystem::recursive_directory_iterator(folder, error);
       !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    struct stat status{};
    if (::lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

Usage usage_now() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return {seconds(used.ru_utime) + seconds(used.ru_stime),
          number_in("/proc/self/io", "write_bytes:")};
}

double peak_rss_mib() {
  return static_cast<double>(number_in("/proc/self/status", "VmHWM:")) / 1024;
}
double rss_mib() { return static_cast<double>(number_in("/proc/self/status", "VmRSS:")) / 1024; }

void reset_peak_rss() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5";
}

}  // namespace eventual::bench
