#include "client/histories.hpp"

#include <iterator>
#include <utility>

namespace eventual::client {
namespace {

constexpr std::uint64_t k_page_events = 10'000;
constexpr int k_tries_max = 5;  // of an execution that is resumed while it is read

}  // namespace

Result<model::ExportedHistory> download_history(OperationsClient& client,
                                                const ports::ExecutionRef& execution) {
  ports::ExecutionRef run = execution;
  model::ExportedHistory whole;
  int refused = 0;
  for (;;) {
    const Target target = Target(execution_target(run, "/export"))
                              .with("limit", k_page_events)
                              .with("cursor", whole.cursor);
    auto answer = client.http().send({.method = http::Method::get, .target = target.text()});
    if (!answer) return answer.error();
    if (answer->status >= 400) {
      Error error = error_of(*answer);
      if (error.name() == error_names::k_unavailable && ++refused < k_tries_max) continue;
      return error;
    }
    auto page = model::read_history(answer->body);
    if (!page) return page.error();
    if (whole.turns.empty()) {
      run.run = page->run;  // a later run may begin while the pages are read
      whole = std::move(*page);
    } else {
      whole.turns.insert(whole.turns.end(), std::make_move_iterator(page->turns.begin()),
                         std::make_move_iterator(page->turns.end()));
      whole.status = page->status;
      whole.cursor = page->cursor;
      whole.kept = std::move(page->kept);
    }
    if (whole.cursor.empty()) break;
  }
  if (auto checked = model::check_history(whole); !checked) return checked.error();
  return whole;
}

}  // namespace eventual::client
