// Rows and their keys: values round-trip, keys sort as what they stand for.
#include "model/records.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace eventual::model {
namespace {

Timestamp at(std::int64_t ms) { return Timestamp(Duration(ms)); }

ExecutionRecord record() {
  ExecutionRecord value;
  value.run = 3;
  value.status = Status::failed;
  value.started_at = at(1000);
  value.closed_at = at(2000);
  value.reason = ErrorRecord(Error("Name", "message", "{}"));
  value.turns = 17;
  value.first_turn = std::string("\x01\0first", 7);
  value.last_turn = "last";
  return value;
}

TEST(Records, AnExecutionRoundTrips) {
  const Result<ExecutionRecord> read = decode_execution(encode(record()));
  ASSERT_TRUE(read) << read.error().what();
  EXPECT_EQ(encode(*read), encode(record()));
  EXPECT_EQ(read->status, Status::failed);
  EXPECT_EQ(read->closed_at, at(2000));
  EXPECT_EQ(read->first_turn.size(), 7U);
}

Message message() {
  Message value;
  value.kind = Message::Kind::child_closed;
  value.to = "w/a";
  value.to_run = 2;
  value.to_seq = 9;
  value.from = "w/b";
  value.from_run = 1;
  value.name = "S";
  value.payload = "{\"a\":1}";
  value.message_id = "id";
  value.ok = false;
  value.error = ErrorRecord(Error("Name", "message"));
  value.wait_for_result = false;
  value.timeout = Duration(5);
  return value;
}

TEST(Records, AMessageRoundTrips) {
  const Result<Message> read = decode_message(encode(message()));
  ASSERT_TRUE(read) << read.error().what();
  EXPECT_EQ(encode(*read), encode(message()));
  EXPECT_EQ(read->timeout, Duration(5));
  EXPECT_FALSE(read->ok);
}

TEST(Records, NewerRowsAreRefusedAndDamagedOnesAreCorrupt) {
  for (std::string bytes : {encode(record()), encode(message())}) {
    const bool is_message = bytes == encode(message());
    const auto name_of = [is_message](std::string_view text) -> std::string {
      if (is_message) {
        const auto read = decode_message(text);
        return read ? "" : read.error().name();
      }
      const auto read = decode_execution(text);
      return read ? "" : read.error().name();
    };
    EXPECT_EQ(name_of(""), error_names::k_corrupt);
    EXPECT_EQ(name_of(std::string_view("\0", 1)), error_names::k_corrupt);
    bytes[0] = 2;
    EXPECT_EQ(name_of(bytes), error_names::k_not_allowed);
    bytes[0] = 1;
    base::Random random(5);
    for (int round = 0; round < 3000; ++round) {
      std::string broken = bytes.substr(0, 1 + random.below(bytes.size()));
      broken[random.below(broken.size())] = static_cast<char>(random.next_u64());
      const std::string name = name_of(broken);
      EXPECT_TRUE(name.empty() || name == error_names::k_corrupt ||
                  name == error_names::k_not_allowed)
          << name;
    }
  }
  std::string unknown = encode(record());
  unknown[2] = 99;  // the status, after format and run
  EXPECT_EQ(decode_execution(unknown).error().name(), error_names::k_corrupt);
  unknown = encode(message());
  unknown[1] = 99;  // the kind
  EXPECT_FALSE(decode_message(unknown));
}

TEST(Records, StatusNamesReadBack) {
  for (std::uint8_t value = 0; value <= static_cast<std::uint8_t>(Status::continued); ++value) {
    const auto status = static_cast<Status>(value);
    EXPECT_EQ(parse_status(to_string(status)), status);
    EXPECT_EQ(is_closed(status), value >= 3);
  }
  EXPECT_EQ(parse_status("done"), std::nullopt);
}

TEST(Keys, TurnsSortByExecutionRunAndNumber) {
  std::vector<std::string> keys;
  for (const std::uint16_t shard : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{256}}) {
    for (const char* id : {"w/a", "w/a ", "w/a-b", "w/ab", "w/b"}) {
      for (const std::uint32_t run : {1U, 2U, 300U}) {
        for (const std::uint32_t turn : {0U, 1U, 255U, 256U, 70'000U}) {
          keys.push_back(keys::history(shard, id, run, turn));
          EXPECT_EQ(keys::history_turn(keys.back()), turn);
          EXPECT_LT(keys.back(), keys::history_end(shard, id, run));
          EXPECT_LE(keys::history(shard, id, run, 0), keys.back());
        }
      }
    }
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

TEST(Keys, TimersSortByDueTimeAndReadBack) {
  std::vector<std::string> keys;
  for (const std::int64_t due : {-5LL, 0LL, 1LL, 255LL, 256LL, 1'767'225'600'000LL}) {
    for (const char* id : {"w/a", "w/ab"}) {
      for (const std::uint32_t seq : {0U, 1U, 256U}) {
        keys.push_back(keys::timer(7, at(due), id, 2, seq, keys::TimerKind::retry));
        const auto read = keys::parse_timer(keys.back());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->shard, 7);
        EXPECT_EQ(read->due, at(due));
        EXPECT_EQ(read->id, id);
        EXPECT_EQ(read->run, 2U);
        EXPECT_EQ(read->seq, seq);
        EXPECT_EQ(read->kind, keys::TimerKind::retry);
        EXPECT_LE(keys::timers_from(7, at(due)), keys.back());
        EXPECT_GT(keys::timers_from(7, at(due + 1)), keys.back());
        EXPECT_LT(keys.back(), keys::timers_end(7));
      }
    }
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_FALSE(keys::parse_timer("short"));
  EXPECT_FALSE(keys::parse_timer(""));
}

TEST(Keys, TheListingIsNewestFirst) {
  const std::string newer = keys::listing(at(2000), "w/a", 1);
  const std::string older = keys::listing(at(1000), "w/z", 9);
  EXPECT_LT(newer, older);
  const auto read = keys::parse_listing(older);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->started_at, at(1000));
  EXPECT_EQ(read->id, "w/z");
  EXPECT_EQ(read->run, 9U);
  EXPECT_FALSE(keys::parse_listing("short"));
}

TEST(Keys, ExecutionsMessagesAndIdsDoNotMix) {
  EXPECT_LT(keys::execution(1, "w/a"), keys::execution(1, "w/a", 1));
  EXPECT_LT(keys::execution(1, "w/a", 300), keys::execution(1, "w/a-"));
  EXPECT_LT(keys::message(1, 2, 255), keys::message(1, 2, 256));
  EXPECT_LT(keys::message(1, 2, 256), keys::message(1, 3, 0));
  EXPECT_NE(keys::dedupe(1, "w/a", "b"), keys::dedupe(1, "w/ab", ""));
  EXPECT_LT(keys::active(1, "w/a"), keys::shard_end(1));
  EXPECT_LE(keys::shard_prefix(1), keys::active(1, ""));
}

}  // namespace
}  // namespace eventual::model
