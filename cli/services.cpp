// `eventual services`: which services answer, and how they are.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

ev::Json look_at(const Context& context, const std::string& url) {
  GlobalOptions options = context.options();
  options.url = url;
  Context other(std::move(options));
  ev::Json found = ev::Json::object({{"url", url}});
  const auto health = other.service().health();
  if (!health) {
    found.set("status", client::is_unreachable(health.error()) ? "unreachable" : "error");
    found.set("reason", health.error().message());
    return found;
  }
  found.set("status", (*health)["status"]);
  found.set("reason", text_of(*health, "reason"));
  const auto manifest = other.service().manifest();
  if (!manifest) {
    found.set("reason", manifest.error().message());
    return found;
  }
  for (const char* member : {"service", "version", "eventual_version"}) {
    found.set(member, (*manifest)[member]);
  }
  for (const char* member : {"commands", "workflows", "tasks", "schedules"}) {
    found.set(member, (*manifest)[member].size());
  }
  return found;
}

Style style_of(const std::string& status) {
  if (status == "ready") return Style::good;
  return status == "unreachable" || status == "error" ? Style::bad : Style::warn;
}

int services(Context& context, std::vector<std::string> urls) {
  if (urls.empty()) urls.push_back(context.url());
  ev::Json found = ev::Json::array();
  for (const std::string& url : urls) found.push_back(look_at(context, url));
  std::size_t reached = 0;
  Table table({{"SERVICE", false, 8},
               {"VERSION", false, 0},
               {"STATUS", false, 0},
               {"COMMANDS", true, 0},
               {"WORKFLOWS", true, 0},
               {"URL", false, 16}});
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const ev::Json& one : found.as_array()) {
    const std::string status = text_of(one, "status");
    if (status != "unreachable") ++reached;
    table.add({or_dash(text_of(one, "service")),
               or_dash(text_of(one, "version")),
               {status, style_of(status)},
               or_dash(text_of(one, "commands")),
               or_dash(text_of(one, "workflows")),
               text_of(one, "url")});
  }
  if (context.json()) {
    context.print_json(ev::Json::object({{"services", found}}));
  } else {
    context.print(table.text(context.terminal()));
    for (const ev::Json& one : found.as_array()) {
      const std::string reason = text_of(one, "reason");
      if (!reason.empty()) context.remark(fmt::format("{}: {}", text_of(one, "url"), reason));
    }
  }
  if (reached == urls.size()) return k_exit_done;
  return reached == 0 ? k_exit_unreachable : k_exit_failed;
}

}  // namespace

Verb add_services(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "services", "Shows which services answer, and how they are", k_group_service,
      {"eventual services", "eventual services localhost:9000 https://shop.example"});
  auto urls = std::make_shared<std::vector<std::string>>();
  app->add_option("urls", *urls, "their addresses [that of --url]")->type_name("");
  return {app, [urls](Context& context) { return services(context, *urls); }};
}

}  // namespace eventual::cli
