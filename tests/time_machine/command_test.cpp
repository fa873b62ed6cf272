// `eventual replay`, `verify`, `export`, `import`, `backup` and `restore` as processes.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventual/json.hpp"
#include "time_machine/process.hpp"

namespace time_machine {
namespace {

using eventual::Json;

class Command : public testing::Test {
 protected:
  Outcome eventual(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program("eventual"));
    return run(arguments, {}, {"EVENTUAL_URL=" + service_.url(), "EVENTUAL_BINARY="});
  }
  std::string finished(const std::string& name) {
    const std::string id = service_.start("trip", name, R"({"id":")" + name + R"(","price":1})");
    service_.signal(id, "go", "\"now\"");
    EXPECT_EQ(service_.wait_for(id, "succeeded"), "succeeded");
    return id;
  }
  static Json document(RunningService& service, const std::string& id) {
    return service.client().describe(::eventual::ports::parse_execution_id(id).value()).value();
  }
  static Json result_of(RunningService& service, const std::string& id) {
    return document(service, id)["result"];
  }
  /// The kind of what it waits for, once that is a signal; after half a minute, of anything.
  static std::string waits_for(RunningService& service, const std::string& id) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      const Json waiting = document(service, id)["waiting_for"];
      const std::string kind = waiting.size() == 0 ? "" : waiting.as_array()[0]["kind"].as_string();
      if (kind == "signal" || std::chrono::steady_clock::now() > until) return kind;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  const std::string binary_ = program("time_machine_service");
  const std::string changed_ = program("time_machine_changed");
  const TemporaryFolder folder_;
  RunningService service_{"time_machine_service", folder_ / "data"};
};

TEST_F(Command, ReplayDownloadsTheHistoryAndRunsTheLocalCode) {
  finished("t-1");
  finished("t-2");
  const Outcome story = eventual({"replay", "t-1", "--binary", binary_});
  EXPECT_EQ(story.exit_code, 0) << story.err;
  EXPECT_TRUE(story.out.starts_with("trip/t-1 run 1, succeeded: ")) << story.out;
  EXPECT_TRUE(story.out.ends_with("the code agrees with the history\n")) << story.out;
  const Outcome differs = eventual({"replay", "trip/t-1", "--binary", changed_});
  EXPECT_EQ(differs.exit_code, 1);
  EXPECT_NE(differs.out.find("code and history differ"), std::string::npos) << differs.out;
  EXPECT_EQ(eventual({"replay", "t-", "--binary", binary_}).exit_code, 2) << "two begin so";
  EXPECT_EQ(eventual({"replay", "t-1"}).exit_code, 2) << "which program?";
  const Outcome silent =
      eventual({"replay", "t-1", "--binary", binary_, "--url", "http://127.0.0.1:1"});
  EXPECT_EQ(silent.exit_code, 3);
  EXPECT_NE(silent.err.find("http://127.0.0.1:1"), std::string::npos);
}

TEST_F(Command, VerifyAsksTheRunningServiceUnlessToldOtherwise) {
  finished("t-1");
  EXPECT_EQ(eventual({"verify", "--binary", binary_}).exit_code, 0);
  const Outcome json = eventual({"verify", "--binary", changed_, "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(Json::parse(json.out).value()["findings"].size(), 1U);
  EXPECT_EQ(eventual({"verify", "--binary", changed_, "--data", folder_ / "data"}).exit_code, 1);
  EXPECT_EQ(eventual({"verify", "--binary", binary_, "--url", "http://127.0.0.1:1"}).exit_code, 3);
  EXPECT_EQ(eventual({"verify", "--binary", folder_ / "nothing"}).exit_code, 2);
}

TEST_F(Command, AProgramThatIsNoServiceHasVerifiedNothing) {
  const std::string id = finished("t-1");
  for (const char* other : {"/bin/true", "/bin/echo", "/usr/bin/yes", "/tmp"}) {
    for (const std::vector<std::string>& verb :
         {std::vector<std::string>{"verify"}, std::vector<std::string>{"replay", id}}) {
      std::vector<std::string> arguments = verb;
      arguments.insert(arguments.end(), {"--binary", other});
      const Outcome outcome = eventual(arguments);
      EXPECT_EQ(outcome.exit_code, 2) << other;
      EXPECT_TRUE(outcome.err.starts_with(std::string("error: --binary ") + other)) << outcome.err;
      EXPECT_EQ(outcome.out, "");
    }
  }
}

TEST_F(Command, RefusalsAreJsonWhereItIsAskedFor) {
  const std::string id = finished("t-1");
  const std::vector<std::pair<std::vector<std::string>, int>> cases{
      {{"verify", "--binary", binary_, "--jobs", "0"}, 2},
      {{"verify", "--binary", binary_, "--data", folder_ / "none"}, 2},
      {{"verify", "--binary", binary_, "--url", "http://127.0.0.1:1"}, 3},
      {{"verify", "--binary", "/bin/true"}, 2},
      {{"replay", "--binary", binary_, "--file", "/dev/null"}, 2},
      {{"replay", "--binary", program("orders"), id}, 2},
      {{"replay", "--binary", binary_, id, "--break-at", "x"}, 2},
      {{"replay", "--binary", binary_, "--nonsense"}, 2},
      {{"replay", "--binary", binary_, "t-9"}, 1},
  };
  for (auto [arguments, exit_code] : cases) {
    arguments.emplace_back("--json");
    const Outcome outcome = eventual(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    const auto json = Json::parse(outcome.out);
    ASSERT_TRUE(json.ok()) << arguments[0] << ": " << outcome.out << outcome.err;
    EXPECT_NE(outcome.err.find((*json)["message"].as_string()), std::string::npos) << outcome.err;
  }
}

TEST_F(Command, OutputThatIsNotAllWrittenIsAFailure) {
  const std::string id = finished("t-1");
  const std::string url = " --url " + service_.url();
  for (const std::string& command :
       {program("eventual") + " export " + id + url, program("eventual") + " executions" + url,
        program("eventual") + " executions --json" + url, binary_ + " verify" + url,
        program("eventual") + " replay " + id + " --binary " + binary_ + url}) {
    const Outcome outcome = run({"/bin/sh", "-c", command + " > /dev/full"});
    EXPECT_EQ(outcome.exit_code, 1) << command;
    EXPECT_NE(outcome.err.find("standard output cannot be written"), std::string::npos)
        << command << ": " << outcome.err;
  }
}

TEST_F(Command, ExportWritesFilesThatReplayAndVerifyRead) {
  finished("t-1");
  finished("t 2");
  const Outcome one = eventual({"export", "t-1", "--output", folder_ / "one.json"});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  const Outcome replayed =
      eventual({"replay", "--file", folder_ / "one.json", "--binary", binary_});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  const Outcome printed = eventual({"export", "t-1"});
  EXPECT_EQ(Json::parse(printed.out).value()["execution_id"], Json("trip/t-1"));
  const Outcome all = eventual({"export", "--all", "--output", folder_ / "all"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "all/trip/t-1.run-1.json"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "all/trip/t%202.run-1.json"));
  EXPECT_EQ(eventual({"verify", "--binary", binary_, "--files", folder_ / "all"}).exit_code, 0);
  EXPECT_EQ(eventual({"verify", "--binary", changed_, "--files", folder_ / "all"}).exit_code, 1);
  EXPECT_EQ(eventual({"export", "nobody"}).exit_code, 1);
  EXPECT_EQ(eventual({"export"}).exit_code, 2);
}

TEST_F(Command, AHistoryOfManyPagesIsExportedWhole) {
  const std::string id = service_.start("steady", "s-1", "\"s-1\"");
  service_.signal(id, "go", "\"now\"");
  ASSERT_EQ(service_.wait_for(id, "succeeded"), "succeeded");
  std::string cursor;
  std::size_t turns = 0;
  std::size_t pages = 0;
  do {
    const Json page = service_.client()
                          .get(eventual::client::Target("/_eventual/executions/steady/s-1/export")
                                   .with("limit", std::uint64_t{1})
                                   .with("cursor", cursor)
                                   .text())
                          .value();
    turns += page["turns"].size();
    ++pages;
    cursor = page["cursor"].is_string() ? page["cursor"].as_string() : std::string();
  } while (!cursor.empty());
  EXPECT_EQ(pages, turns);
  const Json whole = service_.client().get("/_eventual/executions/steady/s-1/export").value();
  EXPECT_EQ(whole["turns"].size(), turns);
}

TEST_F(Command, ValuesThatAreStoredApartGoWhereverTheirHistoryGoes) {
  const std::string large(10'000, 'L');
  const std::string word(6'000, 'w');
  const auto start = [&](const std::string& name) {
    return service_.start("trip", name, R"({"id":")" + large + R"(","price":1})");
  };
  const auto result = [&](RunningService& service, const std::string& name) {
    return service.client().get("/_eventual/executions/trip/" + name).value()["result"];
  };
  const Json shipped("shipped booked " + large + ", " + word);
  const std::string closed = start("closed");
  service_.signal(closed, "go", Json(word).dump());
  ASSERT_EQ(service_.wait_for(closed, "succeeded"), "succeeded");
  EXPECT_EQ(result(service_, "closed"), shipped);
  const std::string open = start("open");

  const Outcome exported = eventual({"export", "--all", "--output", folder_ / "all"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  const std::vector<std::vector<std::string>> readers = {
      {"replay", "--file", folder_ / "all/trip/closed.run-1.json", "--binary", binary_},
      {"replay", "trip/closed", "--binary", binary_},
      {"verify", "--files", folder_ / "all", "--binary", binary_},
      {"verify", "--data", folder_ / "data", "--binary", binary_},
      {"verify", "--binary", binary_},
      {"backup", folder_ / "backup"},
      {"restore", folder_ / "backup", "--check"},
      {"restore", folder_ / "backup", folder_ / "new"},
      {"fork", "trip/closed", "--seq", "1", "--name", "forked"},
  };
  for (const std::vector<std::string>& reader : readers) {
    const Outcome outcome = eventual(reader);
    EXPECT_EQ(outcome.exit_code, 0) << reader.front() << ": " << outcome.err << outcome.out;
  }
  EXPECT_EQ(service_.wait_for("trip/forked", "succeeded"), "succeeded");
  EXPECT_EQ(result(service_, "forked"), shipped);

  RunningService restored("time_machine_service", folder_ / "new");
  RunningService imported("time_machine_service", folder_ / "imported");
  const Outcome import = eventual({"import", folder_ / "all", "--url", imported.url()});
  EXPECT_EQ(import.exit_code, 0) << import.err;
  for (RunningService* service : {&restored, &imported}) {
    EXPECT_EQ(result(*service, "closed"), shipped);
    service->signal(open, "go", Json(word).dump());
    EXPECT_EQ(service->wait_for(open, "succeeded"), "succeeded");
    EXPECT_EQ(result(*service, "open"), shipped);
    const Outcome verified = eventual({"verify", "--binary", binary_, "--url", service->url()});
    EXPECT_EQ(verified.exit_code, 0) << verified.err;
  }
}

TEST_F(Command, WhatArrivedForAPausedOneGoesOnWithItInAnotherService) {
  const std::string id = service_.start("trip", "t-1", R"({"id":"t-1","price":1})");
  ASSERT_EQ(waits_for(service_, id), "signal");
  ASSERT_EQ(eventual({"pause", id, "--reason", "look at it"}).exit_code, 0);
  ASSERT_EQ(eventual({"signal", id, "go", R"("first")"}).exit_code, 0);
  ASSERT_EQ(eventual({"signal", id, "go", R"("second")"}).exit_code, 0);
  ASSERT_EQ(eventual({"export", id, "--output", folder_ / "t-1.json"}).exit_code, 0);
  const std::string file = eventual({"export", id}).out;
  EXPECT_EQ(Json::parse(file).value()["kept"].size(), 2U) << file;

  std::optional<RunningService> other(std::in_place, "time_machine_service", folder_ / "other");
  const auto there = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--url", other->url()});
    return eventual(std::move(arguments));
  };
  const Outcome imported = there({"import", folder_ / "t-1.json"});
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.out, "imported trip/t-1 run 1 (paused)\n");
  EXPECT_EQ(there({"export", id}).out, file);
  other.reset();  // and over a restart
  other.emplace("time_machine_service", folder_ / "other");
  EXPECT_EQ(there({"export", id}).out, file);
  EXPECT_EQ(there({"resume", id}).exit_code, 0);
  EXPECT_EQ(other->wait_for(id, "succeeded"), "succeeded");
  EXPECT_EQ(result_of(*other, id), Json("shipped booked t-1, first"));
  EXPECT_EQ(service_.wait_for(id, "paused"), "paused") << "they stand alone";
}

TEST_F(Command, WhatArrivedForOneThatNewCodeParkedGoesOnUnderTheOldCode) {
  std::string id;
  {
    RunningService before("time_machine_service", folder_ / "deployed");
    id = before.start("trip", "t-1", R"({"id":"t-1","price":1})");
    ASSERT_EQ(waits_for(before, id), "signal");
  }
  RunningService deployed("time_machine_changed", folder_ / "deployed");
  const auto at = [&](const RunningService& service, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--url", service.url()});
    return eventual(std::move(arguments));
  };
  ASSERT_EQ(at(deployed, {"signal", id, "go", R"("first")"}).exit_code, 0);
  ASSERT_EQ(deployed.wait_for(id, "parked"), "parked");
  ASSERT_EQ(at(deployed, {"signal", id, "go", R"("second")"}).exit_code, 0);
  ASSERT_EQ(at(deployed, {"export", id, "--output", folder_ / "t-1.json"}).exit_code, 0);
  const std::string file = at(deployed, {"export", id}).out;
  EXPECT_EQ(Json::parse(file).value()["kept"].size(), 2U) << file;

  // Where it would be parked again it stays so, whatever is tried.
  RunningService changed("time_machine_changed", folder_ / "changed");
  EXPECT_EQ(at(changed, {"import", folder_ / "t-1.json"}).out,
            "imported trip/t-1 run 1 (parked)\n");
  EXPECT_EQ(at(changed, {"resume", id}).exit_code, 1);
  const Json parked = Json::parse(at(changed, {"execution", id, "--json"}).out).value();
  EXPECT_EQ(parked["status"], Json("parked"));
  EXPECT_EQ(Json::parse(at(changed, {"export", id}).out).value()["kept"].size(), 2U);

  RunningService other("time_machine_service", folder_ / "other");
  EXPECT_EQ(at(other, {"import", folder_ / "t-1.json"}).out, "imported trip/t-1 run 1 (parked)\n");
  EXPECT_EQ(at(other, {"export", id}).out, file);
  EXPECT_EQ(at(other, {"resume", id}).exit_code, 0);
  EXPECT_EQ(other.wait_for(id, "succeeded"), "succeeded");
  EXPECT_EQ(result_of(other, id), Json("shipped booked t-1, first"));
}

TEST_F(Command, ABackupIsRestoredAndServed) {
  const std::string closed = finished("t-1");
  service_.start("steady", "s-1", "\"s-1\"");
  const Outcome backup = eventual({"backup", folder_ / "backup"});
  EXPECT_EQ(backup.exit_code, 0) << backup.err;
  EXPECT_NE(backup.out.find(folder_ / "backup"), std::string::npos) << backup.out;
  EXPECT_EQ(eventual({"backup", folder_ / "backup"}).exit_code, 1) << "it exists";
  const Outcome restored = eventual({"restore", folder_ / "backup", folder_ / "new", "--json"});
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  const Json report = Json::parse(restored.out).value();
  EXPECT_EQ(report["executions"], Json(2));
  EXPECT_EQ(report["open"], Json(1));
  EXPECT_EQ(eventual({"restore", folder_ / "backup", folder_ / "new"}).exit_code, 2)
      << "it is not empty";
  EXPECT_EQ(eventual({"restore", folder_ / "none", folder_ / "other"}).exit_code, 2);
  const Outcome in_use = eventual({"restore", folder_ / "data", folder_ / "other"});
  EXPECT_EQ(in_use.exit_code, 2) << "its files change while they would be copied";
  EXPECT_NE(in_use.err.find("is in use by process "), std::string::npos) << in_use.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other"));
  EXPECT_EQ(eventual({"restore", folder_ / "backup", "--check"}).exit_code, 0);

  RunningService other("time_machine_service", folder_ / "new");
  EXPECT_EQ(other.wait_for(closed, "succeeded"), "succeeded");
  other.signal("steady/s-1", "go", "\"now\"");
  EXPECT_EQ(other.wait_for("steady/s-1", "succeeded"), "succeeded");
  EXPECT_EQ(service_.wait_for("steady/s-1", "running"), "running") << "they stand alone";
}

}  // namespace
}  // namespace time_machine
