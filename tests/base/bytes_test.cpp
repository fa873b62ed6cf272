#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/random.hpp"

namespace eventual::base {
namespace {

TEST(BytesTest, BigEndianKeysSortAsTheirNumbers) {
  std::vector<std::uint64_t> numbers{0, 1, 255, 256, 65535, 1ULL << 40, ~0ULL};
  Random random(1);
  for (int i = 0; i < 1000; ++i) numbers.push_back(random.next_u64() >> random.below(64));
  std::sort(numbers.begin(), numbers.end());
  std::string previous;
  for (const std::uint64_t number : numbers) {
    std::string key;
    append_big_endian(key, number);
    EXPECT_LE(previous, key);
    EXPECT_EQ(ByteReader(key).big_endian<std::uint64_t>(), number);
    previous = key;
  }
}

TEST(BytesTest, SignedKeysSortNegativeNumbersFirst) {
  std::string previous;
  for (const std::int64_t number :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1000}, std::int64_t{-1},
        std::int64_t{0}, std::int64_t{7}, std::numeric_limits<std::int64_t>::max()}) {
    std::string key;
    append_ordered(key, number);
    EXPECT_LT(previous, key);
    EXPECT_EQ(ByteReader(key).ordered(), number);
    previous = key;
  }
}

TEST(BytesTest, BigEndianReadsEveryWidth) {
  std::string bytes;
  append_big_endian(bytes, std::uint8_t{0xab});
  append_big_endian(bytes, std::uint16_t{0xabcd});
  append_big_endian(bytes, std::uint32_t{0x89abcdef});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.big_endian<std::uint8_t>(), 0xab);
  EXPECT_EQ(reader.big_endian<std::uint16_t>(), 0xabcd);
  EXPECT_EQ(reader.big_endian<std::uint32_t>(), 0x89abcdef);
  EXPECT_TRUE(reader.finished());
}

TEST(BytesTest, VarintsComeBackWhateverTheirSize) {
  Random random(2);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t wide = random.next_u64() >> random.below(64);
    const auto narrow = static_cast<std::uint32_t>(random.next_u64() >> (32 + random.below(32)));
    std::string bytes;
    append_varint64(bytes, wide);
    append_varint32(bytes, narrow);
    append_varint64(bytes, zigzag(static_cast<std::int64_t>(wide)));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint64(), wide);
    EXPECT_EQ(reader.varint32(), narrow);
    EXPECT_EQ(unzigzag(reader.varint64().value_or(0)), static_cast<std::int64_t>(wide));
    EXPECT_TRUE(reader.finished());
  }
}

TEST(BytesTest, AVarintThatDoesNotFitIsRefused) {
  std::string bytes;
  append_varint64(bytes, std::uint64_t{1} << 32);
  EXPECT_FALSE(ByteReader(bytes).varint32().has_value());
  EXPECT_FALSE(ByteReader(std::string(10, '\xff') + '\x01').varint64().has_value());
  EXPECT_FALSE(ByteReader(std::string(9, '\xff') + '\x02').varint64().has_value());
  EXPECT_EQ(ByteReader(std::string(9, '\xff') + '\x01').varint64(), ~std::uint64_t{0});
}

TEST(BytesTest, ReadingBeyondTheEndFailsForGood) {
  std::string bytes;
  append_sized(bytes, "hello");
  EXPECT_EQ(ByteReader(bytes).sized(), "hello");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(reader.sized().has_value());
    EXPECT_TRUE(reader.failed());
    EXPECT_FALSE(reader.raw(0).has_value());
    EXPECT_FALSE(reader.finished());
  }
}

TEST(BytesTest, ThePrefixEndIsAboveEveryKeyWithThePrefix) {
  EXPECT_EQ(prefix_end("ab"), "ac");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("\xff\xff"), std::nullopt);
  EXPECT_EQ(prefix_end(""), std::nullopt);
}

}  // namespace
}  // namespace eventual::base
