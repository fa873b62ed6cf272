// Keys of entities sort as their values do, and rows are read as they were written.
#include "model/entities.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/random.hpp"

namespace eventual::model {
namespace {

using detail::KeyKind;
using detail::KeyPart;

template <class Value>
std::string bytes_of(const Value& value) {
  std::string bytes;
  detail::append_key_part(bytes, value);
  return bytes;
}

TEST(EntityKeys, SortAsTheirValuesDo) {
  const std::vector<std::string> texts = {"",
                                          std::string("\0", 1),
                                          std::string("\0\0", 2),
                                          std::string("\0\1", 2),
                                          std::string("\0\xff", 2),
                                          "\1",
                                          "a",
                                          std::string("a\0", 2),
                                          std::string("a\0b", 3),
                                          "aa",
                                          "ab",
                                          "b",
                                          "\xff"};
  for (std::size_t i = 1; i < texts.size(); ++i)
    EXPECT_LT(bytes_of(texts[i - 1]), bytes_of(texts[i])) << i;
  const std::vector<std::int64_t> numbers = {
      std::numeric_limits<std::int64_t>::min(), -256, -1, 0, 1, 255, 256,
      std::numeric_limits<std::int64_t>::max()};
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_LT(bytes_of(numbers[i - 1]), bytes_of(numbers[i])) << i;
    EXPECT_LT(bytes_of(Timestamp(Duration(numbers[i - 1]))),
              bytes_of(Timestamp(Duration(numbers[i]))));
  }
  EXPECT_LT(bytes_of(std::uint64_t{1}), bytes_of(std::numeric_limits<std::uint64_t>::max()));
}

TEST(EntityKeys, TheirPartsAreFoundAgain) {
  base::Random random(7);
  for (int round = 0; round < 500; ++round) {
    Json values = Json::array();
    std::vector<KeyPart> parts;
    std::vector<std::size_t> ends;
    std::string bytes;
    for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
      if (random.one_in(2)) {
        std::string text;
        for (std::uint64_t n = random.below(5); n > 0; --n)
          text += std::string_view("\0\x01\x02z", 4)[random.below(4)];
        parts.push_back({"text", KeyKind::text});
        values.push_back(text);
      } else {
        parts.push_back({"number", KeyKind::integer});
        values.push_back(static_cast<std::int64_t>(random.next_u64()));
      }
      bytes = key_bytes(parts, values).value();
      ends.push_back(bytes.size());
    }
    EXPECT_EQ(key_values(bytes).value(), values);
    for (std::size_t i = 0; i < ends.size(); ++i) EXPECT_EQ(parts_length(bytes, i + 1), ends[i]);
    EXPECT_EQ(parts_length(bytes, 9), bytes.size());
  }
}

TEST(EntityKeys, RefuseWhatDoesNotFit) {
  const std::vector<KeyPart> parts = {{"id", KeyKind::text}, {"at", KeyKind::time}};
  const auto refusal = [&](const char* json) {
    const auto bytes = key_bytes(parts, Json::parse(json).value());
    return bytes ? std::string("none") : bytes.error().message();
  };
  EXPECT_EQ(refusal(R"(["a","2026-01-01T00:00:00Z"])"), "none");
  EXPECT_EQ(refusal(R"(["a"])"), "the key has 2 parts (id, at), not 1");
  EXPECT_EQ(refusal(R"([1,"2026-01-01T00:00:00Z"])"), "the key's id must be text, not 1");
  EXPECT_EQ(refusal(R"(["a","noon"])"), "the key's at must be a time in ISO 8601, not \"noon\"");
  EXPECT_EQ(refusal(R"({})"), "a key is a JSON array of its parts");
  const std::string longest(3000, 'x');
  EXPECT_EQ(key_bytes({{"id", KeyKind::text}}, Json::array({longest})).error().name(),
            "LimitExceeded");
}

TEST(EntityRows, AreReadAsTheyWereWritten) {
  EntityRecord record{
      0x1122334455667788, 3, R"(["a"])", R"({"id":"a"})", {{"byOwner", {"p", "s"}}}};
  const std::string bytes = encode(record);
  const EntityRecord read = decode_entity(bytes).value();
  EXPECT_EQ(read.stamp, record.stamp);
  EXPECT_EQ(read.version, 3U);
  EXPECT_EQ(read.key, record.key);
  EXPECT_EQ(read.value, record.value);
  EXPECT_EQ(read.places, record.places);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(decode_entity(std::string_view(bytes).substr(0, size)).error().name(), "Corrupt");
  std::string newer = bytes;
  newer[0] = '\x02';
  EXPECT_EQ(decode_entity(newer).error().name(), "NotAllowed");
  const auto open = decode_open_store_call(encode(OpenStoreCall{true, "5"})).value();
  EXPECT_TRUE(open.done);
  EXPECT_EQ(open.result, "5");
  const Timestamp at(Duration(5));
  const auto once = decode_transaction(encode(TransactionRecord{at, 9, "null"})).value();
  EXPECT_EQ(once.at, at);
  EXPECT_EQ(once.input_hash, 9U);
  const std::string row = keys::transaction_time(at, "transfer", "t-1");
  EXPECT_TRUE(row.starts_with(keys::transaction_times()));
  const auto time = keys::parse_transaction_time(row).value();
  EXPECT_EQ(time.at, at);
  EXPECT_EQ(time.transaction, "transfer");
  EXPECT_EQ(time.id, "t-1");
}

TEST(EntityRows, KnownBytesReadForEver) {
  // As the first version wrote it.
  const std::string bytes(
      "\x01\x00\x00\x00\x00\x00\x00\x00\x05\x02\x05[\"a\"]\x02{}\x01\x01i\x01p\x01s", 26);
  const EntityRecord record = decode_entity(bytes).value();
  EXPECT_EQ(record.stamp, 5U);
  EXPECT_EQ(record.version, 2U);
  EXPECT_EQ(record.key, "[\"a\"]");
  EXPECT_EQ(record.value, "{}");
  ASSERT_EQ(record.places.size(), 1U);
  EXPECT_EQ(encode(record), bytes);
}

}  // namespace
}  // namespace eventual::model
