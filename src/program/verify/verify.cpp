// The verb `verify`: would this program's code take up what is recorded?
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "client/http_client.hpp"
#include "program/histories.hpp"
#include "program/verbs.hpp"
#include "program/verify/crash_report.hpp"
#include "program/verify/verification.hpp"

namespace eventual::program {
namespace {

struct Options {
  std::string url;
  std::string token;
  std::string ca_file;
  std::string data;
  std::string files;
  std::string workflow;
  std::uint64_t closed_max = 100;
  std::uint32_t jobs = 0;
  bool json = false;
};

constexpr std::uint32_t k_jobs_max = 256;

Result<std::unique_ptr<Histories>> source_of(const Options& options) {
  if (!options.url.empty())
    return histories_of_service(options.url, options.token, options.ca_file);
  if (!options.files.empty()) return histories_of_files(options.files);
  return histories_of_data(options.data);
}

int refuse(const Error& error, bool json) {
  if (client::is_unreachable(error)) return complain(error, k_exit_unreachable, json);
  const bool failed = error.name() == error_names::k_unavailable ||
                      error.name() == error_names::k_corrupt || error.name() == "Unauthorized";
  return complain(error, failed ? k_exit_failed : k_exit_usage, json);
}

std::string side(const Json& details, std::string_view name) {
  const Json* view = details.find(name);
  if (view == nullptr || view->is_null()) return "nothing";
  Json shown = *view;
  const std::string type = shown["type"].is_string() ? shown["type"].as_string() : "";
  shown.erase("type");
  shown.erase("at");
  return type + " " + shown.dump();
}

void print(const Finding& finding) {
  constexpr std::string_view k_words[] = {"BREAKS", "parked still", "cannot be read"};
  print_lines(fmt::format("{}{}{}: {}", finding.execution_id,
                          finding.run == 0 ? "" : fmt::format(" run {}", finding.run),
                          finding.status.empty() ? "" : fmt::format(" ({})", finding.status),
                          k_words[static_cast<std::size_t>(finding.kind)]));
  print_lines(fmt::format("  {}: {}", finding.error.name(), finding.error.message()));
  const auto details = Json::parse(finding.error.details_json());
  if (!details || details->find("recorded") == nullptr) return;
  if (details->find("attempted") == nullptr) return;
  print_lines("  history  " + side(*details, "recorded"));
  print_lines("  code     " + side(*details, "attempted") +
              ((*details)["location"].is_string() ? "  at " + (*details)["location"].as_string()
                                                  : std::string()));
}

void print(const Verification& result) {
  for (const Finding& finding : result.findings) print(finding);
  const auto count = [&result](Finding::Kind kind) {
    return std::count_if(result.findings.begin(), result.findings.end(),
                         [kind](const Finding& finding) { return finding.kind == kind; });
  };
  std::string replayed =
      fmt::format("{} executions replayed ({} open, {} closed), {} events in {:.2f} s",
                  result.executions, result.open, result.executions - result.open, result.events,
                  std::chrono::duration<double>(result.elapsed).count());
  if (result.undeclared > 0) {
    replayed +=
        fmt::format("; {} closed ones of workflows that are no longer declared", result.undeclared);
  }
  print_lines(replayed);
  const auto breaking = count(Finding::Kind::breaks);
  const auto parked = count(Finding::Kind::parked_still);
  const auto unreadable = count(Finding::Kind::unreadable);
  if (result.findings.empty()) {
    print_lines("the code agrees with all of them");
  } else {
    print_lines(fmt::format("{} would break, {} parked before and still, {} cannot be read",
                            breaking, parked, unreadable));
  }
}

void show_progress(std::uint64_t done, std::uint64_t of) {
  fmt::print(stderr, "\r{} of {} executions", done, of);
  std::fflush(stderr);
}

int run(const detail::Declarations& declarations, const Options& options) {
  auto histories = source_of(options);
  if (!histories) return refuse(histories.error(), options.json);
  const bool shown = !options.json && ::isatty(STDERR_FILENO) == 1;
  VerifyOptions verify_options{
      .sample = {.closed_max = options.closed_max, .workflow = options.workflow},
      .jobs = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency())};
  if (shown) verify_options.progress = &show_progress;
  report_crashes();
  const auto result = verify(declarations, **histories, verify_options);
  if (shown) fmt::print(stderr, "\r\x1b[K");
  if (!result) return refuse(result.error(), options.json);
  if (options.json) {
    fmt::print("{}\n", to_json(*result).dump());
  } else {
    print(*result);
  }
  return result->passed() ? k_exit_done : k_exit_failed;
}

}  // namespace

Verb add_verify(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "verify",
      "Replays recorded executions over this program's code, without any effect, and reports those "
      "that it would break");
  auto options = std::make_shared<Options>();
  options->data = "./.eventual";
  auto* url =
      app->add_option("--url", options->url, "executions of a running service")->type_name("URL");
  app->add_option("--token", options->token, "its admin token [EVENTUAL_ADMIN_TOKEN]")
      ->type_name("TOKEN")
      ->envname("EVENTUAL_ADMIN_TOKEN");
  app->add_option("--ca-file", options->ca_file, "certificates to trust, PEM")->type_name("FILE");
  auto* files =
      app->add_option("--files", options->files, "an exported history, or a folder of them")
          ->type_name("PATH")
          ->excludes(url);
  app->add_option("--data", options->data,
                  "a data folder, also one in use, or a backup [./.eventual]")
      ->type_name("FOLDER")
      ->envname("EVENTUAL_DATA");
  (void)files;
  app->add_option("--workflow", options->workflow, "only this one's")->type_name("NAME");
  app->add_option("--closed", options->closed_max,
                  "how many closed ones of each workflow and status, the newest [100]")
      ->type_name("N");
  app->add_option("--jobs", options->jobs, "replays at a time [the number of cores]")
      ->type_name("N")
      ->check(CLI::Range(1U, k_jobs_max));
  app->add_flag("--json", options->json, "the report as one JSON document");
  app->footer(
      "All open executions are replayed, and a sample of closed ones.\n"
      "Exit codes: 0 nothing breaks, 1 something does or cannot be read, 2 wrong usage, 3 the "
      "service cannot be reached.");
  return {app, [options](Service& service) { return run(service.declarations(), *options); }};
}

}  // namespace eventual::program
