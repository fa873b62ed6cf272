// What people save in a project's folder.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"

namespace eventual::cli {

/// Folders that are watched at most; a project has fewer, a wrong folder may have very many.
inline constexpr std::size_t k_folders_watched_max = 4096;

/// Whether a file or folder of that name can be ignored: hidden ones, and what editors leave while
/// they save.
bool is_of_no_interest(std::string_view name);

/// Watches a folder and all below it, also those that are made later, but none of `ignored`.
/// Belongs to one thread.
class Watcher {
 public:
  /// `root` and `ignored` are absolute. Unavailable: the system watches no more. LimitExceeded.
  static Result<Watcher> start(const std::string& root, std::vector<std::string> ignored);
  ~Watcher();
  Watcher(Watcher&& other) noexcept;
  Watcher& operator=(Watcher&&) = delete;

  /// Becomes readable when something has changed.
  int descriptor() const noexcept { return inotify_; }
  /// The files that were written, moved or removed since, absolute, each once. Does not block.
  std::vector<std::string> take_changes();

 private:
  Watcher(int inotify, std::vector<std::string> ignored)
      : inotify_(inotify), ignored_(std::move(ignored)) {}
  Result<void> watch(const std::string& folder, std::vector<std::string>* found);
  bool is_ignored(const std::string& path) const;

  int inotify_ = -1;
  std::vector<std::string> ignored_;
  std::map<int, std::string> folders_;  // by watch
};

}  // namespace eventual::cli
