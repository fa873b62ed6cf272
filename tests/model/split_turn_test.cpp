// Large values out of a turn and back: nothing changes, equal ones are kept once, and damaged bytes
// are refused.
#include "model/split_turn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.hpp"
#include "model/history.hpp"

namespace eventual::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string k_large(5000, 'x');
const std::string k_other(6000, 'y');

/// Makes the texts of an event large: of all kinds of them, whatever they stand in.
class LargeFields {
 public:
  int texts = 0;

  template <class T>
  void operator()(std::string_view, T&) {}
  void operator()(std::string_view, std::string& value) { set(value); }
  void operator()(std::string_view, JsonText& value) { set(value.text); }
  void operator()(std::string_view, ErrorRecord& value) {
    set(value.name), set(value.message), set(value.details_json);
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& value) {
    if (++optionals_ % 2 == 1) (*this)(name, value.emplace());
  }

 private:
  void set(std::string& value) {
    value = std::string(5000 + static_cast<std::size_t>(texts % 3), 'z');
    ++texts;
  }
  int optionals_ = 0;
};

template <std::size_t Index = 0>
void add_every_event(std::vector<Event>& events, int& texts) {
  if constexpr (Index < std::variant_size_v<Event>) {
    std::variant_alternative_t<Index, Event> event;
    LargeFields large;
    event.fields(large);
    texts += large.texts;
    events.emplace_back(std::move(event));
    add_every_event<Index + 1>(events, texts);
  }
}

Result<std::string> join(const SplitTurn& split) {
  return join_turn(split.bytes, [&](std::uint32_t index) -> Result<std::string> {
    return split.values.at(index);
  });
}

Turn echoed() {
  Turn turn;
  turn.at = Timestamp(Duration(1'700'000'000'000));
  ExecutionStarted started;
  started.input.text = k_large;
  started.derivation = "derivation";
  TaskScheduled scheduled;
  scheduled.seq = 1;
  scheduled.task = "work";
  scheduled.input.text = k_large;
  turn.events.emplace_back(started);
  turn.calls.emplace_back(scheduled);
  return turn;
}

TEST(SplitTurn, EveryTextOfEveryEventComesBack) {
  Turn turn;
  int texts = 0;
  add_every_event(turn.events, texts);
  add_every_event(turn.calls, texts);
  const std::string bytes = encode(turn);
  const auto split = split_turn(bytes);
  ASSERT_TRUE(split.has_value());
  EXPECT_GT(texts, 40);
  EXPECT_EQ(split->values.size(), 3U) << "they have three values";
  EXPECT_LT(split->bytes.size(), bytes.size() / 50);
  EXPECT_EQ(join(*split).value(), bytes);
}

TEST(SplitTurn, EqualValuesAreOne) {
  const auto split = split_turn(encode(echoed()));
  ASSERT_TRUE(split.has_value());
  EXPECT_THAT(split->values, ElementsAre(k_large));
  EXPECT_LT(split->bytes.size(), 200U);
}

TEST(SplitTurn, AValueUpToTheLimitStays) {
  Turn turn;
  ExecutionStarted started;
  started.input.text = std::string(base::k_inline_payload_bytes_max, 'x');
  turn.events.emplace_back(started);
  TaskSucceeded succeeded;
  succeeded.result.text = started.input.text;
  turn.events.emplace_back(succeeded);
  EXPECT_FALSE(split_turn(encode(turn)).has_value());
  std::get<ExecutionStarted>(turn.events.front()).input.text += 'x';
  const auto split = split_turn(encode(turn));
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(split->values.size(), 1U);
  EXPECT_EQ(join(*split).value(), encode(turn));
}

TEST(SplitTurn, ATurnThatLacksItsValuesCannotBeDecoded) {
  const auto split = split_turn(encode(echoed()));
  EXPECT_TRUE(is_split(split->bytes));
  const auto turn = decode_turn(split->bytes, 0);
  ASSERT_FALSE(turn.ok());
  EXPECT_EQ(turn.error().name(), error_names::k_corrupt);
  EXPECT_THAT(turn.error().message(), HasSubstr("rows of their own"));
  const auto joined = join_turn(split->bytes, [](std::uint32_t) -> Result<std::string> {
    return Error(std::string(error_names::k_corrupt), "it is missing");
  });
  EXPECT_EQ(joined.error().message(), "it is missing");
}

TEST(SplitTurn, DamagedBytesAreRefused) {
  const SplitTurn split = split_turn(encode(echoed())).value();
  const auto read = [](std::uint32_t) -> Result<std::string> { return k_large; };
  for (std::size_t size = 0; size < split.bytes.size(); ++size)
    EXPECT_FALSE(join_turn(split.bytes.substr(0, size), read).ok()) << size;
  for (std::size_t at = 0; at < split.bytes.size(); ++at) {
    for (const int change : {1, 0x7f, 0xff}) {
      std::string damaged = split.bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      static_cast<void>(join_turn(damaged, read).ok());  // either; never a crash
    }
  }
}

// The bytes as they were first written: later programs read them.
TEST(SplitTurn, TheFormOnDiskIsRead) {
  const SplitTurn split = split_turn(encode(echoed())).value();
  std::string head = split.bytes.substr(0, 8);
  // Two places: event 0 text 0 value 0, event 1 (the call) text 1 value 0.
  EXPECT_EQ(head, std::string("\x02\x02\x00\x00\x00\x01\x01\x00", 8));
}

}  // namespace
}  // namespace eventual::model
