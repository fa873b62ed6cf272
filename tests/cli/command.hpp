// The command as a process, and the service that it talks to.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "eventual/json.hpp"

namespace eventual::cli::testing {

struct Ran {
  int exit_code = -1;  ///< -1: a signal ended it
  std::string out;
  std::string err;  ///< in a terminal it is part of `out`

  /// Standard output, which must be one JSON document.
  Json json() const;
};

struct How {
  std::map<std::string, std::string> environment{};  ///< beside PATH and LANG
  std::string input{};                               ///< standard input
  int columns = 0;                ///< above 0: in a pseudo-terminal of that width
  std::string interrupt_after{};  ///< SIGINT as soon as it has printed this
  std::chrono::seconds patience{60};
  /// Told what it has printed so far, each time that there is more.
  std::function<void(const std::string& out)> watch{};
};

/// Runs a program until it ends; kills it, and fails, when patience ends.
Ran run(const std::string& program, const std::vector<std::string>& arguments, const How& how = {});

/// A running cli_service, with its data in memory or in a folder. It is killed when this object
/// ends.
class DeskService {
 public:
  /// With an admin token where one is given, and these variables in its environment.
  explicit DeskService(const std::string& admin_token = {},
                       std::map<std::string, std::string> environment = {},
                       const std::string& data = {});
  ~DeskService();
  DeskService(const DeskService&) = delete;
  DeskService& operator=(const DeskService&) = delete;

  const std::string& url() const { return url_; }

  /// Runs `eventual <arguments>` against it.
  Ran eventual(const std::vector<std::string>& arguments, How how = {}) const;
  /// The same in a terminal of 80 columns.
  Ran in_terminal(const std::vector<std::string>& arguments, How how = {}) const;

 private:
  pid_t id_ = -1;
  std::string url_;
};

/// The text with each time, duration and number of milliseconds replaced, so that it is the same in
/// each run: "…Z" -> <time>, "12 ms" -> <span>, "2 s ago" -> <ago>.
std::string masked(std::string text);

}  // namespace eventual::cli::testing
