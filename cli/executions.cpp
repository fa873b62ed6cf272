// `eventual executions`: the list of executions.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::uint32_t k_limit_default = 50;
constexpr std::uint32_t k_page = 1000;

struct Options {
  std::string workflow;
  std::string status;
  std::string since;
  std::string until;
  std::uint32_t limit = k_limit_default;
};

std::optional<ev::Timestamp> time_option(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_time(text, now());
  if (!time) throw UsageError(flag + ": " + time.error().message());
  return *time;
}

/// Newest first, so the first that is too old ends the search.
ev::Json find(Context& context, const Options& options, bool& more) {
  const auto since = time_option("--since", options.since);
  const auto until = time_option("--until", options.until);
  ev::Json found = ev::Json::array();
  client::Page page{.limit = since || until ? k_page : std::min(options.limit, k_page)};
  for (;;) {
    const ev::Json answer =
        required(context.service().list(options.workflow, options.status, page));
    for (const ev::Json& one : answer["executions"].as_array()) {
      const ev::Timestamp started = required(ev::parse_iso8601(one["started_at"].as_string()));
      if (since && started < *since) return found;
      if (until && started >= *until) continue;
      if (found.size() >= options.limit) {
        more = true;
        return found;
      }
      found.push_back(one);
    }
    if (!answer["cursor"].is_string()) return found;
    page.cursor = answer["cursor"].as_string();
    if (found.size() >= options.limit) {
      more = true;
      return found;
    }
  }
}

std::string took(const ev::Json& execution) {
  const auto started = ev::parse_iso8601(text_of(execution, "started_at"));
  const auto closed = ev::parse_iso8601(text_of(execution, "closed_at"));
  if (!started || !closed) return "-";
  return show_duration(*closed - *started);
}

int executions(Context& context, const Options& options) {
  bool more = false;
  const ev::Json found = find(context, options, more);
  if (context.json()) {
    context.print_json(ev::Json::object({{"executions", found}, {"more", more}}));
    return k_exit_done;
  }
  if (found.size() == 0) {
    context.remark("no executions");
    return k_exit_done;
  }
  Table table({{"EXECUTION", false, 12},
               {"RUN", true, 0},
               {"STATUS", false, 0},
               {"STARTED", false, 0},
               {"TOOK", false, 0}});
  for (const ev::Json& one : found.as_array()) {
    const std::string status = text_of(one, "status");
    table.add({text_of(one, "execution_id"),
               text_of(one, "run"),
               {status, style_of_status(status)},
               context.show_time(one["started_at"]),
               took(one)});
  }
  context.print(table.text(context.terminal()));
  if (more) context.remark(fmt::format("more follow: --limit {}", options.limit * 2));
  return k_exit_done;
}

}  // namespace

Verb add_executions(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "executions", "Lists executions, newest first", k_group_executions,
               {"eventual executions --status running",
                "eventual executions --workflow processOrder --since 2h",
                "eventual executions --since 2026-01-01 --until 2026-02-01 --json"});
  auto options = std::make_shared<Options>();
  app->add_option("--workflow,-w", options->workflow, "only of this workflow")->type_name("NAME");
  app->add_option("--status,-s", options->status, "only with this status")
      ->check(CLI::IsMember({"running", "parked", "paused", "succeeded", "failed", "cancelled",
                             "timed_out", "terminated", "continued"}))
      ->type_name("STATUS");
  app->add_option("--since", options->since,
                  "started at or after: 2h, yesterday, 2026-01-31T12:00Z")
      ->type_name("TIME");
  app->add_option("--until", options->until, "started before")->type_name("TIME");
  app->add_option("--limit,-n", options->limit, "at most so many [50]")
      ->check(CLI::Range(1U, 1'000'000U))
      ->type_name("N");
  return {app, [options](Context& context) { return executions(context, *options); }};
}

}  // namespace eventual::cli
