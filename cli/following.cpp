#include "cli/following.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cli/progress.hpp"
#include "cli/text.hpp"

namespace eventual::cli {
namespace {

constexpr ev::Duration k_poll{60'000};  // the longest that the server takes

bool is_open(std::string_view status) {
  return status == "running" || status == "parked" || status == "paused";
}

}  // namespace

int wait_for_end(Context& context, const ports::ExecutionRef& execution) {
  Progress progress(context, fmt::format("waiting for {}", execution.id()));
  ev::Json answer;
  do {
    answer = required(
        context.service().result(execution, progress.shown() ? ev::Duration(1000) : k_poll));
    progress.tick(text_of(answer, "status"));
  } while (answer["result"].is_null() && answer["error"].is_null() &&
           is_open(text_of(answer, "status")));
  progress.finish();
  const bool succeeded = answer["status"] == ev::Json("succeeded");
  if (context.json()) {
    context.print_json(answer);
  } else if (succeeded) {
    context.print(pretty(answer["result"]) + "\n");
  } else {
    const ev::Json& error = answer["error"];
    context.remark(fmt::format("{} {}{}", execution.id(), text_of(answer, "status"),
                               error.is_null() ? std::string()
                                               : fmt::format(": {}: {}", text_of(error, "name"),
                                                             one_line(text_of(error, "message")))));
  }
  return succeeded ? k_exit_done : k_exit_failed;
}

}  // namespace eventual::cli
