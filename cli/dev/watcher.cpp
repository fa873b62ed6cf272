#include "cli/dev/watcher.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t k_events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                   IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_of_no_interest(std::string_view name) {
  if (name.empty() || name.starts_with('.') || name.starts_with('#') || name.ends_with('~'))
    return true;
  if (is_number(name)) return true;  // vim tries whether it may write, in a file named 4913
  for (const std::string_view suffix : {".swp", ".swo", ".swx", ".tmp", ".bak", ".orig"}) {
    if (name.ends_with(suffix)) return true;
  }
  return name.find("___jb_") != std::string_view::npos;  // the safe write of JetBrains' editors
}

Result<Watcher> Watcher::start(const std::string& root, std::vector<std::string> ignored) {
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) {
    return Error(std::string(error_names::k_unavailable),
                 "files cannot be watched: " + std::generic_category().message(errno));
  }
  Watcher watcher(inotify, std::move(ignored));
  if (auto watched = watcher.watch(root, nullptr); !watched) return watched.error();
  return watcher;
}

Watcher::~Watcher() {
  if (inotify_ >= 0) ::close(inotify_);
}

Watcher::Watcher(Watcher&& other) noexcept
    : inotify_(std::exchange(other.inotify_, -1)),
      ignored_(std::move(other.ignored_)),
      folders_(std::move(other.folders_)) {}

bool Watcher::is_ignored(const std::string& path) const {
  return std::find(ignored_.begin(), ignored_.end(), path) != ignored_.end();
}

/// Watches first and looks then: what is made in between is seen at least once.
Result<void> Watcher::watch(const std::string& folder, std::vector<std::string>* found) {
  if (is_ignored(folder)) return {};
  const int descriptor = ::inotify_add_watch(inotify_, folder.c_str(), k_events);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};  // gone again
    return Error(
        std::string(error_names::k_unavailable),
        fmt::format("{} cannot be watched: {}", folder, std::generic_category().message(errno)));
  }
  folders_[descriptor] = folder;
  if (folders_.size() > k_folders_watched_max) {
    return Error(std::string(error_names::k_limit_exceeded),
                 fmt::format("more than {} folders are below {}: name the folder of a project",
                             k_folders_watched_max, folders_.begin()->second));
  }
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (is_of_no_interest(name)) continue;
    std::error_code none;
    if (entry->is_directory(none) && !entry->is_symlink(none)) {
      if (auto watched = watch(entry->path().string(), found); !watched) return watched;
    } else if (found != nullptr) {
      found->push_back(entry->path().string());
    }
  }
  return {};
}

std::vector<std::string> Watcher::take_changes() {
  std::vector<std::string> changed;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      const std::string name = event.len > 0 ? at + sizeof event : "";
      at += sizeof event + event.len;
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) {
        folders_.erase(folder);
        continue;
      }
      if (name.empty() || is_of_no_interest(name)) continue;
      const std::string path = folder->second + "/" + name;
      if ((event.mask & IN_ISDIR) != 0) {
        // A folder that is too much to watch is left out: the others go on.
        if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) (void)watch(path, &changed);
      } else if ((event.mask & IN_CREATE) == 0 && !is_ignored(path)) {
        changed.push_back(path);
      }
    }
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

}  // namespace eventual::cli
