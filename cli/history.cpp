// `eventual history`: what happened to an execution.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/execution_id.hpp"
#include "cli/following.hpp"
#include "cli/history_reader.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  ExecutionArgument execution;
  std::size_t last = 0;
  bool follow = false;
};

/// "1", or what a seq is missing for.
std::string seq_of(const ev::Json& event) {
  const std::string seq = text_of(event, "seq");
  return seq.empty() ? "-" : seq;
}

/// All but what has a column of its own; the name that matters comes first.
std::string what(const ev::Json& event) {
  std::string text;
  for (const char* name : {"task", "workflow", "signal", "update", "change"}) {
    if (event[name].is_string()) text += event[name].as_string();
  }
  for (const auto& [name, value] : event.as_object()) {
    if (name == "type" || name == "at" || name == "seq" || name == "task" || name == "workflow" ||
        name == "signal" || name == "update" || name == "change" || name == "derivation") {
      continue;
    }
    if (name.starts_with("parent_") && event["parent_id"].is_null()) continue;
    if (!text.empty()) text += ' ';
    text += fmt::format("{}={}", name, pretty(value, std::string::npos));
  }
  return text;
}

/// Of events that come one after the other.
class Printer {
 public:
  explicit Printer(Context& context) : context_(context) {}

  void print(const ev::Json& events) {
    if (events.size() == 0) return;
    if (!first_) first_ = required(ev::parse_iso8601(text_of(events.as_array()[0], "at")));
    Table table({{"AT", true, 0}, {"SEQ", true, 0}, {"EVENT", false, 0}, {"WHAT", false, 12}});
    for (const ev::Json& event : events.as_array()) {
      table.add({at(event), seq_of(event), {text_of(event, "type"), style_of(event)}, what(event)});
    }
    if (widths_.empty()) {
      widths_ = table.widths(context_.terminal());
      context_.print(table.text(context_.terminal()));
    } else {
      context_.print(table.rows_text(context_.terminal(), widths_));
    }
  }

 private:
  std::string at(const ev::Json& event) const {
    const std::string text = text_of(event, "at");
    const auto time = ev::parse_iso8601(text);
    const bool relative =
        context_.terminal().is_terminal && !context_.options().absolute_times && time;
    return relative ? "+" + show_duration(*time - *first_) : text;
  }

  static Style style_of(const ev::Json& event) {
    const std::string type = text_of(event, "type");
    if (type.ends_with("failed") || type.ends_with("timed_out") || type.ends_with("parked") ||
        type.ends_with("terminated") || type.ends_with("refused")) {
      return Style::bad;
    }
    return type.ends_with("succeeded") ? Style::good : Style::plain;
  }

  Context& context_;
  std::optional<ev::Timestamp> first_;
  std::vector<std::size_t> widths_;
};

int history(Context& context, const Options& options) {
  if (options.follow && context.json()) {
    throw UsageError("--follow prints as it comes and --json is one document: choose one");
  }
  const ports::ExecutionRef execution = find_execution(context, options.execution);
  HistoryReader reader(context, execution);
  ev::Json events = reader.read_new();
  if (options.last > 0 && events.size() > options.last) {
    ev::Json::Array& all = events.as_array();
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(options.last));
  }
  if (context.json()) {
    context.print_json(
        ev::Json::object({{"execution_id", execution.id()}, {"events", std::move(events)}}));
    return k_exit_done;
  }
  Printer printer(context);
  printer.print(events);
  if (!options.follow) return k_exit_done;
  return follow_to_end(context, execution, [&] { printer.print(reader.read_new()); });
}

}  // namespace

Verb add_history(CLI::App& program) {
  CLI::App* app = add_verb(program, "history", "Prints what happened to an execution, oldest first",
                           k_group_executions,
                           {"eventual history o-1", "eventual history o-1 --follow",
                            "eventual history o-1 --run 1 --last 20",
                            "eventual history o-1 --json | jq '.events[] | select(.seq == 3)'"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  app->add_option("--last,-n", options->last, "only the last events")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app->add_flag("--follow,-f", options->follow, "goes on until it closes; exits 1 if it fails");
  return {app, [options](Context& context) { return history(context, *options); }};
}

}  // namespace eventual::cli
