#include "cli/completion_words.hpp"

#include <algorithm>
#include <utility>

namespace eventual::cli {
namespace {

bool begins(const std::string& word, const std::string& with) { return word.starts_with(with); }

const CLI::App* subcommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (one->get_name() == name || one->check_name(name)) return one;
  }
  return nullptr;
}

/// "--name" of an option, or of one of the apps around it.
const CLI::Option* option(const std::vector<const CLI::App*>& apps, const std::string& word) {
  for (const CLI::App* app : apps) {
    for (const CLI::Option* one : app->get_options()) {
      if (one->check_name(word)) return one;
    }
  }
  return nullptr;
}

std::vector<std::string> option_names(const std::vector<const CLI::App*>& apps) {
  std::vector<std::string> names;
  for (const CLI::App* app : apps) {
    for (const CLI::Option* one : app->get_options()) {
      for (const std::string& name : one->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> values_of(const std::string& option_name) {
  if (option_name == "--status" || option_name == "-s") {
    return {"running",   "parked",    "paused",     "succeeded", "failed",
            "cancelled", "timed_out", "terminated", "continued"};
  }
  if (option_name == "--level" || option_name == "-l") {
    return {"trace", "debug", "info", "warn", "error"};
  }
  return {};
}

}  // namespace

std::vector<std::string> completion_words(const CLI::App& program,
                                          const std::vector<std::string>& words,
                                          const NamesOf& names_of) {
  const std::string last = words.empty() ? std::string() : words.back();
  std::vector<const CLI::App*> apps{&program};
  std::size_t positionals = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with('-')) {
      const CLI::Option* known = option(apps, word);
      const bool takes_value =
          known != nullptr && known->get_expected_min() > 0 && word.find('=') == std::string::npos;
      if (takes_value && i + 2 == words.size()) {
        // The value itself is being written.
        std::vector<std::string> values;
        if (word == "--execution" || word == "-e") values = names_of("execution");
        if (word == "--workflow" || word == "-w") values = names_of("workflow");
        if (word == "--subscription") values = names_of("subscription");
        if (values.empty()) values = values_of(word);
        std::erase_if(values, [&](const std::string& value) { return !begins(value, last); });
        return values;
      }
      if (takes_value) ++i;
      continue;
    }
    if (const CLI::App* next = subcommand(*apps.back(), word); next != nullptr) {
      apps.push_back(next);
      positionals = 0;
    } else {
      ++positionals;
    }
  }

  std::vector<std::string> candidates;
  if (last.starts_with('-')) {
    candidates = option_names(apps);
  } else {
    const auto all = [](const CLI::App*) { return true; };
    for (const CLI::App* one : apps.back()->get_subcommands(all)) {
      if (positionals == 0) candidates.push_back(one->get_name());
    }
    std::size_t position = 0;
    for (const CLI::Option* one : apps.back()->get_options()) {
      if (!one->get_positional() || position++ != positionals) continue;
      const std::string kind = one->get_name(true);
      for (const char* known :
           {"execution", "workflow", "command", "schedule", "event", "entity"}) {
        if (kind != known) continue;
        for (std::string& name : names_of(kind)) candidates.push_back(std::move(name));
      }
    }
  }
  std::erase_if(candidates, [&](const std::string& word) { return !begins(word, last); });
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

}  // namespace eventual::cli
