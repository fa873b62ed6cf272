#include "cli/following.hpp"

#include <fmt/format.h>

#include "cli/progress.hpp"
#include "cli/stream.hpp"
#include "cli/text.hpp"

namespace eventual::cli {
namespace {

constexpr ev::Duration k_wait_max{60'000};  // the longest that the server takes
constexpr ev::Duration k_look_interval{1'000};

bool is_open(std::string_view status) {
  return status == "running" || status == "parked" || status == "paused";
}

}  // namespace

int wait_for_end(Context& context, const ports::ExecutionRef& execution) {
  Progress progress(context, fmt::format("waiting for {}", execution.id()));
  const ev::Duration wait = progress.shown() ? k_look_interval : k_wait_max;
  ev::Json answer;
  do {
    progress.tick(answer.is_null() ? "asking" : text_of(answer, "status"));
    answer = required(context.service().result(execution, wait));
  } while (is_open(text_of(answer, "status")));
  progress.finish();
  const bool succeeded = text_of(answer, "status") == "succeeded";
  if (context.json()) {
    context.print_json(answer);
  } else if (succeeded) {
    context.print(pretty(answer["result"]) + "\n");
  } else {
    const ev::Json& error = answer["error"];
    const std::string reason = error.is_null() ? std::string()
                                               : fmt::format(": {}: {}", text_of(error, "name"),
                                                             one_line(text_of(error, "message")));
    context.remark(fmt::format("{} {}{}", execution.id(), text_of(answer, "status"), reason));
  }
  return succeeded ? k_exit_done : k_exit_failed;
}

int follow_to_end(Context& context, const ports::ExecutionRef& execution,
                  const std::function<void()>& look) {
  std::string status;
  // The status is asked for first, so that the last look sees all that there will be.
  const auto look_once = [&](ev::Duration wait) {
    status = text_of(required(context.service().result(execution, wait)), "status");
    look();
    return is_open(status);
  };
  const std::string target = client::Target("/_eventual/stream")
                                 .with("kinds", "executions,history")
                                 .with("execution_id", execution.id())
                                 .text();
  const Listener listener{
      .look = [&] { return look_once(ev::Duration(0)); },
      .take =
          [&](std::string_view event, const ev::Json&) {
            if (event == "execution") return look_once(ev::Duration(0));
            if (event == "history") look();
            return true;
          },
  };
  if (!listen(context, target, listener)) {
    while (look_once(k_look_interval)) {
    }
  }
  return status == "succeeded" ? k_exit_done : k_exit_failed;
}

}  // namespace eventual::cli
