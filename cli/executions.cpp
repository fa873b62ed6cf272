// `eventual executions`: the list of executions.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::uint32_t k_limit_default = 50;
constexpr std::uint32_t k_page = 1000;
constexpr std::chrono::milliseconds k_poll_interval{1000};
constexpr std::size_t k_status_columns = 10;  // the longest status
constexpr std::size_t k_seen_max = 100'000;   // executions whose status --follow remembers

struct Options {
  std::string workflow;
  std::string status;
  std::string since;
  std::string until;
  std::uint32_t limit = k_limit_default;
  bool follow = false;
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

Table table_of(const Context& context, const std::vector<ev::Json>& executions) {
  Table table({{"EXECUTION", false, 12},
               {"RUN", true, 0},
               {"STATUS", false, 0},
               {"STARTED", false, 0},
               {"TOOK", false, 0}});
  for (const ev::Json& one : executions) {
    const std::string status = text_of(one, "status");
    table.add({text_of(one, "execution_id"),
               text_of(one, "run"),
               {status, style_of_status(status)},
               context.show_time(one["started_at"]),
               took(one)});
  }
  return table;
}

/// Prints those that begin or change, oldest first, for ever.
[[noreturn]] void follow(Context& context, const Options& options,
                         std::vector<ev::Json> executions) {
  std::map<std::string, std::string> seen;  // status by execution and run
  const auto is_new = [&seen](const ev::Json& one) {
    const std::string status = text_of(one, "status");
    std::string& known = seen[text_of(one, "execution_id") + "#" + text_of(one, "run")];
    return std::exchange(known, status) != status;
  };
  for (const ev::Json& one : executions) is_new(one);
  std::reverse(executions.begin(), executions.end());
  const Table first = table_of(context, executions);
  std::vector<std::size_t> widths = first.widths(context.terminal());
  widths[2] = std::max(widths[2], k_status_columns);
  context.print(first.text(context.terminal()));
  for (;;) {
    std::this_thread::sleep_for(k_poll_interval);
    bool more = false;
    const ev::Json found = find(context, options, more);
    std::vector<ev::Json> changed;
    for (const ev::Json& one : found.as_array()) {
      if (is_new(one)) changed.push_back(one);
    }
    std::reverse(changed.begin(), changed.end());
    context.print(table_of(context, changed).rows_text(context.terminal(), widths));
    while (seen.size() > k_seen_max) seen.erase(seen.begin());
  }
}

int executions(Context& context, const Options& options) {
  if (options.follow && context.json()) {
    throw UsageError("--follow has no end and --json is one document: choose one");
  }
  bool more = false;
  const ev::Json found = find(context, options, more);
  if (context.json()) {
    context.print_json(ev::Json::object({{"executions", found}, {"more", more}}));
    return k_exit_done;
  }
  if (found.size() == 0 && !options.follow) {
    context.remark("no executions");
    return k_exit_done;
  }
  const std::vector<ev::Json>& list = found.as_array();
  if (options.follow) follow(context, options, list);
  const Table table = table_of(context, list);
  context.print(table.text(context.terminal()));
  if (more) context.remark(fmt::format("more follow: --limit {}", options.limit * 2));
  return k_exit_done;
}

}  // namespace

Verb add_executions(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "executions", "Lists executions, newest first", k_group_executions,
      {"eventual executions --status running",
       "eventual executions --workflow processOrder --since 2h", "eventual executions --follow",
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
  app->add_flag("--follow,-f", options->follow,
                "prints those that begin or change, until it is interrupted");
  return {app, [options](Context& context) { return executions(context, *options); }};
}

}  // namespace eventual::cli
