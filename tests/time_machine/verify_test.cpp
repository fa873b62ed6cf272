// `verify`: what a new program would break is found before it is deployed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "eventual/json.hpp"
#include "time_machine/process.hpp"

namespace time_machine {
namespace {

using eventual::Json;

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Outcome verify(const std::string& name, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{program(name), "verify"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command);
}

/// One of each: closed and open trips, and others that no change concerns.
class Verify : public testing::Test {
 protected:
  void fill(RunningService& service) {
    for (const char* name : {"t-1", "t-2", "t-3"})
      service.start("trip", name, std::string(R"({"id":")") + name + R"(","price":1})");
    service.start("steady", "s-1", "\"s-1\"");
    service.start("steady", "s-2", "\"s-2\"");
    service.start("retired", "r-1", "\"r-1\"");
    service.start("retired", "r-2", "\"r-2\"");
    for (const char* id : {"trip/t-1", "steady/s-1", "retired/r-1"}) {
      service.signal(id, "go", "\"now\"");
      ASSERT_EQ(service.wait_for(id, "succeeded"), "succeeded");
    }
    // The open ones have come to where they wait.
    for (const char* id : {"trip/t-2", "trip/t-3"}) {
      const auto execution = eventual::ports::parse_execution_id(id).value();
      ASSERT_TRUE(eventually_waits_for_signal(service, execution)) << id;
    }
  }

  static bool eventually_waits_for_signal(RunningService& service,
                                          const eventual::ports::ExecutionRef& execution) {
    for (int i = 0; i < 3000; ++i) {
      const Json view = service.client().describe(execution).value();
      for (const Json& waiting : view["waiting_for"].as_array()) {
        if (waiting["kind"] == Json("signal")) return true;
      }
    }
    return false;
  }

  const TemporaryFolder folder_;
};

void expect_agreement(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  const Json report = Json::parse(outcome.out).value();
  EXPECT_EQ(report["passed"], Json(true));
  EXPECT_EQ(report["executions"], Json(7));
  EXPECT_EQ(report["open"], Json(4));
  EXPECT_EQ(report["findings"].size(), 0U);
}

/// The changed program breaks the three trips, and the open one whose workflow it does not declare.
void expect_breaks(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out << outcome.err;
  const Json report = Json::parse(outcome.out).value();
  EXPECT_EQ(report["passed"], Json(false));
  EXPECT_EQ(report["undeclared"], Json(1));
  std::vector<std::string> ids;
  for (const Json& finding : report["findings"].as_array()) {
    ids.push_back(finding["execution_id"].as_string());
    EXPECT_EQ(finding["kind"], Json("breaks"));
    if (finding["execution_id"].as_string().starts_with("trip/")) {
      EXPECT_EQ(finding["error"]["name"], Json("DeterminismError"));
      EXPECT_EQ(finding["error"]["details"]["attempted"]["task"], Json("ship"));
    }
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"retired/r-2", "trip/t-1", "trip/t-2", "trip/t-3"}));
}

TEST_F(Verify, FindsAPlantedChangeAndPassesTheUnchangedCodeWhileTheServiceRuns) {
  RunningService service("time_machine_service", folder_ / "data");
  fill(service);
  expect_agreement(verify("time_machine_service", {"--url", service.url(), "--json"}));
  expect_breaks(verify("time_machine_changed", {"--url", service.url(), "--json"}));
  // The same of its data folder, which it goes on using, and of a backup.
  expect_agreement(verify("time_machine_service", {"--data", folder_ / "data", "--json"}));
  expect_breaks(
      verify("time_machine_changed", {"--data", folder_ / "data", "--json", "--jobs", "3"}));
  const std::string body = Json::object({{"folder", folder_ / "backup"}}).dump();
  ASSERT_TRUE(service.client().post("/_eventual/backup", body).ok());
  expect_breaks(verify("time_machine_changed", {"--data", folder_ / "backup", "--json"}));
  expect_agreement(verify("time_machine_service", {"--data", folder_ / "backup", "--json"}));
  EXPECT_EQ(service.client().health().value()["status"], Json("ready"));
}

TEST_F(Verify, TellsPeopleWhatWouldBreakWithBothSides) {
  const Outcome outcome =
      verify("time_machine_changed", {"--files", "tests/time_machine/histories/trip-open.json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.out.starts_with("trip/t-1 run 1 (running): BREAKS\n  DeterminismError: "))
      << outcome.out;
  EXPECT_NE(outcome.out.find("  history  nothing\n  code     task_scheduled {\"seq\":1,"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("1 would break, 0 parked before and still, 0 cannot be read"),
            std::string::npos)
      << outcome.out;
}

TEST_F(Verify, SamplesClosedOnesAndReplaysAllOpenOnes) {
  RunningService service("time_machine_service", folder_ / "data");
  for (int i = 0; i < 5; ++i) {
    const std::string name = "s-" + std::to_string(i);
    const std::string id = service.start("steady", name, "\"" + name + "\"");
    service.signal(id, "go", "\"now\"");
    ASSERT_EQ(service.wait_for(id, "succeeded"), "succeeded");
    service.start("steady", "open-" + std::to_string(i), "\"x\"");
  }
  for (const auto& source : {std::pair<std::string, std::string>("--url", service.url()),
                             std::pair<std::string, std::string>("--data", folder_ / "data")}) {
    const Outcome outcome =
        verify("time_machine_service", {source.first, source.second, "--closed", "2", "--json"});
    const Json report = Json::parse(outcome.out).value();
    EXPECT_EQ(report["executions"], Json(7)) << source.first;
    EXPECT_EQ(report["open"], Json(5)) << source.first;
  }
}

TEST_F(Verify, WhatIsParkedAlreadyIsNoReasonToHoldTheNewProgramBack) {
  {
    RunningService service("time_machine_service", folder_ / "data");
    service.start("trip", "t-1", R"({"id":"t-1","price":1})");
    ASSERT_TRUE(eventually_waits_for_signal(
        service, eventual::ports::parse_execution_id("trip/t-1").value()));
  }
  RunningService changed("time_machine_changed", folder_ / "data");
  changed.signal("trip/t-1", "go", "\"now\"");
  ASSERT_EQ(changed.wait_for("trip/t-1", "parked"), "parked");
  const Outcome still = verify("time_machine_changed", {"--url", changed.url(), "--json"});
  EXPECT_EQ(still.exit_code, 0) << still.out << still.err;
  EXPECT_EQ(Json::parse(still.out).value()["findings"].as_array().at(0)["kind"],
            Json("parked_still"));
  const Outcome repaired = verify("time_machine_service", {"--url", changed.url(), "--json"});
  EXPECT_EQ(repaired.exit_code, 0);
  EXPECT_EQ(Json::parse(repaired.out).value()["findings"].size(), 0U) << repaired.out;
}

TEST_F(Verify, NamesTheExecutionOverWhoseHistoryTheNewCodeCrashes) {
  std::string text = read_text(source("tests/time_machine/histories/trip-open.json"));
  for (std::size_t at = text.find("\"price\":5"); at != std::string::npos;
       at = text.find("\"price\":5"))
    text.replace(at, 9, "\"price\":-5");
  std::ofstream(folder_ / "crashing.json") << text;
  const Outcome outcome =
      verify("time_machine_changed", {"--files", folder_ / "crashing.json", "--json"});
  EXPECT_EQ(outcome.exit_code, -1) << "by the signal";
  EXPECT_NE(outcome.err.find("crashed while it was replayed over the history of trip/t-1\n"),
            std::string::npos)
      << outcome.err;
}

TEST_F(Verify, SaysWhatItCannotReadAndWhichServiceDoesNotAnswer) {
  const Outcome unreachable = verify("time_machine_service", {"--url", "http://127.0.0.1:1"});
  EXPECT_EQ(unreachable.exit_code, 3);
  EXPECT_NE(unreachable.err.find("http://127.0.0.1:1"), std::string::npos) << unreachable.err;
  EXPECT_EQ(verify("time_machine_service", {"--url", "ftp://x"}).exit_code, 2);
  EXPECT_EQ(verify("time_machine_service", {"--data", folder_ / "none"}).exit_code, 2);
  EXPECT_EQ(verify("time_machine_service", {"--files", folder_.path()}).exit_code, 2);
  std::filesystem::create_directory(folder_ / "files");
  std::filesystem::copy_file(source("tests/time_machine/histories/trip-open.json"),
                             folder_ / "files/a.json");
  std::filesystem::copy_file(source("tests/time_machine/histories/order-shipped.story"),
                             folder_ / "files/b.json");
  const Outcome outcome = verify("time_machine_service", {"--files", folder_ / "files", "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  const Json report = Json::parse(outcome.out).value();
  EXPECT_EQ(report["executions"], Json(1));
  EXPECT_EQ(report["findings"].as_array().at(0)["kind"], Json("unreadable"));
}

}  // namespace
}  // namespace time_machine
