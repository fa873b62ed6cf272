// `eventual timeline`: the calls of an execution as bars.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/calls.hpp"
#include "cli/execution_id.hpp"
#include "cli/history_reader.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_columns_default = 100;
constexpr std::size_t k_label_columns_max = 22;
constexpr std::size_t k_note_columns = 25;
constexpr std::size_t k_bar_columns_min = 12;
constexpr std::size_t k_rows_max = 1000;  // a longer timeline shows its newest calls

/// Where an instant falls on the bar.
struct Scale {
  Timestamp from;
  Timestamp to;
  std::size_t columns;

  std::size_t column(Timestamp time) const {
    const auto whole = std::max<std::int64_t>((to - from).count(), 1);
    const auto part = std::clamp<std::int64_t>((time - from).count(), 0, whole);
    return std::min(
        static_cast<std::size_t>(static_cast<double>(part) / static_cast<double>(whole) *
                                 static_cast<double>(columns)),
        columns - 1);
  }
};

/// Cells of one row: a glyph and how it looks.
class Bar {
 public:
  explicit Bar(std::size_t columns) : cells_(columns, {" ", Style::plain}) {}

  void fill(std::size_t from, std::size_t to, const char* glyph, Style style) {
    for (std::size_t i = from; i <= to && i < cells_.size(); ++i) cells_[i] = {glyph, style};
  }

  std::string text(const Terminal& terminal) const {
    std::string out;
    for (std::size_t i = 0; i < cells_.size();) {
      std::size_t end = i;
      std::string run;
      for (; end < cells_.size() && cells_[end].second == cells_[i].second; ++end) {
        run += cells_[end].first;
      }
      out += terminal.paint(cells_[i].second, run);
      i = end;
    }
    return out;
  }

 private:
  std::vector<std::pair<const char*, Style>> cells_;
};

Style style_of(const Call& call) {
  if (call.outcome == "failed" || call.outcome == "refused" || call.outcome == "left") {
    return Style::bad;
  }
  if (call.kind == "paused" || call.kind == "parked") return Style::warn;
  return call.outcome.empty() ? Style::info : Style::good;
}

Bar bar_of(const Call& call, const Scale& scale, Timestamp open_until) {
  Bar bar(scale.columns);
  const Timestamp end = call.ended.value_or(open_until);
  const std::size_t from = scale.column(call.began);
  const std::size_t to = std::max(scale.column(end), from);
  if (call.outcome == "received") {
    bar.fill(from, from, "◆", Style::info);
    return bar;
  }
  if (call.attempts.empty()) {
    bar.fill(from, to, "─", style_of(call));
    return bar;
  }
  bar.fill(from, to, "░", Style::dim);  // between two attempts
  for (const CallAttempt& attempt : call.attempts) {
    bar.fill(scale.column(attempt.began), scale.column(attempt.ended.value_or(open_until)), "█",
             attempt.error.empty() ? style_of(call) : Style::bad);
  }
  return bar;
}

std::string note_of(const Call& call, Timestamp open_until) {
  const Duration took = call.ended.value_or(open_until) - call.began;
  std::string note = call.outcome == "received" ? std::string() : show_duration(took);
  const auto add = [&note](std::string_view more) {
    if (!note.empty()) note += ", ";
    note += more;
  };
  if (call.attempts.size() > 1) add(counted(call.attempts.size(), "attempt"));
  if (!call.error.empty()) {
    add(call.error);
  } else if (call.outcome.empty()) {
    add("open");
  } else if (call.outcome != "succeeded" && call.outcome != "fired" && call.outcome != "received" &&
             call.outcome != "met" && call.outcome != "delivered") {
    add(call.outcome);
  }
  return note;
}

std::string label_of(const Call& call) {
  const std::string name = call.kind == "signal_send"                       ? "send " + call.name
                           : call.kind == "signal_wait"                     ? "wait " + call.name
                           : call.kind == "signal"                          ? "signal " + call.name
                           : call.kind == "update"                          ? "update " + call.name
                           : call.kind == "cancel_send"                     ? "cancel " + call.name
                           : call.kind == "paused" || call.kind == "parked" ? call.kind
                                                                            : call.name;
  return fmt::format("{:>3} {}", call.seq ? std::to_string(*call.seq) : std::string(),
                     one_line(name));
}

