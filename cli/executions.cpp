// `eventual executions`: the list of executions.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/stream.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::uint32_t k_limit_default = 50;
constexpr std::uint32_t k_page = 1000;
constexpr std::chrono::milliseconds k_poll_interval{1000};
constexpr std::size_t k_name_columns_least = 12;
/// Of rows that --follow does not know yet: a name in a pipe, a run, the longest status, a time and
/// how long it took.
constexpr std::array<std::size_t, 5> k_follow_columns{32, 4, 10, 14, 10};
constexpr std::string_view k_any_time = "1970-01-01T00:00:00.000Z";
constexpr std::size_t k_seen_max = 100'000;  // executions whose status --follow remembers

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
class Follower {
 public:
  Follower(Context& context, const Options& options)
      : context_(context),
        options_(options),
        since_(time_option("--since", options.since)),
        until_(time_option("--until", options.until)) {}

  void follow() {
    const std::string target = client::Target("/_eventual/stream")
                                   .with("kinds", "executions")
                                   .with("workflow", options_.workflow)
                                   .text();
    const Listener listener{.look =
                                [this] {
                                  print_list();
                                  return true;
                                },
                            .take =
                                [this](std::string_view event, const ev::Json& data) {
                                  if (event == "execution" && is_chosen(data) && is_new(data))
                                    print({data});
                                  return true;
                                }};
    if (listen(context_, target, listener)) return;
    for (;;) {
      print_list();
      std::this_thread::sleep_for(k_poll_interval);
    }
  }

 private:
  bool is_new(const ev::Json& one) {
    const std::string status = text_of(one, "status");
    std::string& known = seen_[text_of(one, "execution_id") + "#" + text_of(one, "run")];
    const bool is_new = std::exchange(known, status) != status;
    while (seen_.size() > k_seen_max) seen_.erase(seen_.begin());
    return is_new;
  }

  bool is_chosen(const ev::Json& one) const {
    if (!options_.status.empty() && text_of(one, "status") != options_.status) return false;
    const ev::Timestamp started = required(ev::parse_iso8601(text_of(one, "started_at")));
    return (!since_ || started >= *since_) && (!until_ || started < *until_);
  }

  void print_list() {
    bool more = false;
    const ev::Json found = find(context_, options_, more);
    std::vector<ev::Json> changed;
    for (const ev::Json& one : found.as_array()) {
      if (is_new(one)) changed.push_back(one);
    }
    std::reverse(changed.begin(), changed.end());
    print(changed);
  }

  /// The first rows, even if there are none, come with the titles.
  void print(const std::vector<ev::Json>& executions) {
    const Table table = table_of(context_, executions);
    if (!widths_.empty()) return context_.print(table.rows_text(context_.terminal(), widths_));
    widths_ = lasting_widths(table);
    context_.print(table.text(context_.terminal(), widths_));
  }

  /// For rows that are not known yet.
  std::vector<std::size_t> lasting_widths(const Table& table) const {
    const Terminal& terminal = context_.terminal();
    std::vector<std::size_t> widths = table.widths(terminal);
    widths[3] =
        std::max(widths[3], display_width(context_.show_time(ev::Json(std::string(k_any_time)))));
    std::size_t others = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], k_follow_columns[i]);
      others += widths[i] + 2;  // with the gap before it
    }
    const auto room = static_cast<std::size_t>(terminal.columns);
    widths[0] = terminal.columns == 0 ? std::max(widths[0], k_follow_columns[0])
                                      : std::max(room, others + k_name_columns_least) - others;
    return widths;
  }

  Context& context_;
  const Options& options_;
  const std::optional<ev::Timestamp> since_;
  const std::optional<ev::Timestamp> until_;
  std::map<std::string, std::string> seen_;  // status by execution and run
  std::vector<std::size_t> widths_;
};

int executions(Context& context, const Options& options) {
  if (options.follow && context.json()) {
    throw UsageError("--follow has no end and --json is one document: choose one");
  }
  if (options.follow) {
    Follower(context, options).follow();
    return k_exit_done;
  }
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
  const Table table = table_of(context, found.as_array());
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
      ->check(one_of_the_statuses())
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
