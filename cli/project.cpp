#include "cli/project.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "cli/templates.hpp"
#include "cli/text.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_name_length_max = 64;
constexpr std::string_view k_common = "common/";

/// Targets that CMake or Eventual make themselves.
constexpr std::array<std::string_view, 14> k_names_taken{
    "all",     "clean",  "edit_cache", "eventual",       "help",          "install",    "package",
    "codegen", "depend", "main",       "package_source", "rebuild_cache", "preinstall", "test"};

/// The one that people should look at first comes first.
constexpr std::array<std::string_view, 1> k_first{"minimal"};

bool may_begin(char c) { return c >= 'a' && c <= 'z'; }
bool may_follow(char c) { return may_begin(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

/// The part of a template's path after its folder; empty for another template's file.
std::string_view path_within(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder) || path.size() <= folder.size() || path[folder.size()] != '/')
    return {};
  return path.substr(folder.size() + 1);
}

Result<void> prepare_folder(const std::string& folder) {
  std::error_code error;
  const auto status = fs::status(folder, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    return Error(std::string(error_names::k_not_allowed), fmt::format("{} is a file", folder));
  }
  if (fs::is_directory(status) && !fs::is_empty(folder, error)) {
    return Error(std::string(error_names::k_not_allowed),
                 fmt::format("the folder {} is not empty", folder));
  }
  fs::create_directories(folder, error);
  if (error) {
    return Error(std::string(error_names::k_unavailable),
                 fmt::format("the folder {} cannot be made: {}", folder, error.message()));
  }
  return {};
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) {
    return Error(std::string(error_names::k_unavailable),
                 fmt::format("{} cannot be written: {}", path.string(),
                             std::generic_category().message(errno)));
  }
  return {};
}

bool holds_package(const fs::path& prefix) {
  std::error_code error;
  for (const char* library : {"lib", "lib64"}) {
    const fs::path folder = prefix / library;
    if (fs::exists(folder / "cmake/Eventual/EventualConfig.cmake", error)) return true;
    // Debian's folder of the architecture
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code none;
      if (fs::exists(entry->path() / "cmake/Eventual/EventualConfig.cmake", none)) return true;
    }
  }
  return false;
}

std::string quoted_for_cmake(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

EventualRoot find_eventual_root() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path prefix = program.parent_path().parent_path();
  if (fs::exists(prefix / "EventualConfig.cmake", error)) return {prefix.string(), false};
  if (!holds_package(prefix)) return {};
  return {prefix.string(), prefix == "/usr" || prefix == "/usr/local"};
}

std::vector<std::string> template_names() {
  std::vector<std::string> names(k_first.begin(), k_first.end());
  for (const TemplateFile& file : template_files()) {
    std::string name(file.path.substr(0, file.path.find('/')));
    if (name + '/' == k_common || std::find(names.begin(), names.end(), name) != names.end()) {
      continue;
    }
    names.push_back(std::move(name));
  }
  return names;
}

Result<void> check_project_name(std::string_view name) {
  if (name.empty()) return invalid("the name of a project must not be empty");
  if (name.size() > k_name_length_max) {
    return invalid(fmt::format("the name of a project has at most {} characters, this one {}",
                               k_name_length_max, name.size()));
  }
  if (!may_begin(name.front()) || !std::all_of(name.begin(), name.end(), &may_follow)) {
    return invalid(fmt::format(
        "\"{}\" cannot be the name of a project: it begins with a lower-case letter and holds "
        "lower-case letters, digits, \"-\" and \"_\"",
        one_line(name)));
  }
  if (std::find(k_names_taken.begin(), k_names_taken.end(), name) != k_names_taken.end() ||
      name.starts_with("eventual_") || name.starts_with("eventual-")) {
    return invalid(fmt::format("\"{}\" is taken: the build has a target of that name", name));
  }
  return {};
}

Result<std::vector<std::string>> make_project(const ProjectPlan& plan) {
  if (auto checked = check_project_name(plan.name); !checked) return checked.error();
  const std::vector<std::string> names = template_names();
  if (std::find(names.begin(), names.end(), plan.template_name) == names.end()) {
    return invalid(fmt::format("there is no template \"{}\": there are {}",
                               one_line(plan.template_name), fmt::join(names, ", ")));
  }
  if (auto prepared = prepare_folder(plan.folder); !prepared) return prepared.error();

  std::vector<std::pair<std::string, std::string_view>> files;
  std::string sources;
  for (const TemplateFile& file : template_files()) {
    std::string_view path = path_within(file.path, plan.template_name);
    if (path.empty()) path = path_within(file.path, k_common.substr(0, k_common.size() - 1));
    if (path.empty()) continue;
    files.emplace_back(path, file.content);
    if (path.ends_with(".cpp") && !path.ends_with("_test.cpp")) {
      if (!sources.empty()) sources += ' ';
      sources += path;
    }
  }
  std::vector<std::string> written;
  for (const auto& [path, content] : files) {
    std::string text = replaced(std::string(content), "@name@", plan.name);
    text = replaced(std::move(text), "@sources@", sources);
    if (auto done = write_file(fs::path(plan.folder) / path, text); !done) return done.error();
    written.push_back(path);
  }
  if (!plan.root.path.empty() && !plan.root.found_without_it) {
    const std::string name = "eventual.local.cmake";
    const std::string text = fmt::format(
        "# Where Eventual is on this machine. Not under version control.\n"
        "set(Eventual_ROOT {} CACHE PATH \"Where Eventual is\")\n",
        quoted_for_cmake(plan.root.path));
    if (auto done = write_file(fs::path(plan.folder) / name, text); !done) return done.error();
    written.push_back(name);
  }
  std::sort(written.begin(), written.end());
  return written;
}

}  // namespace eventual::cli
