// `eventual doctor`: checks what a service needs on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "cli/doctor_checks.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

int doctor(Context& context, const std::string& data) {
  const std::vector<std::function<Finding()>> checks{
      [] { return check_compiler(); },         [] { return check_packages(); },
      [&] { return check_data_folder(data); }, [&] { return check_port(context); },
      [&] { return check_disk_sync(data); },   [] { return check_clock(); },
      [] { return check_limits(); },
  };
  std::vector<Finding> findings;
  {
    Progress progress(context, "looking");
    for (const auto& check : checks) {
      progress.tick(findings.size(), checks.size());
      findings.push_back(check());
    }
  }
  const bool failed = std::any_of(findings.begin(), findings.end(),
                                  [](const Finding& finding) { return finding.result == "fail"; });
  if (context.json()) {
    ev::Json list = ev::Json::array();
    for (const Finding& finding : findings) {
      list.push_back(ev::Json::object({{"check", finding.check},
                                       {"result", finding.result},
                                       {"what", finding.what},
                                       {"advice", finding.advice}}));
    }
    context.print_json(ev::Json::object({{"checks", std::move(list)}, {"ok", !failed}}));
    return failed ? k_exit_failed : k_exit_done;
  }
  Table table({{"CHECK", false, 0}, {"RESULT", false, 0}, {"WHAT", false, 20}});
  for (const Finding& finding : findings) {
    table.add({finding.check, {finding.result, style_of_status(finding.result)}, finding.what});
  }
  context.print(table.text(context.terminal()));
  for (const Finding& finding : findings) {
    if (finding.advice.empty()) continue;
    context.say(fmt::format("{}: {}", finding.check, finding.advice));
  }
  return failed ? k_exit_failed : k_exit_done;
}

}  // namespace

Verb add_doctor(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "doctor", "Checks what a service needs on this machine", k_group_tools,
               {"eventual doctor", "eventual doctor --data /var/lib/orders"});
  auto data = std::make_shared<std::string>("./.eventual");
  app->add_option("--data", *data, "the service's data folder [./.eventual]")->type_name("DIR");
  return {app, [data](Context& context) { return doctor(context, *data); }};
}

}  // namespace eventual::cli
