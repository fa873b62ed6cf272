#include "cli/history_reader.hpp"

#include <fmt/format.h>

#include "cli/progress.hpp"

namespace eventual::cli {
namespace {

constexpr std::uint32_t k_page = 10'000;

}  // namespace

ev::Json HistoryReader::read_new() {
  ev::Json events = ev::Json::array();
  Progress progress(context_, "reading the history");
  for (;;) {
    const ev::Json answer =
        required(context_.service().history(execution_, {.limit = k_page, .cursor = cursor_}));
    const ev::Json::Array& page = answer["events"].as_array();
    for (std::size_t i = given_of_page_; i < page.size(); ++i) events.push_back(page[i]);
    given_of_page_ = page.size();
    if (!answer["cursor"].is_string()) return events;
    cursor_ = answer["cursor"].as_string();
    given_of_page_ = 0;
    progress.tick(events.size(), 0);
  }
}

}  // namespace eventual::cli
