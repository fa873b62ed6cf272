// `replay` without a debugger: the story of a history, and what is said of bad input.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "eventual/json.hpp"
#include "time_machine/process.hpp"

namespace time_machine {
namespace {

const std::string k_folder = "tests/time_machine/histories/";

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// Line numbers of source files change with every edit.
std::string without_lines(std::string text) {
  const std::string file = "orders.hpp:";
  for (std::size_t at = text.find(file); at != std::string::npos; at = text.find(file, at)) {
    at += file.size();
    const std::size_t end = text.find_first_not_of("0123456789", at);
    text.replace(at, end - at, "N");
  }
  return text;
}

/// The line of the first place in a source file that holds `code`.
std::string line_of(const std::string& path, const std::string& code) {
  const std::string text = read_text(source(path));
  const std::size_t at = text.find(code);
  EXPECT_NE(at, std::string::npos) << code;
  const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return path + ":" + std::to_string(lines + 1);
}

Outcome replay(const std::string& name, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{program(name), "replay"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command);
}

TEST(Replay, TellsTheStoryOfAHistoryTurnByTurn) {
  const Outcome outcome = replay("orders", {"--file", k_folder + "order-shipped.json", "--print"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(without_lines(outcome.out), read_text(source(k_folder + "order-shipped.story")));
  EXPECT_NE(outcome.out.find("call 2: task_scheduled shipOrder {\"id\":\"o-1\",\"card\":\"visa\","
                             "\"amount_cents\":1999}  at " +
                             line_of("examples/orders/orders.hpp", "co_await ship_order(order)")),
            std::string::npos)
      << outcome.out;
}

TEST(Replay, EndsTheStoryAtTheCallOrTheStepAskedFor) {
  const std::vector<std::string> file{"--file", k_folder + "order-shipped.json", "--print"};
  std::vector<std::string> at_call = file;
  at_call.insert(at_call.end(), {"--break-at", "1"});
  const Outcome call = replay("orders", at_call);
  EXPECT_EQ(call.exit_code, 0) << call.err;
  EXPECT_NE(call.out.find("  #4 "), std::string::npos);
  EXPECT_TRUE(call.out.ends_with("stopped here\n")) << call.out;
  EXPECT_EQ(call.out.find("  #5 "), std::string::npos);
  std::vector<std::string> at_step = file;
  at_step.insert(at_step.end(), {"--break-at", "#5"});
  const Outcome step = replay("orders", at_step);
  EXPECT_NE(step.out.find("  #5 "), std::string::npos);
  EXPECT_EQ(step.out.find("  #6 "), std::string::npos) << step.out;
  std::vector<std::string> nowhere = file;
  nowhere.insert(nowhere.end(), {"--break-at", "77"});
  EXPECT_EQ(replay("orders", nowhere).exit_code, 2);
}

TEST(Replay, ShowsBothSidesOfADifferenceWithTheLineOfTheCode) {
  const Outcome outcome = replay("time_machine_changed", {"--file", k_folder + "trip-open.json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.out.find("  code and history differ\n"
                             "    history  nothing\n"
                             "    code     call 1: task_scheduled ship \"booked t-1\"  at " +
                             line_of("tests/time_machine/service.hpp", "co_await ship(booking)")),
            std::string::npos)
      << outcome.out;
  EXPECT_TRUE(outcome.err.starts_with("DeterminismError: ")) << outcome.err;
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << "one line";

  const Outcome json =
      replay("time_machine_changed", {"--file", k_folder + "trip-open.json", "--json"});
  EXPECT_EQ(json.exit_code, 1);
  const eventual::Json report = eventual::Json::parse(json.out).value();
  EXPECT_EQ(report["agrees"], eventual::Json(false));
  EXPECT_EQ(report["error"]["name"], eventual::Json("DeterminismError"));
  EXPECT_EQ(report["error"]["attempted"]["task"], eventual::Json("ship"));
}

TEST(Replay, AnOpenExecutionEndsWithWhatItWaitsFor) {
  const Outcome outcome = replay("time_machine_service", {"--file", k_folder + "trip-open.json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("waits for signal go  at " +
                             line_of("tests/time_machine/service.hpp", "co_await go.expect()")),
            std::string::npos)
      << outcome.out;
}

TEST(Replay, ReadsTheDataFolderOfAServiceThatIsRunning) {
  const TemporaryFolder folder;
  RunningService service("time_machine_service", folder / "data");
  const std::string id = service.start("trip", "t-9", R"({"id":"t-9","price":1})");
  ASSERT_EQ(service.wait_for(id, "running"), "running");
  const Outcome outcome = replay("time_machine_service", {id, "--data", folder / "data"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("trip/t-9 run 1, running: ")) << outcome.out;
  EXPECT_EQ(replay("time_machine_service", {"trip/nobody", "--data", folder / "data"}).exit_code,
            2);
}

TEST(Replay, ReadsTheEventsOfTheOperationsApiToo) {
  const TemporaryFolder folder;
  RunningService service("time_machine_service", folder / "data");
  const std::string id = service.start("trip", "t-9", R"({"id":"t-9","price":1})");
  service.signal(id, "go", "\"now\"");
  ASSERT_EQ(service.wait_for(id, "succeeded"), "succeeded");
  const auto execution = eventual::ports::parse_execution_id(id).value();
  write_text(folder / "events.json", service.client().history(execution, {}).value().dump());
  const Outcome named =
      replay("time_machine_service", {"--file", folder / "events.json", "--execution-id", id});
  EXPECT_EQ(named.exit_code, 0) << named.err;
  const Outcome unnamed = replay("time_machine_service", {"--file", folder / "events.json"});
  EXPECT_EQ(unnamed.exit_code, 2);
  EXPECT_NE(unnamed.err.find("--execution-id"), std::string::npos) << unnamed.err;
}

struct Refusal {
  std::string what;
  std::vector<std::string> arguments;
  std::string says;
};

TEST(Replay, SaysInOneLineWhatIsWrongAndExitsWithTwo) {
  const TemporaryFolder folder;
  write_text(folder / "newer.json", R"({"format":"eventual-history","version":3})");
  write_text(folder / "text.json", "not json");
  write_text(folder / "other.json", "{}");
  std::string unknown = read_text(source(k_folder + "trip-open.json"));
  unknown.replace(unknown.find("task_succeeded"), 14, "task_exploded!");
  write_text(folder / "unknown.json", unknown);
  std::string workflow = read_text(source(k_folder + "trip-open.json"));
  workflow.replace(workflow.find("trip/t-1"), 8, "trap/t-1");
  write_text(folder / "workflow.json", workflow);
  const Refusal refusals[] = {
      {"nothing", {}, "replay takes an execution"},
      {"no file", {"--file", folder / "none.json"}, "none.json does not exist"},
      {"a newer file", {"--file", folder / "newer.json"}, "has format 3, this program reads"},
      {"no JSON", {"--file", folder / "text.json"}, "is not JSON"},
      {"another JSON", {"--file", folder / "other.json"}, "is no history"},
      {"a newer event",
       {"--file", folder / "unknown.json"},
       "/turns/1/events/0: unknown history event type 'task_exploded!'"},
      {"no such workflow",
       {"--file", folder / "workflow.json"},
       "service trips declares no workflow trap"},
      {"no data folder", {"trip/t-1", "--data", folder / "nowhere"}, "nowhere does not exist"},
      {"a bad place", {"--file", k_folder + "trip-open.json", "--break-at", "x"}, "--break-at x"},
  };
  for (const Refusal& refusal : refusals) {
    const Outcome outcome = replay("time_machine_service", refusal.arguments);
    EXPECT_EQ(outcome.exit_code, 2) << refusal.what;
    EXPECT_NE(outcome.err.find(refusal.says), std::string::npos)
        << refusal.what << ": " << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << refusal.what << ": one line";
    EXPECT_EQ(outcome.out, "") << refusal.what;
  }
}

}  // namespace
}  // namespace time_machine
