// `eventual logs`: the newest lines of the service's log.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "cli/execution_id.hpp"
#include "cli/stream.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::chrono::milliseconds k_poll_interval{500};

struct Options {
  std::string execution;
  std::string level;
  std::string since;
  std::uint32_t limit = 200;
  bool follow = false;
};

Style style_of(const std::string& level) {
  if (level == "error") return Style::bad;
  if (level == "warn") return Style::warn;
  return level == "info" ? Style::plain : Style::dim;
}

/// In a terminal a long message goes on under its beginning.
void print_line(const Context& context, const ev::Json& line) {
  constexpr std::size_t k_level_width = 5;
  const std::string at = text_of(line, "at");
  const std::string level = text_of(line, "level");
  const std::string execution = text_of(line, "execution_id");
  const std::string message =
      (execution.empty() ? "" : execution + ": ") + one_line(text_of(line, "message"));
  context.print(
      fmt::format("{} {} {}\n", context.terminal().paint(Style::dim, at),
                  context.terminal().paint(style_of(level), pad_right(level, k_level_width)),
                  wrapped_behind(at.size() + k_level_width + 2, message,
                                 static_cast<std::size_t>(context.terminal().columns))));
}

ev::Json ask(Context& context, const Options& options, const std::string& execution_id,
             std::uint64_t after) {
  return required(context.service().get(client::Target("/_eventual/logs")
                                            .with("after", after)
                                            .with("limit", options.limit)
                                            .with("level", options.level)
                                            .with("execution_id", execution_id)
                                            .text()));
}

ev::Json not_before(const ev::Json& lines, ev::Timestamp since) {
  ev::Json kept = ev::Json::array();
  for (const ev::Json& line : lines.as_array()) {
    const auto at = ev::parse_iso8601(text_of(line, "at"));
    if (at && *at >= since) kept.push_back(line);
  }
  return kept;
}

/// Prints each line after the one of number `last`, for ever.
void follow(Context& context, const Options& options, const std::string& execution_id,
            std::uint64_t last) {
  const auto print_new = [&](const ev::Json& line) {
    const std::uint64_t number = line["number"].as_uint64();
    if (number <= last) return;
    last = number;
    print_line(context, line);
  };
  const auto look = [&] {
    for (;;) {
      const ev::Json answer = ask(context, options, execution_id, last);
      const std::uint64_t next = answer["next"].as_uint64();
      if (next < last) {  // another process of the service counts from 1 again
        last = 0;
        continue;
      }
      if (answer["missed"] == ev::Json(true)) context.remark("… some lines were forgotten …");
      const std::vector<ev::Json>& lines = answer["lines"].as_array();
      for (const ev::Json& line : lines) print_new(line);
      // Lines that were left out by the level or the execution are done too.
      last = std::max(last, next);
      if (lines.size() < options.limit) return true;
    }
  };
  const std::string target = client::Target("/_eventual/stream")
                                 .with("kinds", "log")
                                 .with("level", options.level)
                                 .with("execution_id", execution_id)
                                 .text();
  const Listener listener{.look = look, .take = [&](std::string_view event, const ev::Json& data) {
                            if (event == "log") print_new(data);
                            return true;
                          }};
  if (listen(context, target, listener)) return;
  for (;;) {
    std::this_thread::sleep_for(k_poll_interval);
    look();
  }
}

int logs(Context& context, const Options& options) {
  if (options.follow && context.json()) {
    throw UsageError("--follow has no end and --json is one document: choose one");
  }
  std::string execution_id;
  if (!options.execution.empty()) {
    ExecutionArgument argument;
    argument.text = options.execution;
    execution_id = find_execution(context, argument).id();
  }
  ev::Timestamp since{};
  if (!options.since.empty()) {
    const auto time = parse_time(options.since, now());
    if (!time) throw UsageError("--since: " + time.error().message());
    since = *time;
  }
  const ev::Json answer = ask(context, options, execution_id, 0);
  const ev::Json lines = not_before(answer["lines"], since);
  if (context.json()) {
    context.print_json(ev::Json::object({{"lines", lines}, {"next", answer["next"]}}));
    return k_exit_done;
  }
  for (const ev::Json& line : lines.as_array()) print_line(context, line);
  if (options.follow) follow(context, options, execution_id, answer["next"].as_uint64());
  return k_exit_done;
}

}  // namespace

Verb add_logs(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "logs", "Prints the newest lines of the service's log", k_group_service,
               {"eventual logs --follow", "eventual logs --level warn --since 1h",
                "eventual logs --execution o-1"});
  auto options = std::make_shared<Options>();
  app->add_option("--execution,-e", options->execution, "only of this execution")->type_name("ID");
  app->add_option("--level,-l", options->level, "only of this level and above")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
  app->add_option("--since", options->since, "2h, yesterday, 2026-01-31T12:00Z")->type_name("TIME");
  app->add_option("--limit,-n", options->limit, "at most so many lines at first [200]")
      ->check(CLI::Range(1U, 1000U))
      ->type_name("N");
  app->add_flag("--follow,-f", options->follow, "prints what comes, until it is interrupted");
  return {app, [options](Context& context) { return logs(context, *options); }};
}

}  // namespace eventual::cli