void draw(const Context& context, const ports::ExecutionRef& execution, const Calls& calls) {
  const Timestamp open_until = calls.ended.value_or(std::max(now(), calls.began));
  const std::size_t columns = context.terminal().columns > 0
                                  ? static_cast<std::size_t>(context.terminal().columns)
                                  : k_columns_default;
  const std::size_t begin = calls.calls.size() > k_rows_max ? calls.calls.size() - k_rows_max : 0;
  std::size_t label_columns = 12;
  for (std::size_t i = begin; i < calls.calls.size(); ++i) {
    label_columns = std::max(label_columns, display_width(label_of(calls.calls[i])));
  }
  label_columns = std::min(label_columns, k_label_columns_max);
  const std::size_t taken = label_columns + k_note_columns + 4;
  const std::size_t bar_columns =
      columns > taken + k_bar_columns_min ? columns - taken : k_bar_columns_min;
  const Scale scale{calls.began, open_until, bar_columns};

  context.print(fmt::format(
      "{}  {}  {}\n", execution.id(),
      context.terminal().paint(style_of_status(calls.outcome.empty() ? "running" : calls.outcome),
                               calls.outcome.empty() ? "open" : calls.outcome),
      show_duration(open_until - calls.began)));
  const std::string total = "+" + show_duration(open_until - calls.began);
  context.print(fmt::format(
      "{}  {}\n", std::string(label_columns, ' '),
      context.terminal().paint(
          Style::dim,
          "0" + std::string(bar_columns - std::min(bar_columns, total.size() + 1), ' ') + total)));
  if (begin > 0) context.print(fmt::format("… {} earlier\n", counted(begin, "call")));
  for (std::size_t i = begin; i < calls.calls.size(); ++i) {
    const Call& call = calls.calls[i];
    std::string line =
        fmt::format("{}  {}  {}", pad_right(cut(label_of(call), label_columns), label_columns),
                    bar_of(call, scale, open_until).text(context.terminal()),
                    cut(note_of(call, open_until), k_note_columns));
    while (line.ends_with(' ')) line.pop_back();
    context.print(line + "\n");
  }
}

ev::Json json_of(const ports::ExecutionRef& execution, const Calls& calls) {
  const auto time = [](const std::optional<Timestamp>& value) {
    return value ? ev::Json(to_iso8601(*value)) : ev::Json();
  };
  const auto text = [](const std::string& value) {
    return value.empty() ? ev::Json() : ev::Json(value);
  };
  ev::Json list = ev::Json::array();
  for (const Call& call : calls.calls) {
    ev::Json attempts = ev::Json::array();
    for (const CallAttempt& attempt : call.attempts) {
      attempts.push_back(ev::Json::object({{"began_at", to_iso8601(attempt.began)},
                                           {"ended_at", time(attempt.ended)},
                                           {"error", text(attempt.error)}}));
    }
    list.push_back(ev::Json::object({{"seq", call.seq ? ev::Json(*call.seq) : ev::Json()},
                                     {"kind", call.kind},
                                     {"name", call.name},
                                     {"began_at", to_iso8601(call.began)},
                                     {"ended_at", time(call.ended)},
                                     {"outcome", text(call.outcome)},
                                     {"error", text(call.error)},
                                     {"attempts", std::move(attempts)}}));
  }
  return ev::Json::object({{"execution_id", execution.id()},
                           {"began_at", to_iso8601(calls.began)},
                           {"ended_at", time(calls.ended)},
                           {"outcome", text(calls.outcome)},
                           {"calls", std::move(list)}});
}

}  // namespace

Verb add_timeline(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "timeline", "Draws the calls of an execution as bars, with times and retries",
      k_group_executions, {"eventual timeline o-1", "eventual timeline o-1 --run 1 --json"});
  app->footer(app->get_footer() +
              "\n█ an attempt that runs  ░ until the next attempt  ─ waiting  ◆ something arrived");
  auto argument = std::make_shared<ExecutionArgument>();
  argument->add_to(*app);
  return {app, [argument](Context& context) {
            const auto execution = find_execution(context, *argument);
            const Calls calls = calls_of(HistoryReader(context, execution).read_new());
            if (context.json()) {
              context.print_json(json_of(execution, calls));
            } else {
              draw(context, execution, calls);
            }
            return k_exit_done;
          }};
}

}  // namespace eventual::cli
