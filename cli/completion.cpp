// `eventual completion`: scripts that let a shell complete what is written.
#include <fmt/format.h>

#include <memory>

#include "cli/completion_words.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::string_view k_bash = R"(# bash completion for eventual
_eventual() {
  local IFS=$'\n'
  COMPREPLY=($(eventual completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _eventual eventual
)";

constexpr std::string_view k_zsh = R"(#compdef eventual
_eventual() {
  local -a candidates
  candidates=("${(@f)$(eventual completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _eventual eventual
)";

constexpr std::string_view k_fish = R"(# fish completion for eventual
complete -c eventual -f -a '(eventual completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
)";

constexpr std::uint32_t k_ids_max = 200;

/// Names that the service gives; none when it does not answer, since nobody asked for an error.
std::vector<std::string> names_of(Context& context, const std::string& kind) {
  std::vector<std::string> names;
  if (kind == "execution") {
    const auto answer = context.service().list({}, {}, {.limit = k_ids_max});
    if (!answer) return names;
    for (const ev::Json& one : (*answer)["executions"].as_array()) {
      names.push_back(one["execution_id"].as_string());
    }
    return names;
  }
  const auto manifest = context.service().manifest();
  if (!manifest) return names;
  const std::string list = kind == "entity" ? "entities" : kind + "s";
  for (const ev::Json& one : (*manifest)[list].as_array()) {
    names.push_back(one["name"].as_string());
  }
  return names;
}

}  // namespace

Verb add_completion(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "completion", "Prints a script for completion in a shell", k_group_tools,
      {"source <(eventual completion bash)", "eventual completion zsh > ~/.zfunc/_eventual",
       "eventual completion fish > ~/.config/fish/completions/eventual.fish"});
  app->require_subcommand(1);
  CLI::App* bash = app->add_subcommand("bash", "for bash");
  CLI::App* zsh = app->add_subcommand("zsh", "for zsh");
  CLI::App* fish = app->add_subcommand("fish", "for fish");
  CLI::App* words =
      app->add_subcommand("words", "what may follow the words given; the scripts ask for it");
  words->group("");
  auto given = std::make_shared<std::vector<std::string>>();
  words->add_option("words", *given, "of the line, the last one not yet whole");
  return {app, [=, &program](Context& context) {
            if (bash->parsed()) context.print(k_bash);
            if (zsh->parsed()) context.print(k_zsh);
            if (fish->parsed()) context.print(k_fish);
            if (words->parsed()) {
              const auto found = completion_words(program, *given, [&](const std::string& kind) {
                return names_of(context, kind);
              });
              for (const std::string& word : found) context.print(word + "\n");
            }
            return k_exit_done;
          }};
}

}  // namespace eventual::cli
