// Every verb as a process against a running service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <utility>

#include "cli/text.hpp"
#include "cli/verbs_fixture.hpp"
#include "gateway/gateway.hpp"
#include "model/exported_history.hpp"
#include "tests/gateway/support.hpp"

namespace eventual::cli {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(Verbs, StartSaysWhatItStartedAndWaitsWhenAskedTo) {
  EXPECT_EQ(out({"start", "hello", R"({"name":"sam"})", "--name", "h-1"}), "started hello/h-1\n");
  const Ran again = desk_.eventual({"start", "hello", R"({"name":"sam"})", "--name", "h-1"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, "hello/h-1 exists with this input (run 1)\n");
  EXPECT_EQ(out({"start", "hello", R"({"name":"sam"})", "--name", "h-1", "--wait"}),
            "\"hello sam. \"\n");
  const Ran failed = desk_.eventual({"start", "broken", "\"x\"", "--name", "b-1", "--wait"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.out, "");
  EXPECT_EQ(failed.err, "started broken/b-1\nbroken/b-1 failed: Refused: no x\n");
  const Json json = desk_.eventual({"start", "broken", "\"x\"", "--name", "b-1", "--json"}).json();
  EXPECT_EQ(json,
            Json::object({{"execution_id", "broken/b-1"}, {"run", 1}, {"already_running", true}}));
  const Ran other = desk_.eventual({"start", "hello", R"({"name":"eve"})", "--name", "h-1"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, StartsWith("error: AlreadyExists: "));
}

TEST_F(Verbs, InputComesFromTheLineAFileOrStandardInput) {
  How how;
  how.input = R"({"name":"stdin"})";
  EXPECT_EQ(desk_.eventual({"start", "hello", "-", "--wait"}, how).out, "\"hello stdin. \"\n");
  const std::string file = std::filesystem::temp_directory_path() /
                           ("eventual-cli-" + std::to_string(::getpid()) + ".json");
  std::ofstream(file) << R"({"name":"file"})";
  EXPECT_EQ(desk_.eventual({"start", "hello", "@" + file, "--wait"}).out, "\"hello file. \"\n");
  std::filesystem::remove(file);
  const Ran missing = desk_.eventual({"start", "hello", "@" + file});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.err, "error: the input: cannot read the file \"" + file + "\"\n");
}

TEST_F(Verbs, ExecutionsAreListedNewestFirst) {
  start("sleeping", "\"x\"", "s-1");
  start("broken", "\"x\"", "b-1");
  EXPECT_EQ(out({"executions"}),
            "EXECUTION     RUN  STATUS   STARTED                   TOOK\n"
            "broken/b-1      1  failed   <time>  <span>\n"
            "sleeping/s-1    1  running  <time>  -\n");
  EXPECT_THAT(out({"executions", "--status", "running"}), Not(HasSubstr("broken")));
  EXPECT_THAT(out({"executions", "--workflow", "broken"}), Not(HasSubstr("sleeping")));
  EXPECT_THAT(out({"executions", "--since", "1h"}), HasSubstr("broken/b-1"));
  EXPECT_EQ(out({"executions", "--until", "2026-01-01"}), "");
  const Json json = desk_.eventual({"executions", "--limit", "1", "--json"}).json();
  EXPECT_EQ(json["executions"].size(), 1U);
  EXPECT_EQ(json["more"], Json(true));
}

TEST_F(Verbs, ColoursAreForTerminalsThatWantThem) {
  start("sleeping", "\"x\"", "s-1");
  EXPECT_THAT(desk_.in_terminal({"executions"}).out, HasSubstr("\x1b[36mrunning\x1b[0m"));
  How how;
  how.environment["NO_COLOR"] = "1";
  EXPECT_THAT(desk_.in_terminal({"executions"}, how).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(desk_.in_terminal({"executions", "--no-color"}).out, Not(HasSubstr("\x1b")));
  how.environment = {{"TERM", "dumb"}};
  EXPECT_THAT(desk_.in_terminal({"executions"}, how).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(desk_.eventual({"executions"}).out, Not(HasSubstr("\x1b")));
}

/// Does something once, when a program has printed `text`: what comes then is no part of the list
/// with which --follow begins.
How once_printed(std::string text, std::function<void()> act) {
  How how;
  how.watch = [text = std::move(text), act = std::move(act),
               done = false](const std::string& out) mutable {
    if (done || out.find(text) == std::string::npos) return;
    done = true;
    act();
  };
  return how;
}

TEST_F(Verbs, FollowPrintsExecutionsThatBeginAndChange) {
  start("sleeping", "\"x\"", "s-1");
  How how = once_printed("sleeping/s-1", [this] {
    EXPECT_EQ(desk_.eventual({"start", "hello", R"({"name":"sam"})", "--name", "h-1"}).exit_code,
              0);
    EXPECT_EQ(desk_.eventual({"start", "sleeping", "\"x\"", "--name", "s-2"}).exit_code, 0);
    EXPECT_EQ(desk_.eventual({"terminate", "s-1"}).exit_code, 0);
  });
  how.interrupt_after = "terminated";
  const Ran ran = desk_.eventual({"executions", "--follow", "--workflow", "sleeping"}, how);
  EXPECT_EQ(ran.exit_code, -1);  // by the interrupt
  EXPECT_EQ(masked(ran.out),
            "EXECUTION                          RUN  STATUS      STARTED                   TOOK\n"
            "sleeping/s-1                         1  running     <time>  -\n"
            "sleeping/s-2                         1  running     <time>  -\n"
            "sleeping/s-1                         1  terminated  <time>  <span>\n");
  EXPECT_EQ(desk_.eventual({"executions", "--follow", "--json"}).exit_code, 2);
}

TEST_F(Verbs, FollowPrintsLinesOfTheLogAsTheyCome) {
  start("byHand", "\"x\"", "t-1");
  How how = once_printed("byHand/t-1: token", [this] {
    EXPECT_EQ(desk_.eventual({"start", "byHand", "\"x\"", "--name", "t-2"}).exit_code, 0);
  });
  how.interrupt_after = "byHand/t-2: token ";
  const Ran ran = desk_.eventual({"logs", "--follow", "--level", "info"}, how);
  EXPECT_EQ(ran.exit_code, -1);
  EXPECT_THAT(ran.out, ContainsRegex("byHand/t-1: token "));
  EXPECT_THAT(ran.out, ContainsRegex("byHand/t-2: token "));
  EXPECT_EQ(desk_.eventual({"logs", "--follow", "--json"}).exit_code, 2);
}

TEST_F(Verbs, FollowEndsWithTheExecution) {
  start("broken", "\"x\"", "b-1");
  const Ran ended = desk_.eventual({"history", "b-1", "--follow"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("execution_failed"));

  start("sleeping", "\"x\"", "s-1");
  const How how = once_printed("execution_started", [this] {
    EXPECT_EQ(desk_.eventual({"terminate", "s-1"}).exit_code, 0);
  });
  const Ran open = desk_.eventual({"history", "s-1", "--follow"}, how);
  EXPECT_EQ(open.exit_code, 1);
  EXPECT_THAT(open.out, HasSubstr("execution_terminated"));
}

TEST(Following, AServiceWithoutAStreamIsAskedAgain) {
  gateway::testing::FakeOperations operations;
  const auto times = std::make_shared<std::atomic<int>>(0);
  operations.on_list = [times](const ports::ListRequest&) {
    ports::ExecutionView view;
    view.execution = {.workflow = "order", .name = "o-1", .run = 1};
    view.status = times->fetch_add(1) == 0 ? "running" : "succeeded";
    ports::ListReply reply;
    reply.executions.push_back(std::move(view));
    return reply;
  };
  gateway::GatewayOptions options;
  options.server.listen = "127.0.0.1:0";
  const auto old = gateway::Gateway::start(options, operations, {}).value();
  How how;
  how.interrupt_after = "succeeded";
  const Ran ran = testing::run(
      EVENTUAL_BIN_DIR "/eventual",
      {"executions", "--follow", "--url", "http://127.0.0.1:" + std::to_string(old->bound_port())},
      how);
  EXPECT_EQ(ran.exit_code, -1) << ran.err;
  EXPECT_THAT(ran.out, ContainsRegex("o-1 .* running "));
}

TEST_F(Verbs, ExecutionShowsAllThatIsKnown) {
  start("broken", "\"x\"", "b-1");
  EXPECT_EQ(out({"execution", "broken/b-1"}),
            "execution  broken/b-1\n"
            "run        1\n"
            "status     failed\n"
            "started    <time> (<ago>)\n"
            "closed     <time> (<ago>)\n"
            "input      \"x\"\n"
            "error      Refused: no x\n");
  start("sleeping", "\"x\"", "s-1");
  EXPECT_THAT(out({"execution", "s-1"}),
              ContainsRegex("why +sleeping/s-1 waits for a timer, since"));
  EXPECT_EQ(desk_.eventual({"execution", "b-1", "--json"}).json()["status"], Json("failed"));
}

TEST_F(Verbs, AnExecutionIsFoundByWhatIsUnique) {
  start("sleeping", "\"x\"", "order-1");
  start("sleeping", "\"x\"", "order-12");
  start("approval", "\"x\"", "other");
  EXPECT_THAT(out({"execution", "oth"}), HasSubstr("approval/other"));
  EXPECT_THAT(out({"execution", "order-1"}), HasSubstr("sleeping/order-1\n"));  // exactly so
  EXPECT_THAT(out({"execution", "sleep/order-12"}), HasSubstr("sleeping/order-12\n"));
  const Ran many = desk_.eventual({"execution", "ord"});
  EXPECT_EQ(many.exit_code, 2);
  EXPECT_EQ(many.err,
            "error: \"ord\" is the beginning of 2 executions; write more of one:\n"
            "  sleeping/order-1\n  sleeping/order-12\n");
  const Ran none = desk_.eventual({"execution", "zzz"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_EQ(none.err,
            "error: NotFound: no execution is called or begins with \"zzz\"; see eventual "
            "executions\n");
}

TEST_F(Verbs, WhyNamesWhatWouldWakeIt) {
  start("approval", "\"x\"", "a-1");
  EXPECT_THAT(out({"why", "a-1"}),
              AllOf(StartsWith("approval/a-1 waits for the signal approve at "),
                    HasSubstr("cli_service.cpp:"),
                    HasSubstr("`eventual signal approval/a-1 approve …` wakes it.")));
  start("parent", "\"x\"", "p-1");
  EXPECT_THAT(out({"why", "parent/p-1"}), HasSubstr("waits for its child sleeping/"));
  start("waitingToRetry", "\"x\"", "r-1");
  EXPECT_THAT(out({"why", "r-1"}),
              AllOf(HasSubstr("waits for attempt 2 of 3 of the task unlucky"),
                    HasSubstr("the attempt before failed with Unlucky: no x")));
  start("byHand", "\"x\"", "t-1");
  EXPECT_THAT(out({"why", "t-1"}), HasSubstr("to complete the task byToken"));
  start("condition", "\"x\"", "c-1");
  EXPECT_THAT(out({"why", "c-1"}),
              AllOf(HasSubstr("waits for a condition at "), HasSubstr("or its time limit in")));
  EXPECT_EQ(out({"pause", "c-1", "--reason", "thinking"}), "paused condition/c-1\n");
  EXPECT_THAT(out({"why", "c-1"}),
              StartsWith("condition/c-1 is paused (thinking), since <span>; `eventual resume "
                         "condition/c-1` lets it go on"));
  const Json json = desk_.eventual({"why", "a-1", "--json"}).json();
  EXPECT_EQ(json["waiting_for"].as_array()[0]["kind"], Json("signal"));
}

TEST_F(Verbs, HistoryTellsWhatHappened) {
  start("broken", "\"x\"", "b-1");
  EXPECT_EQ(
      out({"history", "b-1", "--last", "2"}),
      "                      AT  SEQ  EVENT             WHAT\n"
      "<time>    0  task_failed       attempt=1 error={\"name\": \"Refused\", \"message\": "
      "\"no x\"}\n"
      "<time>    -  execution_failed  error={\"name\": \"Refused\", \"message\": \"no x\"}\n");
  const Json json = desk_.eventual({"history", "b-1", "--json"}).json();
  EXPECT_EQ(json["events"].as_array()[0]["type"], Json("execution_started"));
  EXPECT_THAT(desk_.in_terminal({"history", "b-1"}).out, HasSubstr("+0 ms"));
}

TEST_F(Verbs, TimelineDrawsCallsWithTheirAttempts) {
  EXPECT_EQ(out({"start", "retried", "\"x\"", "--name", "r-1", "--wait"}), "\"x\"\n");
  const std::string text = out({"timeline", "r-1"});
  EXPECT_THAT(text, StartsWith("retried/r-1  succeeded  <span>\n"));
  EXPECT_THAT(text, ContainsRegex("  0 secondTry +█.*█ +<span>, 2 attempts\n"));
  const Json json = desk_.eventual({"timeline", "r-1", "--json"}).json();
  const Json& call = json["calls"].as_array()[0];
  EXPECT_EQ(call["attempts"].size(), 2U);
  EXPECT_EQ(call["attempts"].as_array()[0]["error"], Json("Unlucky"));
  const Ran ran = desk_.in_terminal({"timeline", "r-1", "--no-color"});
  for (std::size_t at = 0; at < ran.out.size();) {
    const std::size_t end = ran.out.find('\n', at);
    EXPECT_LE(display_width(ran.out.substr(at, end - at)), 80U);
    at = end + 1;
  }
}

TEST_F(Verbs, ASignalWakesWhatWaitsForIt) {
  start("approval", "\"x\"", "a-1");
  EXPECT_EQ(out({"signal", "a-1", "approve", "\"yes\""}), "approval/a-1 has received approve\n");
  EXPECT_EQ(settled("approval/a-1")["result"], Json("yes"));
  const Ran late = desk_.eventual({"signal", "a-1", "approve", "\"no\""});
  EXPECT_EQ(late.exit_code, 1);
  EXPECT_THAT(late.err, StartsWith("error: Closed: "));
}

TEST_F(Verbs, QueriesAndUpdatesAreAnswered) {
  start("counting", "\"x\"", "c-1");
  EXPECT_EQ(out({"query", "c-1", "progress"}), "0\n");
  EXPECT_EQ(out({"update", "c-1", "add", "5", "--id", "u-1"}), "5\n");
  EXPECT_EQ(out({"update", "c-1", "add", "5", "--id", "u-1"}), "5\n");  // the recorded answer
  EXPECT_EQ(out({"query", "c-1", "progress"}), "5\n");
  const Ran refused = desk_.eventual({"update", "c-1", "add", "-5"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.err, "error: Negative: only up\n");
  EXPECT_EQ(desk_.eventual({"update", "c-1", "add", "1", "--json"}).json()["result"], Json(6));
  const Ran wrong = desk_.eventual({"update", "c-1", "add", "\"five\""});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, StartsWith("error: InvalidInput: "));
}

TEST_F(Verbs, CancelAndTerminateEndAnExecution) {
  start("sleeping", "\"x\"", "s-1");
  EXPECT_EQ(out({"cancel", "s-1"}), "asked to stop: sleeping/s-1\n");
  EXPECT_EQ(settled("sleeping/s-1")["status"], Json("cancelled"));
  start("sleeping", "\"x\"", "s-2");
  EXPECT_EQ(out({"terminate", "s-2", "--reason", "wrong one"}), "terminated sleeping/s-2\n");
  EXPECT_EQ(settled("sleeping/s-2")["status"], Json("terminated"));
  start("sleeping", "\"x\"", "s-3");
  const Ran waited = desk_.eventual({"cancel", "s-3", "--wait"});
  EXPECT_EQ(waited.exit_code, 1);
  EXPECT_THAT(waited.err, HasSubstr("sleeping/s-3 cancelled"));
}

TEST_F(Verbs, PauseResumeRetryAndForkRepair) {
  start("approval", "\"x\"", "a-1");
  EXPECT_EQ(out({"pause", "a-1"}), "paused approval/a-1\n");
  EXPECT_EQ(out({"resume", "a-1"}), "resumed approval/a-1\n");
  const Ran open = desk_.eventual({"retry", "a-1"});
  EXPECT_EQ(open.exit_code, 1);
  EXPECT_THAT(open.err, StartsWith("error: NotClosed: "));
  start("broken", "\"x\"", "b-1");
  EXPECT_EQ(out({"retry", "b-1"}), "started run 2 of broken/b-1\n");
  EXPECT_EQ(out({"fork", "broken/b-1", "--run", "1", "--seq", "0", "--name", "b-2"}),
            "started run 1 of broken/b-2\n");
  EXPECT_EQ(settled("broken/b-2")["status"], Json("failed"));
  EXPECT_EQ(desk_.eventual({"fork", "b-1"}).exit_code, 2);  // without --seq
}

TEST_F(Verbs, ImportTakesOverWhatAnotherServiceExported) {
  start("hello", R"({"name":"sam"})", "h-1");
  start("parent", "\"x\"", "p-1");  // its file comes before that of its child, which must be first
  const std::string folder = ::testing::TempDir() + "/import_" + std::to_string(::getpid());
  out({"export", "--all", "--output", folder});
  const DeskService other;
  const Ran all = other.eventual({"import", folder});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(all.out, "imported 3 histories\n");
  EXPECT_EQ(other.eventual({"export", "hello/h-1"}).out,
            desk_.eventual({"export", "hello/h-1"}).out);
  EXPECT_EQ(other.eventual({"execution", "parent/p-1", "--json"}).json()["status"],
            Json("running"));

  const Ran again = other.eventual({"import", folder + "/hello/h-1.run-1.json"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.err,
            "hello/h-1 run 1: AlreadyExists: execution hello/h-1 already exists (run 1)\n");
  EXPECT_EQ(other.eventual({"import", folder, "--skip-existing"}).out,
            "imported 0 histories, 3 were there already\n");
  const Ran named = other.eventual({"import", folder + "/hello/h-1.run-1.json", "--as", "h-2"});
  EXPECT_EQ(named.out, "imported hello/h-2 run 1 (succeeded)\n") << named.err;

  // Files that are no histories: nothing of the others is imported.
  std::ofstream(folder + "/newer.json") << R"({"format":"eventual-history","version":99})";
  const DeskService third;
  const Ran bad = third.eventual({"import", folder});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("newer.json"), HasSubstr("has format 99")));
  EXPECT_EQ(third.eventual({"executions", "--json"}).json()["executions"].size(), 0U);
  std::filesystem::remove_all(folder);
}

/// A service with three executions; `second` is what it answers for the second.
struct Listed {
  gateway::testing::FakeOperations operations;
  std::unique_ptr<gateway::Gateway> gateway;

  explicit Listed(const Error& second) {
    operations.on_list = [](const ports::ListRequest&) {
      ports::ListReply reply;
      for (const char* name : {"o-1", "o-2", "o-3"}) {
        ports::ExecutionView view;
        view.execution = {.workflow = "order", .name = name, .run = 1};
        view.status = "running";
        reply.executions.push_back(std::move(view));
      }
      return reply;
    };
    operations.on_export = [second](const ports::HistoryRequest& request) -> Result<std::string> {
      if (request.execution.name == "o-2") return second;
      model::ExportedHistory history;
      history.execution_id = "order/" + request.execution.name;
      history.turns.push_back({0, Timestamp{}, {model::ExecutionStarted{}}, {}});
      return model::write_history(history);
    };
    gateway::GatewayOptions options;
    options.server.listen = "127.0.0.1:0";
    gateway = gateway::Gateway::start(options, operations, {}).value();
  }

  Ran export_to(const std::string& folder, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{
        "export", "--all", "--output",
        folder,   "--url", "http://127.0.0.1:" + std::to_string(gateway->bound_port())};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::run(EVENTUAL_BIN_DIR "/eventual", arguments);
  }
};

TEST(Export, GoesOnAfterOneThatFailsAndTellsWhich) {
  const TemporaryFolder folder;
  const Listed listed(Error("NotAllowed", "a newer program wrote it"));
  const Ran ran = listed.export_to(folder.path());
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "order/o-2 run 1: NotAllowed: a newer program wrote it\n");
  EXPECT_EQ(ran.out, "wrote 2 histories to " + folder.path() + ", 1 could not be exported\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "order/o-1.run-1.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "order/o-2.run-1.json"));
  EXPECT_TRUE(std::filesystem::exists(folder / "order/o-3.run-1.json"));

  const Ran machine = listed.export_to(folder.path(), {"--json"});
  EXPECT_EQ(machine.exit_code, 1);
  EXPECT_EQ(machine.json()["histories"], Json(2));
  EXPECT_EQ(machine.json()["refused"].dump(),
            R"([{"execution_id":"order/o-2","run":1,"error":"NotAllowed",)"
            R"("message":"a newer program wrote it"}])");
}

TEST(Export, OneThatIsRemovedMeanwhileIsNoFailure) {
  const TemporaryFolder folder;
  const Listed listed(Error("NotFound", "it is gone"));
  const Ran ran = listed.export_to(folder.path());
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out, "wrote 2 histories to " + folder.path() + "\n");
}

TEST(Export, AFileThatCannotBeWrittenEndsItWithTheReason) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "order/o-1.run-1.json");
  const Ran ran = Listed(Error("NotFound", "")).export_to(folder.path());
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "error: Unavailable: cannot write " + (folder / "order/o-1.run-1.json") +
                         ": Is a directory\n");
  EXPECT_EQ(ran.out, "");
}

TEST_F(Verbs, ExportedNamesAreFilesWhateverTheirLength) {
  const std::string first = "long " + std::string(250, 'a') + "1";
  const std::string second = "long " + std::string(250, 'a') + "2";
  start("approval", "\"x\"", first);
  start("approval", "\"x\"", second);
  start("approval", "\"x\"", "..");
  const TemporaryFolder folder;
  EXPECT_EQ(out({"export", "--all", "--output", folder.path()}),
            "wrote 3 histories to " + folder.path() + "\n");
  const DeskService other;
  EXPECT_EQ(other.eventual({"import", folder.path()}).out, "imported 3 histories\n");
  for (const std::string& name : {first, second, std::string("..")}) {
    EXPECT_EQ(other.eventual({"export", "approval/" + name}).out,
              desk_.eventual({"export", "approval/" + name}).out);
  }
}

TEST_F(Verbs, ImportGoesOnAfterOneThatIsRefused) {
  start("hello", R"({"name":"sam"})", "h-1");
  start("approval", "\"x\"", "a-1");
  start("sleeping", "\"x\"", "s-1");
  const TemporaryFolder folder;
  out({"export", "--all", "--output", folder.path()});
  const DeskService other;
  EXPECT_EQ(other.eventual({"start", "hello", R"({"name":"pat"})", "--name", "h-1"}).exit_code, 0);
  const Ran ran = other.eventual({"import", folder.path()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, "imported 2 histories, 1 was refused\n");
  EXPECT_EQ(ran.err,
            "hello/h-1 run 1: AlreadyExists: execution hello/h-1 already exists (run 1)\n");
  const Ran again = other.eventual({"import", folder.path(), "--skip-existing", "--json"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json()["imported"].size(), 0U);
  EXPECT_EQ(again.json()["skipped"].size(), 3U);
  EXPECT_EQ(again.json()["refused"].size(), 0U);
}

TEST_F(Verbs, TasksAreCompletedByTheirToken) {
  start("byHand", "\"x\"", "t-1");
  const Json lines = desk_.eventual({"logs", "--execution", "t-1", "--json"}).json()["lines"];
  ASSERT_EQ(lines.size(), 1U);
  const std::string message = lines.as_array()[0]["message"].as_string();
  ASSERT_THAT(message, StartsWith("token "));
  const std::string token = message.substr(6);
  EXPECT_EQ(out({"tasks", "heartbeat", token, "{\"done\":1}"}), "noted\n");
  EXPECT_EQ(out({"tasks", "complete", token, "\"by hand\""}), "completed\n");
  EXPECT_EQ(settled("byHand/t-1")["result"], Json("by hand"));
  const Ran again = desk_.eventual({"tasks", "fail", token, "Late", "too late"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, StartsWith("error: Closed: "));
  EXPECT_THAT(desk_.eventual({"tasks", "complete", "forged"}).err,
              StartsWith("error: NotAllowed: "));
}

TEST_F(Verbs, SchedulesAreListedAndActedOn) {
  EXPECT_THAT(out({"schedules"}), AllOf(StartsWith("SCHEDULE"), HasSubstr("nightly"),
                                        HasSubstr("0 3 * * * UTC"), HasSubstr("active")));
  EXPECT_EQ(out({"schedules", "pause", "nightly", "--reason", "holiday"}), "paused nightly\n");
  EXPECT_THAT(out({"schedules"}), HasSubstr("paused"));
  EXPECT_EQ(out({"schedules", "resume", "nightly"}), "resumed nightly\n");
  EXPECT_THAT(out({"schedules", "trigger", "nightly"}), StartsWith("started hello/nightly-"));
  EXPECT_EQ(out({"schedules", "backfill", "nightly", "--from", "2026-01-01", "--to", "2026-01-02"}),
            "started hello/nightly-<time>\n");
  EXPECT_EQ(desk_.eventual({"schedules", "pause", "daily"}).exit_code, 1);
  EXPECT_EQ(desk_
                .eventual({"schedules", "backfill", "nightly", "--from", "2026-01-02", "--to",
                           "2026-01-01"})
                .exit_code,
            2);
  EXPECT_EQ(desk_.eventual({"schedules", "--json"}).json()["schedules"].size(), 1U);
}

TEST_F(Verbs, EventsAreEmittedAndAnIdCountsOnce) {
  EXPECT_EQ(out({"emit", "placed", "\"here\"", "--id", "e-1", "--key", "k"}), "emitted e-1\n");
  EXPECT_EQ(out({"emit", "placed", "\"here\"", "--id", "e-1"}), "known already: e-1\n");
  const Json json = desk_.eventual({"emit", "placed", "\"here\"", "--json"}).json();
  EXPECT_EQ(json["events"].as_array()[0]["duplicate"], Json(false));
  const Ran unknown = desk_.eventual({"emit", "lost", "\"here\""});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.err, "error: NotFound: event lost is not declared; see eventual manifest\n");
  const Ran wrong = desk_.eventual({"emit", "placed", "5"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, StartsWith("error: InvalidInput: "));
}

TEST_F(Verbs, DeadLettersAreListedRedrivenAndDiscarded) {
  EXPECT_EQ(desk_.eventual({"dead-letters"}).err, "no dead letters\n");
  const Ran unknown = desk_.eventual({"dead-letters", "--subscription", "mailign"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("subscription mailign is not declared; there are "));
  for (const char* id : {"e-1", "e-2"}) {
    EXPECT_EQ(desk_.eventual({"emit", "placed", "\"nowhere\"", "--id", id}).exit_code, 0);
  }
  const Json two = dead_letters(2);
  const std::string first = two.as_array()[0]["id"].as_string();
  EXPECT_EQ(out({"dead-letters", "list", "--subscription", "mailing"}),
            "DEAD LETTER  EVENT   ATTEMPTS  AT                        ERROR\n"
            "mailing/1    placed         1  <time>  NoSuchPlace: no nowhere\n"
            "mailing/2    placed         1  <time>  NoSuchPlace: no nowhere\n");
  EXPECT_THAT(desk_.in_terminal({"dead-letters"}).out, HasSubstr("\x1b[31mNoSuchPlace"));
  const Json page = desk_.eventual({"dead-letters", "--limit", "1", "--json"}).json();
  EXPECT_EQ(page["dead_letters"].size(), 1U);
  EXPECT_EQ(page["more"], Json(true));

  EXPECT_EQ(out({"dead-letters", "redrive", first}), "delivering again: 1 dead letter\n");
  dead_letters(2);  // it fails again
  const Ran some = desk_.eventual({"dead-letters", "discard", first, "mailing/77"});
  EXPECT_EQ(some.exit_code, 1);
  EXPECT_EQ(some.out, "discarded 1 dead letter\n");
  EXPECT_EQ(some.err, "there is no dead letter mailing/77\n");
  EXPECT_EQ(
      desk_.eventual({"dead-letters", "discard", "--subscription", "mailing", "--json"}).json(),
      Json::object({{"count", 1}, {"not_found", Json::array()}}));
  dead_letters(0);
  EXPECT_EQ(desk_.eventual({"dead-letters", "discard"}).exit_code, 2);
}

TEST_F(Verbs, EntitiesAreReadByKeyPartitionAndIndex) {
  EXPECT_THAT(out({"entities"}), AllOf(StartsWith("ENTITY"),
                                       ContainsRegex("notes +shelf \\| title +bySize "
                                                     "\\(shelf \\| pages\\) +What was written")));
  for (const char* note :
       {R"({"shelf":"a/b","title":"one","pages":30})", R"({"shelf":"a/b","title":"two","pages":2})",
        R"({"shelf":"c","title":"one","pages":7})"}) {
    ASSERT_EQ(desk_.eventual({"invoke", "writeNote", note}).exit_code, 0);
  }
  const Ran one = desk_.eventual({"entities", "get", "notes", "a/b", "two"});
  EXPECT_EQ(one.out, "{\"shelf\": \"a/b\", \"title\": \"two\", \"pages\": 2}\n");
  EXPECT_EQ(one.err, "version 1\n");
  EXPECT_EQ(desk_.eventual({"entities", "get", "notes", "a/b", "two", "--json"}).json()["version"],
            Json(1));
  const Ran none = desk_.eventual({"entities", "get", "notes", "a/b", "three"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, StartsWith("error: NotFound: "));

  EXPECT_EQ(out({"entities", "list", "notes", "--select", "pages"}),
            "KEY      VERSION  VALUE\n"
            "a/b one        1  {\"pages\": 30}\n"
            "a/b two        1  {\"pages\": 2}\n"
            "c one          1  {\"pages\": 7}\n");
  const auto names = [](const Json& json) {
    std::string text;
    for (const Json& item : json["items"].as_array()) text += item["value"]["title"].as_string();
    return text;
  };
  const Json page = desk_
                        .eventual({"entities", "list", "notes", "--partition", "a/b",
                                   "--descending", "--limit", "1", "--json"})
                        .json();
  EXPECT_EQ(names(page), "two");
  EXPECT_EQ(page["more"], Json(true));
  EXPECT_EQ(names(desk_
                      .eventual({"entities", "list", "notes", "--index", "bySize", "--partition",
                                 "a/b", "--json"})
                      .json()),
            "twoone");
  EXPECT_EQ(names(desk_
                      .eventual({"entities", "list", "notes", "--index", "bySize", "-p", "a/b",
                                 "--condition", R"({"at_least": [3]})", "--json"})
                      .json()),
            "one");
  EXPECT_EQ(desk_.eventual({"entities", "list", "notes", "--index", "bySize"}).exit_code, 2);
  EXPECT_EQ(desk_.eventual({"entities", "list", "lost"}).exit_code, 1);
}

TEST_F(Verbs, InvokeCallsACommandAndShowsEachBadField) {
  EXPECT_EQ(out({"invoke", "shout", R"({"name":"sam"})"}), "\"HELLO sam\"\n");
  const Ran mistyped = desk_.eventual({"invoke", "shuot", "{}"});
  EXPECT_EQ(mistyped.exit_code, 1);
  EXPECT_EQ(mistyped.err, "error: NotFound: command shuot is not declared; did you mean shout?\n");
  const Ran wrong = desk_.eventual({"invoke", "shout", R"({"name":1,"times":"x"})"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, AllOf(StartsWith("error: InvalidInput: "), HasSubstr("\n  /name: "),
                               HasSubstr("\n  /times: ")));
  EXPECT_EQ(desk_.eventual({"invoke", "shout", R"({"name":""})", "--json"}).json()["error"],
            Json("NoName"));
}

TEST_F(Verbs, TheServiceDescribesItself) {
  EXPECT_EQ(desk_.eventual({"manifest"}).json()["service"], Json("desk"));
  const std::string workflows = out({"workflows"});
  EXPECT_THAT(workflows,
              AllOf(StartsWith("WORKFLOW"), ContainsRegex("hello +\\{name, times\\} +string"),
                    HasSubstr("Greets somebody")));
  EXPECT_EQ(desk_.eventual({"workflows", "hello"}).json()["name"], Json("hello"));
  const Ran unknown = desk_.eventual({"workflows", "helo"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.err, "error: NotFound: there is no workflow \"helo\"; did you mean hello?\n");
  EXPECT_THAT(out({"services"}),
              AllOf(StartsWith("SERVICE  VERSION  STATUS  COMMANDS  WORKFLOWS  URL\n"),
                    HasSubstr("desk     1.2.3    ready")));
  const Ran some = desk_.eventual({"services", desk_.url(), "http://127.0.0.1:1"});
  EXPECT_EQ(some.exit_code, 1);
  EXPECT_THAT(some.out, HasSubstr("unreachable"));
  EXPECT_EQ(desk_.eventual({"services", "http://127.0.0.1:1"}).exit_code, 3);
}

TEST_F(Verbs, LogsAreChosenByLevelAndExecution) {
  start("byHand", "\"x\"", "t-1");
  EXPECT_THAT(out({"logs"}), ContainsRegex("<time> info  byHand/t-1: token "));
  EXPECT_EQ(out({"logs", "--level", "error"}), "");
  EXPECT_EQ(out({"logs", "--since", "2099-01-01"}), "");
}

TEST_F(Verbs, DoctorLooksAtEverything) {
  const Ran ran = desk_.eventual({"doctor", "--json", "--data", "/tmp"});
  const Json json = ran.json();
  std::string checks;
  for (const Json& one : json["checks"].as_array()) {
    checks += one["check"].as_string() + " ";
    EXPECT_THAT(one["result"].as_string(), ::testing::AnyOf("ok", "warn", "fail"));
    EXPECT_EQ(one["advice"].as_string().empty(), one["result"] == Json("ok")) << one.dump();
  }
  EXPECT_EQ(checks, "compiler packages data folder port disk sync clock limits ");
  EXPECT_EQ(ran.exit_code, json["ok"] == Json(true) ? 0 : 1);
  EXPECT_THAT(desk_.eventual({"doctor", "--data", "/tmp"}).out,
              AllOf(StartsWith("CHECK"), HasSubstr("a service answers at ")));
  const Ran bad = desk_.eventual({"doctor", "--data", "/proc/nowhere", "--json"});
  EXPECT_EQ(bad.exit_code, 1);
}

TEST_F(Verbs, CompletionKnowsVerbsOptionsAndNames) {
  start("sleeping", "\"x\"", "s-1");
  EXPECT_EQ(out({"completion", "words", "--", "exec"}), "execution\nexecutions\n");
  EXPECT_EQ(out({"completion", "words", "--", "why", ""}), "sleeping/s-1\n");
  EXPECT_EQ(out({"completion", "words", "--", "start", "hel"}), "hello\n");
  EXPECT_EQ(out({"completion", "words", "--", "executions", "--status", "pa"}), "parked\npaused\n");
  EXPECT_EQ(out({"completion", "words", "--", "schedules", "pause", "n"}), "nightly\n");
  EXPECT_THAT(out({"completion", "words", "--", "fork", "--s"}), HasSubstr("--seq\n"));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(out({"completion", shell}), HasSubstr("eventual completion words"));
  }
}

/// A shell that runs `script`, where `eventual` is this build's and finds the service.
Ran in_shell(const DeskService& desk, const std::string& shell, const std::string& script) {
  EXPECT_TRUE(std::filesystem::exists(shell)) << "scripts/setup installs " << shell;
  How how;
  how.environment = {{"PATH", EVENTUAL_BIN_DIR ":/usr/bin:/bin"},
                     {"HOME", "/nonexistent"},
                     {"EVENTUAL_URL", desk.url()}};
  return testing::run(shell, {"-c", script}, how);
}

TEST_F(Verbs, BashCompletes) {
  start("sleeping", "\"x\"", "s-1");
  const Ran ran = in_shell(desk_, "/bin/bash",
                           "source <(eventual completion bash); complete -p eventual; "
                           "COMP_WORDS=(eventual exec); COMP_CWORD=1; _eventual; "
                           "echo \"${COMPREPLY[*]}\"; "
                           "COMP_WORDS=(eventual why ''); COMP_CWORD=2; _eventual; "
                           "echo \"${COMPREPLY[*]}\"");
  EXPECT_EQ(ran.out,
            "complete -o default -F _eventual eventual\nexecution executions\nsleeping/s-1\n")
      << ran.err;
}

TEST_F(Verbs, ZshCompletes) {
  start("sleeping", "\"x\"", "s-1");
  // compadd only works within a line that is edited; here it tells what it was given.
  const Ran ran = in_shell(desk_, "/usr/bin/zsh",
                           "autoload -Uz compinit; compinit -u -D; "
                           "source <(eventual completion zsh); print $_comps[eventual]; "
                           "compadd() { print -- ${(P)2} }; "
                           "words=(eventual exec); CURRENT=2; _eventual; "
                           "words=(eventual why ''); CURRENT=3; _eventual");
  EXPECT_EQ(ran.out, "_eventual\nexecution executions\nsleeping/s-1\n") << ran.err;
}

TEST_F(Verbs, FishCompletes) {
  start("sleeping", "\"x\"", "s-1");
  const Ran ran = in_shell(desk_, "/usr/bin/fish",
                           "eventual completion fish | source; "
                           "complete -C 'eventual exec'; complete -C 'eventual why '");
  EXPECT_EQ(ran.out, "execution\nexecutions\nsleeping/s-1\n") << ran.err;
}

TEST_F(Verbs, AForkWithoutANameGetsOne) {
  start("broken", "\"x\"", "b-1");
  const Json made = desk_.eventual({"fork", "b-1", "--seq", "0", "--json"}).json();
  const std::string id = made["execution_id"].as_string();
  EXPECT_THAT(id, StartsWith("broken/"));
  EXPECT_NE(id, "broken/b-1");
  EXPECT_EQ(settled(id)["status"], Json("failed"));
}

TEST_F(Verbs, AnUnknownCommandIsToldFromOneThatFoundNothing) {
  EXPECT_EQ(desk_.eventual({"invoke", "shuot", "{}"}).err,
            "error: NotFound: command shuot is not declared; did you mean shout?\n");
  EXPECT_EQ(desk_.eventual({"invoke", "whisper", "{}"}).err,
            "error: NotFound: command whisper is not declared; see eventual manifest\n");
  const Ran ran = desk_.eventual({"invoke", "lookUp", "\"x\""});
  EXPECT_EQ(ran.err, "error: NotFound: no x here\n");
  EXPECT_EQ(ran.exit_code, 1);
}

TEST_F(Verbs, WrongUsageIsADocumentTooWhereJsonIsAskedFor) {
  start("approval", "\"x\"", "a-1");
  start("approval", "\"x\"", "a-2");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"strat", "--json"},
                                             {"start", "--json"},
                                             {"--json", "executions", "--status", "lost"}}) {
    const Ran ran = desk_.eventual(arguments);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_EQ(ran.json()["error"], Json("InvalidInput"));
    EXPECT_EQ(ran.err, "error: " + ran.json()["message"].as_string() + "\n");
  }
  const Json ambiguous = desk_.eventual({"execution", "a", "--json"}).json();
  EXPECT_EQ(ambiguous["details"]["candidates"].dump(), R"(["approval/a-1","approval/a-2"])");
  const TemporaryFolder folder;
  const Json written =
      desk_.eventual({"export", "a-1", "--output", folder / "a.json", "--json"}).json();
  EXPECT_EQ(written["file"], Json(folder / "a.json"));
  EXPECT_EQ(written["execution_id"], Json("approval/a-1"));
}

TEST_F(Verbs, JsonIsOneDocumentAlsoWhenItFails) {
  const Ran ran = desk_.eventual({"execution", "no/such", "--json"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.json()["error"], Json("NotFound"));
}

TEST_F(Verbs, OpenapiGivesTheDocumentOrTypesOfTheServiceOrOfAProgram) {
  EXPECT_EQ(desk_.eventual({"openapi"}).json()["openapi"], Json("3.1.0"));
  const std::string types = out({"openapi", "--types"});
  EXPECT_THAT(types, HasSubstr("\nexport interface Desk {\n  commands: {\n"));
  const std::string binary = EVENTUAL_BIN_DIR "/cli_service";
  EXPECT_EQ(out({"openapi", "--types", "--binary", binary}), types);
  const Ran document = desk_.eventual({"openapi", "--binary", binary});
  EXPECT_EQ(document.json(), desk_.eventual({"openapi"}).json());
  const Ran missing = desk_.eventual({"openapi", "--binary", "/no/such/program"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.err, "error: --binary /no/such/program: No such file or directory\n");
}

TEST(Reference, ThePageOfAllVerbsIsWhatTheyPrint) {
  const Ran ran = testing::run(EVENTUAL_SOURCE_DIR "/scripts/cli-reference",
                               {"--check", EVENTUAL_BIN_DIR "/eventual"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
}

TEST_F(Verbs, HelpOfEachVerbHasExamples) {
  const std::string help = out({"--help"});
  std::size_t verbs = 0;
  for (const char* verb : k_verbs) {
    EXPECT_THAT(help, ContainsRegex(std::string("\n  ") + verb + "(, local)? +[A-Z]")) << verb;
    EXPECT_THAT(out({verb, "--help"}), ContainsRegex("Examples:\n  [^\n]*eventual ")) << verb;
    ++verbs;
  }
  std::size_t listed = 0;  // a verb that the list lacks would be tried by no test
  for (const std::string& line : lines_of(help)) {
    const bool names_verb = line.starts_with("  ") && line.size() > 2 && line[2] >= 'a' &&
                            line[2] <= 'z' && !line.starts_with("  eventual ");
    if (names_verb) ++listed;
  }
  EXPECT_EQ(listed, verbs);
}

TEST(Usage, IsOneLineAndExitsWith2) {
  const auto ran = [](const std::vector<std::string>& arguments) {
    return testing::run(EVENTUAL_BIN_DIR "/eventual", arguments);
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"strat"}, "error: there is no verb \"strat\"; did you mean start? (see eventual --help)\n"},
      {{"start"}, "error: workflow is required (see eventual start --help)\n"},
      {{"executions", "--since", "soon"},
       "error: --since: \"soon\" is no time; write 2h (ago), yesterday, 2026-01-31, "
       "2026-01-31T12:00:00Z or with +02:00\n"},
      {{"start", "w", "--timeout", "5"},
       "error: --timeout: \"5\" is no duration; write 500ms, 90s, 15m, 2h, 1d12h\n"},
      {{"manifest", "--url", "ftp://x"},
       "error: \"ftp://x\" is no address of a service: only http and https are spoken; write "
       "http://host:port\n"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Ran result = ran(arguments);
    EXPECT_EQ(result.exit_code, 2) << expected;
    EXPECT_EQ(result.err, expected);
    EXPECT_EQ(result.out, "");
  }
  const Ran text = ran({"start", "w", "sam"});
  EXPECT_EQ(text.exit_code, 2);
  EXPECT_THAT(text.err, HasSubstr("text is written with its quotes: '\"sam\"'\n"));
  EXPECT_EQ(ran({"executions", "--status", "lost"}).exit_code, 2);
  EXPECT_EQ(ran({"executions", "--limit", "0"}).exit_code, 2);
  EXPECT_EQ(ran({"export", "o-1", "--status", "failed"}).exit_code, 2);
  EXPECT_EQ(ran({"export", "--all", "--status", "lost", "--output", "x"}).exit_code, 2);
  EXPECT_EQ(ran({"export", "--all", "--run", "2", "--output", "x"}).exit_code, 2);
  EXPECT_EQ(ran({}).exit_code, 2);
}

TEST(Usage, AServiceThatDoesNotAnswerIsExit3WithTheAddressTried) {
  const Ran ran = testing::run(EVENTUAL_BIN_DIR "/eventual",
                               {"executions", "--url", "http://127.0.0.1:1", "--json"});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_EQ(ran.json()["details"]["address"], Json("http://127.0.0.1:1"));
  EXPECT_EQ(ran.err,
            "error: cannot reach http://127.0.0.1:1: connection refused\n"
            "start the service, or name its address with --url or EVENTUAL_URL (tried "
            "http://127.0.0.1:1)\n");
}

TEST(Usage, TheTokenIsGivenByFlagOrVariable) {
  const DeskService desk("secret");
  const Ran without = desk.eventual({"executions"});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_EQ(without.err,
            "error: Unauthorized: this endpoint needs the admin token\n"
            "give the admin token with --token or EVENTUAL_ADMIN_TOKEN\n");
  EXPECT_EQ(desk.eventual({"executions", "--token", "secret"}).exit_code, 0);
  How how;
  how.environment["EVENTUAL_ADMIN_TOKEN"] = "secret";
  EXPECT_EQ(desk.eventual({"executions"}, how).exit_code, 0);
  EXPECT_EQ(desk.eventual({"logs"}).exit_code, 1);
}

}  // namespace
}  // namespace eventual::cli
