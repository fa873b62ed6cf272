// `eventual schedules`: lists schedules, and pauses, resumes, triggers or backfills one.
#include <fmt/format.h>

#include <memory>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

using Kind = ports::ScheduleAct::Kind;

struct Options {
  std::string name;
  std::string reason;
  std::string from;
  std::string to;
};

std::string when(const ev::Json& schedule) {
  if (schedule["cron"].is_string()) {
    return fmt::format("{} {}", text_of(schedule, "cron"), text_of(schedule, "time_zone"));
  }
  if (!schedule["every_ms"].is_integer()) return "-";
  return "every " + show_duration(ev::Duration(schedule["every_ms"].as_int64()));
}

int list(Context& context) {
  const ev::Json answer = required(context.service().schedules());
  if (context.json()) {
    context.print_json(answer);
    return k_exit_done;
  }
  if (answer["schedules"].size() == 0) {
    context.remark("the service declares no schedules");
    return k_exit_done;
  }
  Table table({{"SCHEDULE", false, 10},
               {"WHEN", false, 12},
               {"STATUS", false, 0},
               {"NEXT", false, 0},
               {"LAST", false, 0},
               {"STARTED", true, 0}});
  for (const ev::Json& one : answer["schedules"].as_array()) {
    const std::string status = text_of(one, "status");
    table.add({text_of(one, "name"),
               when(one),
               {status, style_of_status(status)},
               context.show_time(one["next_at"]),
               context.show_time(one["last_at"]),
               text_of(one, "started")});
  }
  context.print(table.text(context.terminal()));
  return k_exit_done;
}

ev::Timestamp time_of(const char* flag, const std::string& text) {
  const auto time = parse_time(text, now());
  if (!time) throw UsageError(fmt::format("{}: {}", flag, time.error().message()));
  return *time;
}

int act(Context& context, const Options& options, Kind kind) {
  ports::ScheduleAct request;
  request.kind = kind;
  request.schedule = options.name;
  request.reason = options.reason;
  if (kind == Kind::backfill) {
    request.from = time_of("--from", options.from);
    request.to = options.to.empty() ? now() : time_of("--to", options.to);
    if (request.from >= request.to) throw UsageError("--from must be before --to");
  }
  const ev::Json answer = required(context.service().act_on_schedule(request));
  if (context.json()) {
    context.print_json(answer);
    return k_exit_done;
  }
  if (kind == Kind::pause || kind == Kind::resume) {
    context.say(fmt::format("{} {}", kind == Kind::pause ? "paused" : "resumed", options.name));
    return k_exit_done;
  }
  const ev::Json& started = answer["started"];
  if (started.size() == 0) {
    context.say(kind == Kind::trigger
                    ? "nothing was started: the overlap policy skips it while another is open"
                    : "nothing was started: each time of this range has an execution");
  }
  for (const ev::Json& id : started.as_array()) {
    context.say(fmt::format("started {}", id.as_string()));
  }
  return k_exit_done;
}

CLI::App* add_act(CLI::App& schedules, Options& options, const std::string& name,
                  const std::string& description) {
  CLI::App* app = schedules.add_subcommand(name, description);
  app->add_option("schedule", options.name, "its name")->required()->type_name("");
  return app;
}

}  // namespace

Verb add_schedules(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "schedules", "Lists schedules; pauses, resumes, triggers or backfills one",
               k_group_service,
               {"eventual schedules", "eventual schedules pause nightly --reason 'month end'",
                "eventual schedules trigger nightly",
                "eventual schedules backfill nightly --from 2026-01-01 --to 2026-01-08"});
  app->require_subcommand(0, 1);
  auto options = std::make_shared<Options>();
  CLI::App* pause = add_act(*app, *options, "pause", "starts nothing until it is resumed");
  pause->add_option("--reason", options->reason, "is shown in the list")->type_name("TEXT");
  CLI::App* resume = add_act(*app, *options, "resume", "goes on");
  CLI::App* trigger = add_act(*app, *options, "trigger", "starts an execution now");
  CLI::App* backfill =
      add_act(*app, *options, "backfill", "starts one for each time of a range that has none");
  backfill->add_option("--from", options->from, "2026-01-01, 2h (ago), …")
      ->required()
      ->type_name("TIME");
  backfill->add_option("--to", options->to, "[now]")->type_name("TIME");
  return {app, [=](Context& context) {
            if (pause->parsed()) return act(context, *options, Kind::pause);
            if (resume->parsed()) return act(context, *options, Kind::resume);
            if (trigger->parsed()) return act(context, *options, Kind::trigger);
            if (backfill->parsed()) return act(context, *options, Kind::backfill);
            return list(context);
          }};
}

}  // namespace eventual::cli
