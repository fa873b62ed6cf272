// The names of faults, and the line that runs a seed again.
#include "testing/faults.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace eventual::testing {
namespace {

bool same(const Faults& a, const Faults& b) {
  for (const FaultKind& kind : fault_kinds()) {
    if (a.*kind.chance != b.*kind.chance) return false;
  }
  return true;
}

TEST(FaultNames, AreUniqueAndUsualOnesHappen) {
  std::set<std::string_view> names;
  for (const FaultKind& kind : fault_kinds()) {
    names.insert(kind.name);
    EXPECT_GT(Faults().*kind.chance, 0) << kind.name;
    EXPECT_EQ(Faults::none().*kind.chance, 0) << kind.name;
  }
  EXPECT_EQ(names.size(), fault_kinds().size());
}

TEST(FaultNames, AListChangesTheUsualOnes) {
  const Faults faults = parse_faults("crash=0.25,delay=0").value();
  EXPECT_EQ(faults.crash, 0.25);
  EXPECT_EQ(faults.delay, 0);
  EXPECT_EQ(faults.pause, Faults().pause);
}

TEST(FaultNames, NoneAndDefaultStandAloneOrBegin) {
  EXPECT_TRUE(same(parse_faults("none").value(), Faults::none()));
  EXPECT_TRUE(same(parse_faults("default").value(), Faults()));
  const Faults faults = parse_faults("none,slow_write=1").value();
  EXPECT_EQ(faults.slow_write, 1);
  EXPECT_EQ(faults.crash, 0);
}

TEST(FaultNames, WhatIsWrongIsNamed) {
  for (const char* text : {"", "storm", "crash", "crash=", "crash=much", "crash=-1", "crash=1.5",
                           "crash=nan", "crash=0.1x", "delay=0.1,"}) {
    const auto parsed = parse_faults(text);
    if (std::string(text) == "delay=0.1,") {
      EXPECT_TRUE(parsed) << "a comma at the end is no harm";
      continue;
    }
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().name(), error_names::k_invalid_input);
    EXPECT_NE(parsed.error().message().find("fault"), std::string::npos);
  }
}

TEST(FaultNames, TheTextIsReadAsTheSameFaults) {
  Faults few = Faults::none();
  few.crash = 0.01;
  Faults odd;
  odd.eviction = 0.12345678901234567;
  odd.clock_step = 0;
  for (const Faults& faults : {few, odd, Faults::none()}) {
    const std::string text = to_text(faults);
    EXPECT_TRUE(same(parse_faults(text).value(), faults)) << text;
  }
  EXPECT_EQ(to_text(few), "none,crash=0.01");
  EXPECT_EQ(to_text(Faults()), "") << "the usual ones need no argument";
}

TEST(RequestNumbers, AreWrittenShortAndReadBack) {
  const std::vector<std::uint32_t> numbers{0, 4, 5, 6, 9};
  EXPECT_EQ(to_text(numbers), "0,4-6,9");
  EXPECT_EQ(parse_numbers("0,4-6,9").value(), numbers);
  EXPECT_EQ(parse_numbers(to_text(std::vector<std::uint32_t>())).value().size(), 0U);
  for (const char* text : {"1,1", "3-2", "x", "1-", "2,1", "0-99999999"})
    EXPECT_FALSE(parse_numbers(text)) << text;
}

TEST(Reproduction, SaysOnlyWhatIsNotUsual) {
  SimulationOptions options;
  EXPECT_EQ(reproduction(7, options), "sim --seed 7");
  options.faults = Faults::none();
  options.faults.delay = 0.5;
  options.only = {{1, 2, 3}};
  options.calm_after = 99;
  options.executions = 2;
  EXPECT_EQ(reproduction(7, options),
            "sim --seed 7 --executions 2 --faults none,delay=0.5 --only 1-3 --calm-after 99");
}

}  // namespace
}  // namespace eventual::testing
