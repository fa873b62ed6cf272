// `eventual execution`: one execution with all that is known of it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/execution_id.hpp"
#include "cli/following.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_label_columns = 9;
constexpr std::size_t k_columns_default = 100;

struct Options {
  ExecutionArgument execution;
  bool follow = false;
};

void line(const Context& context, std::string_view label, std::string_view text) {
  context.print(fmt::format(
      "{}  {}\n", context.terminal().paint(Style::dim, pad_right(label, k_label_columns)), text));
}

void json_lines(const Context& context, std::string_view label, const ev::Json& json) {
  const std::size_t columns = context.terminal().columns > 0
                                  ? static_cast<std::size_t>(context.terminal().columns)
                                  : k_columns_default;
  line(context, label, pretty(json, columns, k_label_columns + 2));
}

/// An instant with how long ago it was.
std::string instant(const ev::Json& time) {
  const std::string text = time.is_string() ? time.as_string() : "-";
  const auto parsed = ev::parse_iso8601(text);
  return parsed ? fmt::format("{} ({})", text, show_relative(*parsed, now())) : text;
}

void print(const Context& context, const ev::Json& execution) {
  const std::string status = text_of(execution, "status");
  line(context, "execution", text_of(execution, "execution_id"));
  line(context, "run", text_of(execution, "run"));
  line(context, "status", context.terminal().paint(style_of_status(status), status));
  line(context, "started", instant(execution["started_at"]));
  if (execution["closed_at"].is_string()) line(context, "closed", instant(execution["closed_at"]));
  json_lines(context, "input", execution["input"]);
  if (status == "succeeded") json_lines(context, "result", execution["result"]);
  if (const ev::Json& error = execution["error"]; !error.is_null()) {
    line(context, "error",
         fmt::format("{}: {}", context.terminal().paint(Style::bad, text_of(error, "name")),
                     one_line(text_of(error, "message"))));
    if (!error["details"].is_null()) json_lines(context, "details", error["details"]);
  }
  if (!execution["closed_at"].is_string()) {
    const std::string title(k_label_columns + 2, ' ');
    const std::string sentence = wrapped(title + why(execution, now()),
                                         static_cast<std::size_t>(context.terminal().columns));
    line(context, "why", std::string_view(sentence).substr(title.size()));
  }
}

int execution(Context& context, const Options& options) {
  if (options.follow && context.json()) {
    throw UsageError("--follow prints as it comes and --json is one document: choose one");
  }
  const ports::ExecutionRef found = find_execution(context, options.execution);
  ev::Json view = required(context.service().describe(found));
  if (context.json()) {
    context.print_json(view);
    return k_exit_done;
  }
  print(context, view);
  if (!options.follow) return k_exit_done;
  std::string shown = view["waiting_for"].dump() + text_of(view, "status");
  return follow_to_end(context, found, [&] {
    view = required(context.service().describe(found));
    const std::string state = view["waiting_for"].dump() + text_of(view, "status");
    if (state == shown) return;
    shown = state;
    context.print("\n");
    print(context, view);
  });
}

}  // namespace

Verb add_execution(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "execution", "Shows one execution with all that is known of it", k_group_executions,
      {"eventual execution processOrder/o-1", "eventual execution o-1 --follow",
       "eventual execution o-1 --run 1 --json"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  app->add_flag("--follow,-f", options->follow,
                "shows it again when it changes, until it closes; exits 1 if it fails");
  return {app, [options](Context& context) { return execution(context, *options); }};
}

}  // namespace eventual::cli
