#include "cli/execution_id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace eventual::cli {
namespace {

constexpr std::uint32_t k_page = 1000;
constexpr std::size_t k_searched_max = 10'000;
constexpr std::size_t k_candidates_shown = 8;

struct Matches {
  std::vector<std::string> exact;   ///< ids with this very name
  std::vector<std::string> begins;  ///< ids that begin so, or whose name does
  bool complete = true;             ///< all executions were looked at
};

Matches search(Context& context, const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string workflow = slash == std::string::npos ? std::string() : text.substr(0, slash);
  Matches matches;
  std::set<std::string> seen;
  client::Page page{.limit = k_page};
  for (std::size_t looked = 0;;) {
    const ev::Json answer = required(context.service().list({}, {}, page));
    for (const ev::Json& one : answer["executions"].as_array()) {
      const std::string& id = one["execution_id"].as_string();
      const std::string& name = one["name"].as_string();
      if (!seen.insert(id).second) continue;
      if (slash == std::string::npos && name == text) matches.exact.push_back(id);
      if (id.starts_with(text) || (slash == std::string::npos && name.starts_with(text)) ||
          (slash != std::string::npos && one["workflow"].as_string().starts_with(workflow) &&
           name.starts_with(text.substr(slash + 1)))) {
        matches.begins.push_back(id);
      }
    }
    looked += answer["executions"].size();
    if (!answer["cursor"].is_string()) return matches;
    if (looked >= k_searched_max) {
      matches.complete = false;
      return matches;
    }
    page.cursor = answer["cursor"].as_string();
  }
}

[[noreturn]] void ambiguous(const std::string& text, std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  std::string list;
  for (std::size_t i = 0; i < std::min(ids.size(), k_candidates_shown); ++i) {
    list += fmt::format("{}  {}", i == 0 ? "" : "\n", ids[i]);
  }
  if (ids.size() > k_candidates_shown) {
    list += fmt::format("\n  … and {} more", ids.size() - k_candidates_shown);
  }
  ev::Json candidates = ev::Json::array();
  for (const std::string& id : ids) candidates.push_back(id);
  throw UsageError(
      fmt::format("\"{}\" is the beginning of {} executions; write more of one:", text, ids.size()),
      list, ev::Json::object({{"candidates", std::move(candidates)}}).dump());
}

}  // namespace

void ExecutionArgument::add_to(CLI::App& app) {
  app.add_option("execution", text,
                 "<workflow>/<name>, or the beginning of it or of the name, where it is unique")
      ->required()
      ->type_name("");
  app.add_option("--run", run, "an earlier run [the latest]")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

ports::ExecutionRef find_execution(Context& context, const ExecutionArgument& argument) {
  const std::string& text = argument.text;
  if (text.empty()) throw UsageError("the execution has no name");
  if (auto whole = ports::parse_execution_id(text); whole) {
    whole->run = argument.run;
    const auto found = context.service().describe(*whole);
    if (found) return *whole;
    if (found.error().name() != ev::error_names::k_not_found || argument.run > 0) {
      throw ev::Error(found.error());
    }
  }
  const Matches matches = search(context, text);
  const std::vector<std::string>& ids = matches.exact.empty() ? matches.begins : matches.exact;
  if (ids.size() > 1) ambiguous(text, ids);
  if (ids.empty()) {
    throw ev::Error(std::string(ev::error_names::k_not_found),
                    fmt::format("no execution is called or begins with \"{}\"{}; see eventual "
                                "executions",
                                text, matches.complete ? "" : " among the newest 10,000"));
  }
  ports::ExecutionRef execution = required(ports::parse_execution_id(ids.front()));
  execution.run = argument.run;
  return execution;
}

}  // namespace eventual::cli
