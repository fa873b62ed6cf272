#include "gateway/mcp/resources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "eventual/time.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::mcp {
namespace {

constexpr std::string_view k_scheme = "eventual://";
constexpr std::string_view k_json_type = "application/json";

constexpr std::string_view k_manifest =
    R"({"uri":"eventual://manifest","name":"manifest","title":"What the service declares",)"
    R"("description":"Commands, workflows, signals, events and the rest, with their JSON Schemas",)"
    R"("mimeType":"application/json"})";

constexpr std::string_view k_templates =
    R"({"resourceTemplates":[)"
    R"({"uriTemplate":"eventual://executions/{workflow}/{name}{?run}","name":"execution",)"
    R"("title":"An execution of a workflow",)"
    R"("description":"Its status, input, result or error, and what it waits for. Without run: the latest.",)"
    R"("mimeType":"application/json"},)"
    R"({"uriTemplate":"eventual://executions/{workflow}/{name}/history{?run,limit,cursor}","name":"history",)"
    R"("title":"The history of an execution",)"
    R"("description":"What happened in it, event by event. A page ends with the cursor of the next.",)"
    R"("mimeType":"application/json"}]})";

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_printable(std::string_view uri) {
  return std::all_of(uri.begin(), uri.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '#';
  });
}

}  // namespace

std::optional<std::string> target_of_resource(std::string_view uri) {
  if (!uri.starts_with(k_scheme) || !is_printable(uri)) return std::nullopt;
  uri.remove_prefix(k_scheme.size());
  const std::size_t mark = uri.find('?');
  const std::string_view path = uri.substr(0, mark);
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : uri.substr(mark + 1);
  if (path == "manifest") {
    if (!query.empty()) return std::nullopt;
    return "/_eventual/manifest";
  }
  const auto segments = segments_of(path);
  const bool is_history = segments.size() == 4 && segments[3] == "history";
  if (segments[0] != "executions" || (segments.size() != 3 && !is_history)) return std::nullopt;
  if (std::any_of(segments.begin(), segments.end(), [](auto part) { return part.empty(); }))
    return std::nullopt;
  std::string target = fmt::format("/_eventual/{}?{}", path, query);
  // The first of two counts.
  if (is_history) target += fmt::format("&limit={}", k_resource_history_page);
  return target;
}

std::string resources_json(const ports::ListReply& executions, bool is_first) {
  std::string resources = "[";
  if (is_first) resources += k_manifest;
  for (const ports::ExecutionView& view : executions.executions) {
    const ports::ExecutionRef& execution = view.execution;
    if (resources.size() > 1) resources += ',';
    resources += ObjectWriter()
                     .text("uri", fmt::format("{}executions/{}/{}?run={}", k_scheme,
                                              percent_encode(execution.workflow),
                                              percent_encode(execution.name), execution.run))
                     .text("name", execution.id())
                     .text("description",
                           fmt::format("{}, started {}", view.status, to_iso8601(view.started_at)))
                     .text("mimeType", k_json_type)
                     .finish();
  }
  ObjectWriter result;
  result.raw("resources", resources + "]");
  if (!executions.cursor.empty()) result.text("nextCursor", executions.cursor);
  return result.finish();
}

std::string_view resource_templates_json() { return k_templates; }

std::string resource_json(std::string_view uri, std::string_view text) {
  return ObjectWriter()
      .raw("contents", "[" +
                           ObjectWriter()
                               .text("uri", uri)
                               .text("mimeType", k_json_type)
                               .text("text", text)
                               .finish() +
                           "]")
      .finish();
}

}  // namespace eventual::gateway::mcp
