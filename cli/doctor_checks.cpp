#include "cli/doctor_checks.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/text.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;

constexpr int k_compiler_version_least = 19;
constexpr std::uint64_t k_space_low = 1ULL << 30;
constexpr std::uint64_t k_space_too_low = 100ULL << 20;
constexpr int k_sync_count = 60;
constexpr std::size_t k_sync_bytes = 4096;
constexpr double k_sync_slow_ms = 20;
constexpr double k_sync_unbelievable_ms = 0.005;
constexpr rlim_t k_files_least = 4096;

/// What a build of a service needs; scripts/setup installs them.
constexpr std::array k_packages = {"clang-19",
                                   "lld-19",
                                   "cmake",
                                   "ninja-build",
                                   "librocksdb-dev",
                                   "libboost1.81-dev",
                                   "libsimdjson-dev",
                                   "libfmt-dev",
                                   "libspdlog-dev",
                                   "libcli11-dev",
                                   "libtomlplusplus-dev",
                                   "libssl-dev",
                                   "zlib1g-dev",
                                   "prometheus-cpp-dev",
                                   "libhowardhinnant-date-dev",
                                   "tzdata"};

Finding ok(std::string check, std::string what) {
  return {std::move(check), "ok", std::move(what), {}};
}

/// Standard output of a program, or nothing when it cannot be run.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");  // NOLINT: fixed commands only
  if (pipe == nullptr) return std::nullopt;
  std::string output;
  std::array<char, 4096> bytes{};
  while (const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), pipe)) {
    output.append(bytes.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return std::nullopt;
  return output;
}

/// The folder itself, or the nearest above it that exists.
fs::path existing(const std::string& folder) {
  std::error_code ignored;
  fs::path path = fs::absolute(folder, ignored);
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) {
    path = path.parent_path();
  }
  return path;
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes >= 1ULL << 30) return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
  return fmt::format("{} MiB", bytes >> 20);
}

double milliseconds_since(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - time).count();
}

std::string error_text() { return std::error_code(errno, std::generic_category()).message(); }

}  // namespace

Finding check_compiler() {
  const std::string name = "compiler";
  const auto output = output_of("clang++-19 -dumpversion || clang++ -dumpversion");
  int version = 0;
  if (output) std::from_chars(output->data(), output->data() + output->size(), version);
  if (version == 0) {
    return {name, "fail", "clang is not installed",
            "apt-get install clang-19 (GCC 12 miscompiles coroutines)"};
  }
  const std::string found = fmt::format("clang {}", output->substr(0, output->find('\n')));
  if (version < k_compiler_version_least) {
    return {name, "fail", found + " is too old", "apt-get install clang-19"};
  }
  return ok(name, found);
}

Finding check_packages() {
  const std::string name = "packages";
  std::string all;
  for (const char* package : k_packages) all += fmt::format(" {}", package);
  const auto output = output_of("dpkg-query -W -f='${db:Status-Status}=${Package}\\n'" + all);
  if (!output) {
    return {name, "warn", "this is no Debian system: packages were not looked at",
            "docs/dependencies.md names the libraries that are needed"};
  }
  std::string missing;
  std::size_t count = 0;
  for (const char* package : k_packages) {
    if (output->find(fmt::format("installed={}\n", package)) != std::string::npos) continue;
    missing += fmt::format(" {}", package);
    ++count;
  }
  if (count > 0) {
    return {name, "fail", counted(count, "package is", "packages are") + " missing:" + missing,
            "apt-get install" + missing};
  }
  return ok(name, fmt::format("all {} are installed", k_packages.size()));
}

Finding check_data_folder(const std::string& folder) {
  const std::string name = "data folder";
  const fs::path path = existing(folder);
  if (::access(path.c_str(), W_OK | X_OK) != 0) {
    return {name, "fail", fmt::format("{} cannot be written: {}", path.string(), error_text()),
            "choose another with --data, or change its owner"};
  }
  struct statvfs space{};
  if (::statvfs(path.c_str(), &space) != 0) {
    return {name, "fail", fmt::format("{}: {}", path.string(), error_text()),
            "choose another with --data"};
  }
  const std::uint64_t free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  const bool there = fs::exists(folder);
  const std::string what = fmt::format("{} {}, {} free", folder,
                                       there ? "exists" : "is not there yet", bytes_text(free));
  if (free < k_space_too_low) return {name, "fail", what, "free some space: nothing fits any more"};
  if (free < k_space_low) return {name, "warn", what, "free some space before it is full"};
  return ok(name, what);
}

