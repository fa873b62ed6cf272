// What is left of a failing run.
#include "testing/shrink.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/faults.hpp"

namespace eventual::testing {
namespace {

bool makes(const SimulationOptions& options, std::uint32_t request) {
  return !options.only ||
         std::find(options.only->begin(), options.only->end(), request) != options.only->end();
}

TEST(Shrink, LeavesOutWhatTheFailureDoesNotNeed) {
  const auto needs = [](const SimulationOptions& options) {
    return options.faults.crash > 0 && options.faults.delay > 0 && makes(options, 3) &&
           makes(options, 17) && options.calm_after > 40;
  };
  const SimulationOptions smallest = shrink({}, 20, 1000, needs);
  EXPECT_EQ(to_text(smallest.faults), "none,crash=0.01,delay=0.1");
  EXPECT_EQ(smallest.only, (std::vector<std::uint32_t>{3, 17}));
  EXPECT_EQ(smallest.calm_after, 41U);
}

TEST(Shrink, OfADefectOfTheServiceAloneNoFaultIsLeft) {
  const SimulationOptions smallest =
      shrink({}, 5, 1000, [](const SimulationOptions& options) { return makes(options, 4); });
  EXPECT_EQ(to_text(smallest.faults), "none");
  EXPECT_EQ(smallest.only, (std::vector<std::uint32_t>{4}));
  EXPECT_EQ(smallest.calm_after, SimulationOptions().calm_after);
}

TEST(Shrink, WhatNeedsEverythingStaysAsItIs) {
  int asked = 0;
  const SimulationOptions smallest = shrink({}, 3, 10, [&](const SimulationOptions& options) {
    ++asked;
    return !options.only && options.calm_after == SimulationOptions().calm_after &&
           to_text(options.faults).empty();
  });
  EXPECT_EQ(reproduction(1, smallest), "sim --seed 1");
  EXPECT_GT(asked, 0);
}

TEST(Shrink, TheLastRunItAskedAboutIsTheOneItGives) {
  std::string last;
  const SimulationOptions smallest = shrink({}, 6, 100, [&](const SimulationOptions& options) {
    last = reproduction(1, options);
    return options.faults.pause > 0 && makes(options, 2);
  });
  EXPECT_EQ(reproduction(1, smallest), last);
}

}  // namespace
}  // namespace eventual::testing
