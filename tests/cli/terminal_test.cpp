// What the verbs print fits a terminal of 80 columns: help, errors, and each at its work. That of
// `new` and `dev` is in tests/cli_dev.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "cli/text.hpp"
#include "cli/verbs_fixture.hpp"

namespace eventual::cli {
namespace {

using ::testing::HasSubstr;

void expect_fits(const std::string& verb, const Ran& ran) {
  EXPECT_NE(ran.out, "") << verb;
  for (const std::string& line : lines_of(ran.out)) {
    // A path is not broken: what is too long alone stays whole, on a line of its own.
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    if (line.find(' ', begin) == std::string::npos) continue;
    EXPECT_LE(display_width(line), 80U) << verb << ": " << line;
  }
}

TEST_F(Verbs, ATableFitsATerminalOf80Columns) {
  start("sleeping", "\"x\"", std::string(100, 'n') + "-日本");
  const Ran ran = desk_.in_terminal({"executions"});
  for (const std::string& line : lines_of(ran.out)) EXPECT_LE(display_width(line), 80U) << line;
  EXPECT_EQ(lines_of(ran.out).size(), 2U);
  EXPECT_THAT(ran.out, HasSubstr("…"));
}

TEST_F(Verbs, HelpErrorsAndTablesFitATerminalOf80Columns) {
  start("broken", "\"x\"", "b-1");
  start("counting", "\"x\"", "c-1");
  ASSERT_EQ(desk_.eventual({"emit", "placed", "\"nowhere\"", "--id", "e-1"}).exit_code, 0);
  dead_letters(1);
  std::vector<std::vector<std::string>> cases{
      {"--help"},
      {"executions"},
      {"executions", "--status", "odd"},
      {"execution", "b-1"},
      {"execution", "c-1"},
      {"why", "b-1"},
      {"why", "c-1"},
      {"execution", "nope"},
      {"history", "b-1"},
      {"timeline", "b-1"},
      {"tasks", "complete", "forged"},
      {"tasks", "fail", "forged", "Declined"},
      {"services"},
      {"workflows"},
      {"schedules"},
      {"dead-letters"},
      {"entities"},
      {"backup", "/tmp/never"},
      {"new", "Bad.Name"},
  };
  for (const char* verb : k_verbs) cases.push_back({verb, "--help"});
  for (const std::vector<std::string>& arguments : cases) {
    const Ran ran = desk_.in_terminal(arguments);
    expect_fits(arguments.front(), ran);
  }
}

TEST_F(Verbs, TheyDoTheirWorkInATerminalOf80Columns) {
  start("broken", "\"x\"", "b-1");
  start("counting", "\"x\"", "c-1");
  start("approval", "\"x\"", "a-1");
  const TemporaryFolder folder;
  const std::string binary = EVENTUAL_BIN_DIR "/cli_service";
  const std::string histories = folder / "histories";
  const std::vector<std::vector<std::string>> cases{
      {"start", "sleeping", "\"x\"", "--name", "s-1"},
      {"pause", "a-1"},
      {"resume", "a-1"},
      {"signal", "a-1", "approve", "\"yes\""},
      {"query", "c-1", "progress"},
      {"update", "c-1", "add", "5"},
      {"retry", "b-1"},
      {"fork", "broken/b-1", "--run", "1", "--seq", "0", "--name", "b-2"},
      {"cancel", "s-1"},
      {"start", "sleeping", "\"x\"", "--name", "s-2"},
      {"terminate", "s-2"},
      {"invoke", "shout", R"({"name":"sam"})"},
      {"emit", "placed", "\"nowhere\"", "--id", "e-2"},
      {"tasks"},
      {"export", "--all", "--output", histories},
      {"import", histories, "--skip-existing"},
      {"replay", "c-1", "--binary", binary},
      {"replay", "b-1", "--binary", binary, "--full"},
      {"replay", "c-1", "--binary", binary, "--print", "--break-at", "99"},
      {"verify", "--binary", binary},
      {"verify", "--files", histories, "--binary", binary},
      {"logs"},
      {"doctor", "--data", folder.path()},
      {"manifest"},
      {"openapi"},
      {"completion", "bash"},
  };
  for (const std::vector<std::string>& arguments : cases) {
    const Ran ran = desk_.in_terminal(arguments);
    const bool refused = arguments.front() == "tasks" || arguments.back() == "99";
    EXPECT_EQ(ran.exit_code, refused ? 2 : 0) << arguments.front() << ": " << ran.out;
    // What is for programs stays whole.
    const std::set<std::string> documents{"manifest", "openapi", "completion"};
    if (!documents.contains(arguments.front())) expect_fits(arguments.front(), ran);
  }
}

TEST(Terminal, ABackupIsMadeAndRestoredIn80Columns) {
  const TemporaryFolder folder;
  const DeskService desk({}, {}, folder / "data");
  ASSERT_EQ(desk.eventual({"start", "hello", R"({"name":"sam"})", "--wait"}).exit_code, 0);
  const std::vector<std::vector<std::string>> cases{
      {"backup", folder / "backup"},
      {"restore", folder / "backup", folder / "restored"},
      {"restore", folder / "backup", folder / "restored"},  // which is there by now
      {"restore", folder / "nowhere", folder / "other"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Ran ran = desk.in_terminal(cases[i]);
    EXPECT_EQ(ran.exit_code == 0, i < 2) << ran.out;
    expect_fits(cases[i].front(), ran);
  }
}

}  // namespace
}  // namespace eventual::cli