Finding check_port(Context& context) {
  const std::string name = "port";
  const auto url = client::parse_url(context.url());
  if (!url) throw UsageError(url.error().message());
  const auto health = context.service().health();
  if (health) {
    const std::string what = fmt::format("a service answers at {}", url->text());
    if (text_of(*health, "status") == "ready") return ok(name, what + " and is ready");
    return {name, "warn", fmt::format("{}, not ready: {}", what, text_of(*health, "reason")),
            "see its log: eventual logs"};
  }
  if (!client::is_unreachable(health.error())) {
    return {name, "warn", fmt::format("{} answers: {}", url->text(), health.error().message()),
            "another program uses the port; give the service another with --listen"};
  }
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(url->port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int reuse = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  const int bound =
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);  // NOLINT
  const std::string reason = bound == 0 ? std::string() : error_text();
  ::close(socket);
  if (bound == 0) return ok(name, fmt::format("{} is free", url->port));
  return {name, "fail", fmt::format("{} cannot be used: {}", url->port, reason),
          "give the service another with --listen 127.0.0.1:<port>"};
}

Finding check_disk_sync(const std::string& folder) {
  const std::string name = "disk sync";
  std::string path = (existing(folder) / ".eventual-doctor-XXXXXX").string();
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) {
    return {name, "fail",
            fmt::format("cannot write in {}: {}", existing(folder).string(), error_text()),
            "choose another folder with --data"};
  }
  ::unlink(path.c_str());
  const std::string bytes(k_sync_bytes, 'x');
  std::vector<double> times;
  bool failed = false;
  for (int i = 0; i < k_sync_count && !failed; ++i) {
    const auto began = std::chrono::steady_clock::now();
    failed = ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
             ::fdatasync(file) != 0;
    times.push_back(milliseconds_since(began));
  }
  const std::string reason = failed ? error_text() : std::string();
  ::close(file);
  if (failed) return {name, "fail", "a write with fdatasync failed: " + reason, "look at the disk"};
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  const double slowest = times.back();
  const std::string what =
      fmt::format("4 KiB with fdatasync: {:.2f} ms (median), {:.2f} ms (slowest of {})", median,
                  slowest, k_sync_count);
  if (median > k_sync_slow_ms) {
    return {name, "warn", what, "each step waits for one: use a faster disk for --data"};
  }
  if (median < k_sync_unbelievable_ms) {
    return {name, "warn", what, "too fast for a disk: is --data in memory (tmpfs)?"};
  }
  return ok(name, what);
}

Finding check_clock() {
  const std::string name = "clock";
  timex state{};
  const int result = ::adjtimex(&state);
  if (result < 0) {
    return {name, "warn", "its state cannot be read: " + error_text(),
            "make sure that the time is synchronised (timedatectl)"};
  }
  if ((state.status & STA_UNSYNC) != 0) {
    return {name, "warn", "not synchronised with a time server",
            "timers follow this clock: apt-get install systemd-timesyncd, or chrony"};
  }
  return ok(name, fmt::format("synchronised, off by at most {} ms", state.maxerror / 1000));
}

Finding check_limits() {
  const std::string name = "limits";
  rlimit files{};
  rlimit threads{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NPROC, &threads);
  const auto shown = [](rlim_t limit) {
    return limit == RLIM_INFINITY ? std::string("unlimited") : std::to_string(limit);
  };
  const std::string what =
      fmt::format("{} open files, {} processes", shown(files.rlim_cur), shown(threads.rlim_cur));
  if (files.rlim_cur < k_files_least) {
    return {name, "warn", what,
            fmt::format("connections and the store need files: ulimit -n {} (LimitNOFILE= in "
                        "systemd)",
                        k_files_least)};
  }
  return ok(name, what);
}

}  // namespace eventual::cli
