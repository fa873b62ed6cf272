// A project's build folder: how it is configured and built, and what that took.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/dev/child_process.hpp"
#include "eventual/error.hpp"

namespace eventual::cli {

/// Where a project and its build are. All paths are absolute.
struct BuildFolder {
  std::string project;
  std::string preset;  ///< of CMakePresets.json; its folder is <project>/build/<preset>

  std::string path() const { return project + "/build/" + preset; }
  std::string log_file() const { return path() + "/eventual-dev.log"; }
  bool configured() const;
};

/// cmake, with the project's preset where it has one.
ChildOptions configure_command(const BuildFolder& build);
/// ninja itself: cmake --build would only be in between.
ChildOptions build_command(const BuildFolder& build, const std::string& service);

/// The services that the build makes, by eventual_add_service: name and program.
struct BuiltService {
  std::string name;
  std::string program;
};
std::vector<BuiltService> services_of(const BuildFolder& build);

/// What a run of ninja took.
struct BuildTimes {
  std::chrono::milliseconds compile{};  ///< all before the service is linked
  std::chrono::milliseconds link{};
};

/// Reads ninja's log, where it notes what it did and when.
class NinjaLog {
 public:
  explicit NinjaLog(const BuildFolder& build) : path_(build.path() + "/.ninja_log") {}
  /// Remembers what is there already.
  void begin();
  /// Of what came since: zero for what it did not do. `program` is relative to the build folder.
  BuildTimes end(std::string_view program) const;

 private:
  std::string path_;
  std::vector<std::string> known_;
};

/// Text without the sequences that colour it.
std::string without_colours(std::string_view text);

}  // namespace eventual::cli
