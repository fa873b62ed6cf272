// The verb `sim` as people run it.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "eventual/json.hpp"
#include "testing/faults.hpp"

namespace eventual::program {
namespace {

struct Ran {
  int exit_code = -1;
  std::string output;  ///< both streams
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ran.output.append(buffer.data(), read);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ran;
}

const std::string k_sound = EVENTUAL_BIN_DIR "/sim_busy";
const std::string k_faulty = EVENTUAL_BIN_DIR "/sim_faulty";

/// What stands behind `label` on its line.
std::string after(const std::string& output, const std::string& label) {
  const std::size_t begin = output.find(label);
  if (begin == std::string::npos) return {};
  return output.substr(begin + label.size(), output.find('\n', begin) - begin - label.size());
}

TEST(Sim, ASoundServicePassesAndItsSummaryCounts) {
  const Ran ran = run(k_sound + " sim --seeds 20");
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_NE(ran.output.find("seeds/s"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("crashes"), std::string::npos);
  EXPECT_NE(ran.output.find("write_failure"), std::string::npos);
  EXPECT_NE(ran.output.find("\nOK\n"), std::string::npos);
  EXPECT_EQ(ran.output.find('\r'), std::string::npos) << "no progress line where nobody looks";
}

TEST(Sim, JsonIsOneDocument) {
  const Ran ran = run(k_sound + " sim --seed 5 --json");
  ASSERT_EQ(ran.exit_code, 0) << ran.output;
  const Json json = Json::parse(ran.output).value();
  EXPECT_EQ(json["service"].as_string(), "busy");
  EXPECT_EQ(json["seeds"].as_uint64(), 1U);
  EXPECT_EQ(json["first_seed"].as_uint64(), 5U);
  EXPECT_GT(json["steps"].as_uint64(), 0U);
  EXPECT_TRUE(json["ok"].as_bool());
  EXPECT_EQ(json["faults"].as_object().size(), testing::fault_kinds().size());
  EXPECT_EQ(json.find("failure"), nullptr);
}

TEST(Sim, TheSameSeedGivesTheSameRunInAnotherProcess) {
  const std::string command = k_sound + " sim --seed 11 --trace";
  const Ran first = run(command);
  const Ran second = run(command);
  const auto steps = [](const Ran& ran) {
    return ran.output.substr(0, ran.output.find("\nseeds"));
  };
  EXPECT_GT(steps(first).size(), 1000U);
  EXPECT_EQ(steps(first), steps(second));
}

TEST(Sim, TheLineOfAFailureFailsTheSameWay) {
  const Ran ran = run(k_faulty + " sim --seeds 1000");
  ASSERT_EQ(ran.exit_code, 1) << ran.output;
  const std::string told = ran.output.substr(ran.output.find("FAILED in seed"));
  const std::string line = after(ran.output, "reproduce: ");
  ASSERT_NE(line.find(" sim --seed "), std::string::npos) << ran.output;
  const bool shrunk = line.find("--only ") != std::string::npos ||
                      line.find("--faults ") != std::string::npos ||
                      line.find("--calm-after ") != std::string::npos;
  EXPECT_TRUE(shrunk) << line;

  const Ran again = run(line);
  EXPECT_EQ(again.exit_code, 1) << again.output;
  ASSERT_NE(again.output.find("FAILED in seed"), std::string::npos) << again.output;
  EXPECT_EQ(again.output.substr(again.output.find("FAILED in seed")), told);
}

TEST(Sim, TheTraceOfAFailureShowsWhatHappened) {
  const Ran ran = run(k_faulty + " sim --seeds 1000");
  const Ran traced = run(after(ran.output, "reproduce: ") + " --trace");
  EXPECT_EQ(traced.exit_code, 1);
  EXPECT_NE(traced.output.find("attempt 1 of task charge for order/"), std::string::npos)
      << traced.output;
  EXPECT_NE(traced.output.find("failed: Invariant: 'nobody pays twice' does not hold"),
            std::string::npos);
}

TEST(Sim, AServiceThatEndsTheProcessSaysInWhichSeed) {
  const Ran aborted = run("SIM_FAULTY_ABORTS=1 " + k_faulty + " sim --seeds 10");
  EXPECT_NE(aborted.exit_code, 0);
  EXPECT_NE(aborted.output.find("the process died in seed 1"), std::string::npos) << aborted.output;
  EXPECT_NE(aborted.output.find("sim --seed 1"), std::string::npos);
}

TEST(Sim, WithoutFaultsNothingIsMet) {
  const Ran ran = run(k_sound + " sim --seeds 5 --faults none --json");
  ASSERT_EQ(ran.exit_code, 0) << ran.output;
  const Json json = Json::parse(ran.output).value();
  for (const auto& [name, count] : json["faults"].as_object())
    EXPECT_EQ(count.as_uint64(), 0U) << name;
  EXPECT_EQ(json["crashes"].as_uint64(), 5U) << "the restart at the end of each run";
}

TEST(Sim, WrongUsageIsToldAndExitsTwo) {
  const std::array<std::pair<const char*, const char*>, 7> wrong{{
      {"--faults lightning=0.1",
       "unknown fault 'lightning': it is none, default, or a list of crash"},
      {"--faults crash", "fault 'crash' needs a chance, as in crash=0.1"},
      {"--faults crash=2", "the chance of fault 'crash' is a number from 0 to 1, not '2'"},
      {"--seeds 0", "--seeds"},
      {"--seed 1 --only 3,1", "is no ascending list of numbers"},
      {"--seeds 2 --trace", "--trace is for one seed"},
      {"--nonsense", "--nonsense"},
  }};
  for (const auto& [arguments, message] : wrong) {
    const Ran ran = run(k_sound + " sim " + arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments << "\n" << ran.output;
    EXPECT_NE(ran.output.find(message), std::string::npos) << arguments << "\n" << ran.output;
  }
}

TEST(Sim, HelpNamesEveryFault) {
  const Ran ran = run(k_sound + " sim --help");
  EXPECT_EQ(ran.exit_code, 0);
  std::string text;
  for (const char c : ran.output) {
    if (c == '\n' || (c == ' ' && text.ends_with(' '))) {
      if (!text.ends_with(' ')) text += ' ';
    } else {
      text += c;
    }
  }
  for (const testing::FaultKind& kind : testing::fault_kinds())
    EXPECT_NE(text.find(kind.name), std::string::npos) << kind.name;
}

}  // namespace
}  // namespace eventual::program
