#include "base/unique_id.hpp"

#include <gtest/gtest.h>

#include <set>

namespace eventual::base {
namespace {

Timestamp at(std::int64_t milliseconds) { return Timestamp(Duration(milliseconds)); }

TEST(UniqueIdTest, SortsByTimeAndGivesItBack) {
  Random random(1);
  std::string previous;
  for (std::int64_t time = 1; time < 1'000'000'000'000; time *= 3) {
    const std::string id = unique_id(at(time), random);
    EXPECT_EQ(id.size(), k_unique_id_size);
    EXPECT_LT(previous, id);
    EXPECT_EQ(unique_id_time(id), at(time));
    previous = id;
  }
}

TEST(UniqueIdTest, DiffersWithinAMillisecond) {
  Random random(2);
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(unique_id(at(5), random));
  EXPECT_EQ(ids.size(), 10'000u);
}

TEST(UniqueIdTest, RepeatsWithItsSeed) {
  Random one(7);
  Random other(7);
  EXPECT_EQ(unique_id(at(5), one), unique_id(at(5), other));
}

TEST(UniqueIdTest, ReadsNoTimeFromOtherText) {
  EXPECT_EQ(unique_id_time(""), std::nullopt);
  EXPECT_EQ(unique_id_time(std::string(26, 'U')), std::nullopt);
  EXPECT_EQ(unique_id_time(std::string(26, '8')), std::nullopt);
  EXPECT_EQ(unique_id_time(std::string(25, '0')), std::nullopt);
}

}  // namespace
}  // namespace eventual::base
