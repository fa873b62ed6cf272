#include "host/crash_marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>

#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using testing::HasSubstr;

struct CrasherRun {
  bool ended_well = false;
  std::string output;
};

CrasherRun run_crasher(const std::string& folder, const std::string& mode) {
  const std::string command =
      std::string(EVENTUAL_BIN_DIR) + "/host_crasher '" + folder + "' " + mode + " 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  CrasherRun run;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) run.output += buffer;
  const int status = ::pclose(pipe);
  run.ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return run;
}

class CrashTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, CrashTest, testing::Values("task", "workflow", "abort", "overflow"),
                         [](const auto& info) { return info.param; });

TEST_P(CrashTest, CodeThatCrashesThreeTimesIsParkedInsteadOfCrashingAgain) {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_FALSE(run_crasher(data, GetParam()).ended_well) << "attempt " << attempt;
  }
  const CrasherRun run = run_crasher(data, GetParam());
  EXPECT_TRUE(run.ended_well);
  EXPECT_THAT(run.output, HasSubstr("parked"));
}

TEST(CrashMarks, AStartThatCrashesThreeTimesIsRefused) {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_FALSE(run_crasher(data, "start").ended_well) << "attempt " << attempt;
  }
  EXPECT_THAT(run_crasher(data, "start").output, HasSubstr("refused"));
}

TEST(CrashMarks, CodeThatWasRepairedInTimeGoesOn) {
  const TemporaryFolder folder;
  const std::string data = folder / "data";
  EXPECT_FALSE(run_crasher(data, "task").ended_well);
  EXPECT_FALSE(run_crasher(data, "task").ended_well);
  EXPECT_THAT(run_crasher(data, "none").output, HasSubstr("succeeded"));
}

TEST(CrashMarks, RefuseAFileThatIsNone) {
  const TemporaryFolder folder;
  std::ofstream(folder / "crashes") << "something else";
  EXPECT_EQ(CrashMarks::open(folder / "crashes").error().name(), error_names::k_corrupt);
  EXPECT_EQ(CrashMarks::open(folder / "absent/crashes").error().name(), error_names::k_unavailable);
}

TEST(CrashMarks, CallsThatEndMarkNothing) {
  const TemporaryFolder folder;
  {
    const auto marks = CrashMarks::open(folder / "crashes").value();
    const ports::MarkedCall outer(marks.get(), {"flow/f", 1});
    const ports::MarkedCall inner(marks.get(), {"flow/f", 1, 4});
  }
  const auto marks = CrashMarks::open(folder / "crashes").value();
  EXPECT_EQ(marks->crashes({"flow/f", 1}), 0U);
  EXPECT_EQ(marks->crashes({"flow/f", 1, 4}), 0U);
}

TEST(CrashMarksDeath, CountTheInnermostCallOfTheDyingThreadAndForgive) {
  const TemporaryFolder folder;
  const std::string path = folder / "crashes";
  const auto die = [&] {
    const auto marks = CrashMarks::open(path).value();
    const ports::MarkedCall outer(marks.get(), {"flow/f", 1});
    const std::string long_id(900, 'x');
    {
      const ports::MarkedCall ended(marks.get(), {"other/o", 1, 1});
    }
    const ports::MarkedCall inner(marks.get(), {long_id, 2, 7});
    std::abort();
  };
  EXPECT_DEATH(die(), "");
  EXPECT_DEATH(die(), "");
  const std::string long_id(900, 'x');
  const auto marks = CrashMarks::open(path).value();
  EXPECT_EQ(marks->crashes({long_id, 2, 7}), 2U);
  EXPECT_EQ(marks->crashes({long_id, 2, 8}), 0U);
  EXPECT_EQ(marks->crashes({"flow/f", 1}), 0U);
  EXPECT_EQ(marks->crashes({"other/o", 1, 1}), 0U);
  marks->forgive(long_id);
  EXPECT_EQ(marks->crashes({long_id, 2, 7}), 0U);
  EXPECT_EQ(CrashMarks::open(path).value()->crashes({long_id, 2, 7}), 0U);
}

}  // namespace
}  // namespace eventual::host
