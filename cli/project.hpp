// A new project from a template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"

namespace eventual::cli {

/// Where the CMake package of this installation is.
struct EventualRoot {
  std::string path;               ///< for Eventual_ROOT; empty: nowhere near this program
  bool found_without_it = false;  ///< CMake looks there anyway
};

/// Of the installation or the build folder that this program belongs to.
EventualRoot find_eventual_root();

struct ProjectPlan {
  std::string name;
  std::string template_name;
  std::string folder;
  EventualRoot root;
};

/// "minimal", "orders", …, the simplest first.
std::vector<std::string> template_names();

/// InvalidInput: why no project can have the name. A name is also that of a program and of a CMake
/// target.
Result<void> check_project_name(std::string_view name);

/// Writes the project and gives the files, relative to its folder. The folder is made; one that
/// holds anything is refused with NotAllowed. InvalidInput: the name or the template. Unavailable:
/// a file cannot be written; those before it stay.
Result<std::vector<std::string>> make_project(const ProjectPlan& plan);

}  // namespace eventual::cli
