#include "base/assert.hpp"

#include <gtest/gtest.h>

namespace eventual::base {
namespace {

TEST(AssertDeathTest, AbortsWithPlaceConditionAndReason) {
  const int shards = 0;
  EXPECT_DEATH(EVENTUAL_ASSERT(shards > 0, "an engine has a shard"),
               "assert_test\\.cpp:[0-9]+: assertion failed: shards > 0: an engine has a shard");
}

TEST(AssertTest, EvaluatesItsConditionOnce) {
  int evaluated = 0;
  EVENTUAL_ASSERT(++evaluated == 1, "evaluated once");
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace eventual::base
