#include "cli/dev/agreement.hpp"

#include <fmt/format.h>

#include <utility>

#include "cli/text.hpp"

namespace eventual::cli {

void tell_difference(Printer& printer, std::string_view when, const std::string& execution_id,
                     const std::string& message) {
  printer.say(fmt::format("{}: {}: {}", when, execution_id, one_line(message)), Style::warn);
  printer.say(
      "  nothing of it is lost. Make these calls again and save, and it goes on; or keep them for");
  printer.say(fmt::format("  old executions with ev::version; or end it: eventual terminate {}",
                          execution_id));
}

void Agreement::begin(const std::string& program, const std::string& folder,
                      const std::string& url) {
  report_.clear();
  verifier_.reset();
  ChildOptions options;
  options.command = {program, "verify", "--url", url, "--closed", "0", "--json"};
  options.folder = folder;
  if (auto started = ChildProcess::start(options); started) verifier_.emplace(std::move(*started));
}

void Agreement::look() {
  if (!verifier_) return;
  verifier_->read_output(report_);
  if (!verifier_->ended()) return;
  (void)verifier_->wait(report_);
  verifier_.reset();
  // A program that cannot verify prints no document; what it parks is told when it is parked.
  const auto report = Json::parse(report_);
  if (!report || !(*report)["findings"].is_array()) return;
  for (const Json& finding : (*report)["findings"].as_array()) {
    if (text_of(finding, "kind") != "breaks") continue;
    tell_difference(printer_, "will be parked when it goes on", text_of(finding, "execution_id"),
                    text_of(finding["error"], "message"));
  }
}

}  // namespace eventual::cli
