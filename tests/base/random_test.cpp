#include "base/random.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/hash.hpp"

namespace eventual::base {
namespace {

// These values are promises: executions recorded by older versions depend on them.
TEST(RandomTest, TheSequenceOfASeedNeverChanges) {
  Random random(0);
  EXPECT_EQ(random.next_u64(), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(random.next_u64(), 0x6e789e6aa1b965f4ULL);
  EXPECT_EQ(random.next_u64(), 0x06c45d188009454fULL);
}

TEST(RandomTest, BelowStaysBelowAndReachesEveryValue) {
  Random random(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) ++seen.at(random.below(7));
  for (const int count : seen) EXPECT_NEAR(count, 1000, 200);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(RandomTest, UnitStaysInItsRange) {
  Random random(2);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random.unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(RandomTest, GoesOnFromItsState) {
  Random random(3);
  random.next_u64();
  Random copy(random.state());
  EXPECT_EQ(copy.next_u64(), random.next_u64());
  EXPECT_NE(random.fork().next_u64(), random.next_u64());
}

TEST(HashTest, TheHashOfATextNeverChanges) {
  EXPECT_EQ(stable_hash(""), mix64(0xcbf29ce484222325ULL));
  EXPECT_EQ(stable_hash("a"), mix64(0xaf63dc4c8601ec8cULL));
  EXPECT_EQ(stable_hash("foobar"), mix64(0x85944171f73967e8ULL));
}

TEST(HashTest, SpreadsSimilarNamesOverShards) {
  std::array<int, 64> shards{};
  for (int i = 0; i < 64'000; ++i)
    ++shards.at(stable_hash("processOrder/order-" + std::to_string(i)) % 64);
  for (const int count : shards) EXPECT_NEAR(count, 1000, 200);
}

}  // namespace
}  // namespace eventual::base
