#include "cli/refusals.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"
#include "client/http_client.hpp"

namespace eventual::cli {

bool concerns_all(const ev::Error& error) {
  return client::is_unreachable(error) || error.name() == "Unauthorized" ||
         error.name() == "Forbidden";
}

void Refusals::add(const std::string& execution_id, std::uint64_t run, const ev::Error& error) {
  entries_.push_back(ev::Json::object({{"execution_id", execution_id},
                                       {"run", run},
                                       {"error", error.name()},
                                       {"message", error.message()}}));
}

ev::Json Refusals::json() const {
  ev::Json list = ev::Json::array();
  for (const ev::Json& entry : entries_) list.push_back(entry);
  return list;
}

void Refusals::tell(const Context& context) const {
  for (const ev::Json& one : entries_) {
    context.remark(fmt::format("{} run {}: {}: {}", one_line(one["execution_id"].as_string()),
                               one["run"].as_uint64(), one["error"].as_string(),
                               one_line(one["message"].as_string())));
  }
}

}  // namespace eventual::cli
