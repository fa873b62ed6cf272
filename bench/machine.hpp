// What the machine says: its disk, and what this process has used of it.
#pragma once

#include <cstdint>
#include <string>

#include "eventual/error.hpp"

namespace eventual::bench {

struct SyncTimes {
  double p50_us = 0;
  double p99_us = 0;
};

/// 500 appends of 4 KiB to a file in `folder`, each followed by fdatasync. Unavailable when the
/// disk refuses.
Result<SyncTimes> measure_syncs(const std::string& folder);

/// False where files live in memory (tmpfs, ramfs): what is synced there does not survive.
bool is_on_disk(const std::string& folder);

/// Bytes of the files under `folder`, as the disk holds them.
std::uint64_t folder_bytes(const std::string& folder);

struct Usage {
  double cpu_s = 0;                      ///< user and system, all threads
  std::uint64_t disk_written_bytes = 0;  ///< handed to the block layer by this process
};
Usage usage_now();

double peak_rss_mib();
/// From here on peak_rss_mib() tells the peak since this call, where the kernel allows it.
void reset_peak_rss();
double rss_mib();

}  // namespace eventual::bench
