// What `eventual doctor` looks at, one function a check.
#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace eventual::cli {

struct Finding {
  std::string check;
  std::string result;  ///< "ok", "warn" or "fail"
  std::string what;    ///< what was found
  std::string advice;  ///< what to do; empty where it is ok
};

Finding check_compiler();
Finding check_packages();
/// `folder` need not exist; then its parent is looked at.
Finding check_data_folder(const std::string& folder);
/// The service of the context's address answers, or its port is free.
Finding check_port(Context& context);
/// Appends of 4 KiB with fdatasync, as the store does them.
Finding check_disk_sync(const std::string& folder);
Finding check_clock();
Finding check_limits();

}  // namespace eventual::cli
