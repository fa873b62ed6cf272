// `eventual new`: a project that builds and passes its own test at once.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "cli/project.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string name;
  std::string template_name = "minimal";
  std::string folder;
};

/// A path as people would write it after `cd`.
std::string for_shell(const std::string& path) {
  if (path.find_first_of(" \t'\"\\$&;()<>|*?[]#~`!") == std::string::npos) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void print_next_steps(const Context& context, const ProjectPlan& plan, std::size_t files) {
  const auto command = [&](std::string_view text) {
    return context.terminal().paint(Style::bold, text);
  };
  context.say(fmt::format("{} is in {}: {} from the template {}.", plan.name, plan.folder,
                          counted(files, "file"), plan.template_name));
  std::string text = "\nNext:\n";
  text += fmt::format("  {}\n", command("cd " + for_shell(plan.folder)));
  text += fmt::format("  {}    builds and runs it, and does so again on each save\n",
                      command("eventual dev"));
  text += "\nOr step by step:\n";
  for (const char* step :
       {"cmake --preset dev", "cmake --build --preset dev", "ctest --preset dev"})
    text += fmt::format("  {}\n", command(step));
  if (plan.root.path.empty()) {
    text +=
        "\nNo CMake package of Eventual is next to this program. Name an installation or a "
        "checkout\n"
        "in the environment variable Eventual_ROOT, or with cmake's -DEventual_ROOT=<folder>.\n";
  }
  context.print(text);
}

int run(const Options& options, Context& context) {
  ProjectPlan plan{options.name, options.template_name,
                   options.folder.empty() ? options.name : options.folder, find_eventual_root()};
  // Before the folder's name is made of it.
  if (auto checked = check_project_name(plan.name); !checked)
    throw UsageError(checked.error().message());
  auto files = make_project(plan);
  if (!files) {
    if (files.error().name() == error_names::k_invalid_input)
      throw UsageError(files.error().message());
    if (files.error().name() == error_names::k_not_allowed) {
      throw UsageError(files.error().message(),
                       "name another folder with --dir; nothing was changed");
    }
    throw ev::Error(files.error());
  }
  if (context.json()) {
    Json list = Json::array();
    for (const std::string& file : *files) list.push_back(file);
    context.print_json(Json::object({{"name", plan.name},
                                     {"template", plan.template_name},
                                     {"folder", std::filesystem::absolute(plan.folder).string()},
                                     {"eventual_root", plan.root.path},
                                     {"files", std::move(list)}}));
  } else {
    print_next_steps(context, plan, files->size());
  }
  return k_exit_done;
}

}  // namespace

Verb add_new(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "new", "Makes a project that builds and passes its own test", k_group_project,
      {"eventual new hello", "eventual new shop --template orders --dir services/shop"});
  auto options = std::make_shared<Options>();
  app->add_option("name", options->name, "name of the project, its service and its program")
      ->required()
      ->type_name("NAME");
  app->add_option("--template", options->template_name,
                  fmt::format("one of {} [minimal]", fmt::join(template_names(), ", ")))
      ->type_name("TEMPLATE");
  app->add_option("--dir", options->folder, "folder to make [the name]")->type_name("FOLDER");
  return {app, [options](Context& context) { return run(*options, context); }};
}

}  // namespace eventual::cli
