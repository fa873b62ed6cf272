// A data folder: its format marker and the lock that keeps a second process out.
//
//   <folder>/FORMAT   "eventual-data 1"
//   <folder>/LOCK     locked while in use, holds the process id
//   <folder>/SERVICE  the service that it belongs to
//   <folder>/store/   the database
#pragma once

#include <string>
#include <string_view>

#include "eventual/error.hpp"

namespace eventual::store {

/// The newest format that this program reads and writes. Raise it when an older program could not
/// read what we write.
inline constexpr int k_data_format = 1;

/// Holds the lock of a data folder until it is destroyed. Move-only.
class DataFolder {
 public:
  /// Takes the folder into use; creates it, with its parents, when missing. A folder without a
  /// marker must be empty.
  ///
  /// Unavailable when another process uses it or the disk refuses; NotAllowed when its format is
  /// newer, it is no folder, or it holds foreign files; Corrupt when the marker cannot be
  /// understood.
  static Result<DataFolder> open(const std::string& path);

  /// Keeps other processes from taking an existing folder into use, and changes nothing in it.
  /// NotAllowed when one uses it.
  static Result<DataFolder> hold_unused(const std::string& path);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&& other) noexcept;
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;
  ~DataFolder();

  const std::string& path() const noexcept { return path_; }
  /// Where the database lives.
  std::string store_path() const { return path_ + "/store"; }

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  void release() noexcept;

  std::string path_;
  int lock_ = -1;
};

/// Whether a folder is a data folder that this program reads; it is neither taken into use nor
/// changed. NotFound; NotAllowed when it is none or its format is newer; Corrupt when the marker
/// cannot be understood.
Result<void> check_data_folder(const std::string& path);

/// Says, durably, that a folder that is in use belongs to this service; the first one counts.
/// NotAllowed when it is another service's: this one would park its executions and remove its
/// schedules. Unavailable when the disk refuses.
Result<void> claim_data_folder(const std::string& folder, std::string_view service);

/// Writes the marker into `folder`, durably.
Result<void> write_format_marker(const std::string& folder);

/// Makes the names in `folder` durable.
Result<void> sync_folder(const std::string& folder);

}  // namespace eventual::store
