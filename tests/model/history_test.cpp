// The codec of histories: every event round-trips in bytes and in JSON; what cannot be read is
// refused, never a crash.
#include "model/history.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "base/random.hpp"

namespace eventual::model {
namespace {

/// Fills an event's fields with values that its codec must keep.
class RandomFields {
 public:
  explicit RandomFields(base::Random& random) : random_(random) {}

  void operator()(std::string_view, std::uint64_t& value) { value = random_.below(1'000'000); }
  void operator()(std::string_view, std::uint32_t& value) {
    value = random_.one_in(4) ? 0xffffffffU : static_cast<std::uint32_t>(random_.below(300));
  }
  void operator()(std::string_view, bool& value) { value = random_.one_in(2); }
  void operator()(std::string_view, Timestamp& value) {
    value = Timestamp(Duration(random_.below(253'402'300'799'999)));
  }
  void operator()(std::string_view, Duration& value) {
    value = random_.one_in(4)
                ? k_forever
                : Duration(static_cast<std::int64_t>(random_.below(1'000'000)) - 1000);
  }
  void operator()(std::string_view, std::string& value) { value = text(); }
  void operator()(std::string_view, JsonText& value) {
    switch (random_.below(5)) {
      case 0:
        value.text = "null";
        break;
      case 1:
        value.text = Json(text()).dump();
        break;
      case 2:
        value.text = std::to_string(random_.next_u64());
        break;
      case 3:
        value.text = R"({"a":[1,2.5,{"b":null}],"ü":true})";
        break;
      default:
        value.text = "\"" + std::string(5000, 'x') + "\"";
        break;
    }
  }
  void operator()(std::string_view, ErrorRecord& value) {
    value.name = text();
    value.message = text();
    if (random_.one_in(2)) value.details_json = R"([{"pointer":"/a","reason":"missing"}])";
  }
  void operator()(std::string_view, RetryPolicy& value) {
    value.max_attempts = static_cast<std::uint32_t>(random_.below(10));
    value.initial_interval = Duration(random_.below(10'000));
    value.multiplier = random_.unit() * 10;
    value.max_interval = Duration(random_.below(10'000));
    value.jitter = random_.unit();
    for (std::uint64_t i = random_.below(3); i > 0; --i) value.non_retryable.push_back(text());
  }
  template <class T>
    requires std::is_enum_v<T>
  void operator()(std::string_view, T& value) {
    value = static_cast<T>(random_.below(2));
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& value) {
    value.reset();
    if (random_.one_in(2)) (*this)(name, value.emplace());
  }

 private:
  std::string text() {
    static constexpr std::string_view k_texts[] = {
        "", "chargeCard", "w/o-1", "größer \"quoted\" \\ / \n\t", "日本語 🙂", "~x-1"};
    return std::string(k_texts[random_.below(std::size(k_texts))]);
  }
  base::Random& random_;
};

template <std::size_t Index = 0>
void append_one_of_each(std::vector<Event>& events, base::Random& random) {
  if constexpr (Index < std::variant_size_v<Event>) {
    std::variant_alternative_t<Index, Event> event;
    RandomFields fields(random);
    event.fields(fields);
    events.emplace_back(std::move(event));
    append_one_of_each<Index + 1>(events, random);
  }
}

Turn random_turn(std::uint64_t seed) {
  base::Random random(seed);
  Turn turn;
  turn.number = static_cast<std::uint32_t>(random.below(100));
  turn.at = Timestamp(Duration(random.below(2'000'000'000'000)));
  std::vector<Event> all;
  append_one_of_each(all, random);
  for (Event& event : all) (is_call(event) ? turn.calls : turn.events).push_back(std::move(event));
  return turn;
}

/// Equality of turns by their bytes: one value has one encoding.
void expect_equal(const Turn& left, const Turn& right) {
  EXPECT_EQ(left.number, right.number);
  EXPECT_EQ(left.at, right.at);
  EXPECT_EQ(left.events.size(), right.events.size());
  EXPECT_EQ(left.calls.size(), right.calls.size());
  EXPECT_EQ(encode(left), encode(right));
}

TEST(History, EveryEventRoundTripsThroughBytes) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Turn turn = random_turn(seed);
    const Result<Turn> read = decode_turn(encode(turn), turn.number);
    ASSERT_TRUE(read) << seed << ": " << read.error().what();
    expect_equal(turn, *read);
  }
}

TEST(History, EveryEventRoundTripsThroughItsJsonView) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Turn turn = random_turn(seed);
    Turn read;
    read.number = turn.number;
    read.at = turn.at;
    for (const auto* list : {&turn.events, &turn.calls}) {
      for (const Event& event : *list) {
        const Json view = Json::parse(to_json_view(event, turn.at).dump()).value();
        EXPECT_EQ(view["type"].as_string(), type_of(event));
        EXPECT_EQ(view["at"].as_string(), to_iso8601(turn.at));
        Result<Event> back = from_json_view(view);
        ASSERT_TRUE(back) << back.error().what();
        ASSERT_EQ(back->index(), event.index());
        (list == &turn.events ? read.events : read.calls).push_back(std::move(back.value()));
      }
    }
    expect_equal(turn, read);
  }
}

TEST(History, TypesAreSnakeCaseAndTagsAndTypesAreUnique) {
  base::Random random(1);
  std::vector<Event> events;
  append_one_of_each(events, random);
  std::set<std::string_view> types;
  std::set<std::uint8_t> tags;
  for (const Event& event : events) {
    EXPECT_EQ(type_of(event).find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
              std::string_view::npos);
    types.insert(type_of(event));
    tags.insert(
        std::visit([](const auto& value) { return std::decay_t<decltype(value)>::k_tag; }, event));
  }
  EXPECT_EQ(types.size(), events.size());
  EXPECT_EQ(tags.size(), events.size());
}

TEST(History, TagsNeverChange) {
  // They reach disk. Add new ones at the end; a number here is never edited.
  EXPECT_EQ(ExecutionStarted::k_tag, 1);
  EXPECT_EQ(TaskSucceeded::k_tag, 2);
  EXPECT_EQ(TaskFailed::k_tag, 3);
  EXPECT_EQ(TaskAttemptFailed::k_tag, 4);
  EXPECT_EQ(TaskAttemptStarted::k_tag, 5);
  EXPECT_EQ(TimerFired::k_tag, 6);
  EXPECT_EQ(CallTimedOut::k_tag, 7);
  EXPECT_EQ(SignalReceived::k_tag, 8);
  EXPECT_EQ(ChildStarted::k_tag, 9);
  EXPECT_EQ(ChildSucceeded::k_tag, 10);
  EXPECT_EQ(ChildFailed::k_tag, 11);
  EXPECT_EQ(SignalDelivered::k_tag, 12);
  EXPECT_EQ(SignalRefused::k_tag, 13);
  EXPECT_EQ(CancelRequested::k_tag, 14);
  EXPECT_EQ(ExecutionParked::k_tag, 15);
  EXPECT_EQ(ExecutionUnparked::k_tag, 16);
  EXPECT_EQ(ExecutionSucceeded::k_tag, 32);
  EXPECT_EQ(ExecutionFailed::k_tag, 33);
  EXPECT_EQ(ExecutionCancelled::k_tag, 34);
  EXPECT_EQ(ExecutionTimedOut::k_tag, 35);
  EXPECT_EQ(ExecutionTerminated::k_tag, 36);
  EXPECT_EQ(TaskScheduled::k_tag, 64);
  EXPECT_EQ(TimerStarted::k_tag, 65);
  EXPECT_EQ(ChildScheduled::k_tag, 66);
  EXPECT_EQ(SignalSent::k_tag, 67);
  EXPECT_EQ(ConditionStarted::k_tag, 68);
  EXPECT_EQ(SignalExpected::k_tag, 69);
  EXPECT_EQ(TaskAttemptDeferred::k_tag, 17);
  EXPECT_EQ(UpdateReceived::k_tag, 21);
  EXPECT_EQ(CancelDelivered::k_tag, 22);
  EXPECT_EQ(ExecutionPaused::k_tag, 25);
  EXPECT_EQ(ExecutionResumed::k_tag, 26);
  EXPECT_EQ(ExecutionForked::k_tag, 27);
  EXPECT_EQ(ExecutionAdopted::k_tag, 28);
  EXPECT_EQ(ExecutionContinued::k_tag, 37);
  EXPECT_EQ(SignalsUnread::k_tag, 58);
  EXPECT_EQ(TransactionCalled::k_tag, 48);
  EXPECT_EQ(EntityCalled::k_tag, 49);
  EXPECT_EQ(TransactionSucceeded::k_tag, 50);
  EXPECT_EQ(TransactionFailed::k_tag, 51);
  EXPECT_EQ(EntitySucceeded::k_tag, 52);
  EXPECT_EQ(EntityFailed::k_tag, 53);
  EXPECT_EQ(CallCancelled::k_tag, 70);
  EXPECT_EQ(VersionMarked::k_tag, 72);
  EXPECT_EQ(UpdateSucceeded::k_tag, 73);
  EXPECT_EQ(UpdateFailed::k_tag, 74);
  EXPECT_EQ(CancelSent::k_tag, 75);
}

TEST(History, KnownBytesReadForEver) {
  // One turn as the first version wrote it: started with input 5 and derivation "d", then task
  // A("x") as call 0.
  const std::string bytes(
      "\x01\xd0\x0f\x01\x01\x09\x01"
      "5"
      "\x01"
      "d"
      "\x00\x00\x00\x00\x00\x01\x40\x0a\x00\x01"
      "A"
      "\x03\"x\"\x00\x00\x00",
      28);
  const Result<Turn> turn = decode_turn(bytes, 3);
  ASSERT_TRUE(turn) << turn.error().what();
  EXPECT_EQ(turn->number, 3U);
  EXPECT_EQ(turn->at.time_since_epoch().count(), 1000);
  const auto& started = std::get<ExecutionStarted>(turn->events.at(0));
  EXPECT_EQ(started.input.text, "5");
  EXPECT_EQ(started.derivation, "d");
  const auto& task = std::get<TaskScheduled>(turn->calls.at(0));
  EXPECT_EQ(task.task, "A");
  EXPECT_EQ(task.input.text, "\"x\"");
  EXPECT_FALSE(task.timeout.has_value());
}

TEST(History, AFieldThatAnOlderVersionDidNotWriteReadsAsItsDefault) {
  // task_scheduled that ends after its name
  const std::string bytes(
      "\x01\x00\x00\x01\x40\x03\x07\x01"
      "A",
      9);
  const Result<Turn> turn = decode_turn(bytes, 0);
  ASSERT_TRUE(turn) << turn.error().what();
  const auto& task = std::get<TaskScheduled>(turn->calls.at(0));
  EXPECT_EQ(task.seq, 7U);
  EXPECT_EQ(task.input.text, "null");
  EXPECT_FALSE(task.retry.has_value());
}

TEST(History, TruncatedBytesAreCorruptAndNeverReadAsAnotherTurn) {
  const Turn turn = random_turn(7);
  const std::string bytes = encode(turn);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Result<Turn> read = decode_turn(std::string_view(bytes).substr(0, size), 0);
    ASSERT_FALSE(read) << size;
    ASSERT_EQ(read.error().name(), error_names::k_corrupt) << size;
  }
  EXPECT_EQ(decode_turn(bytes + "x", 0).error().name(), error_names::k_corrupt);
}

TEST(History, CorruptBytesNeverCrash) {
  base::Random random(11);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string bytes = encode(random_turn(seed));
    for (int round = 0; round < 300; ++round) {
      std::string broken = bytes;
      for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
        broken[random.below(broken.size())] = static_cast<char>(random.next_u64());
      }
      const Result<Turn> read = decode_turn(broken, 0);
      if (read) {
        (void)encode(*read);
      } else {
        EXPECT_TRUE(read.error().name() == error_names::k_corrupt ||
                    read.error().name() == error_names::k_not_allowed);
      }
    }
  }
  for (int round = 0; round < 5000; ++round) {
    std::string noise;
    for (std::uint64_t size = random.below(64); size > 0; --size)
      noise.push_back(static_cast<char>(random.next_u64()));
    (void)decode_turn(noise, 0);
    if (!noise.empty()) noise[0] = 1;
    (void)decode_turn(noise, 0);
  }
}

TEST(History, ACountThatLiesIsCorruptAndTakesNoMemory) {
  std::string bytes("\x01\x00\xff\xff\xff\x07", 6);
  bytes.append(20'000'000, '\0');
  EXPECT_EQ(decode_turn(bytes, 0).error().name(), error_names::k_corrupt);
}

TEST(History, ANewerFormatOrEventIsRefusedWithTheWayOut) {
  std::string bytes = encode(random_turn(3));
  bytes[0] = 3;
  const Result<Turn> format = decode_turn(bytes, 0);
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().name(), error_names::k_not_allowed);
  EXPECT_NE(format.error().message().find("newer version"), std::string::npos)
      << format.error().message();
  const Result<Turn> kind = decode_turn(std::string_view("\x01\x00\x01\x7f\x00\x00", 6), 0);
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().name(), error_names::k_not_allowed);
  EXPECT_NE(kind.error().message().find("127"), std::string::npos);
  EXPECT_EQ(decode_turn(std::string_view("\0\0\0\0", 4), 0).error().name(), error_names::k_corrupt);
}

TEST(History, AJsonViewThatIsNoEventSaysWhatIsWrong) {
  const auto message = [](std::string_view text) {
    const Result<Event> event = from_json_view(Json::parse(text).value());
    return event ? std::string("accepted") : event.error().name() + ": " + event.error().message();
  };
  EXPECT_EQ(message("{}"), "InvalidInput: a history event has no type");
  EXPECT_EQ(message("5"), "InvalidInput: a history event has no type");
  EXPECT_EQ(message(R"({"type":"task_done"})"),
            "InvalidInput: unknown history event type 'task_done' (a newer version of the "
            "program may have written it)");
  for (const char* text :
       {R"({"type":"task_succeeded","seq":"x"})", R"({"type":"task_succeeded","seq":4294967296})",
        R"({"type":"task_succeeded","seq":-1})", R"({"type":"timer_started","due":"soon"})",
        R"({"type":"task_failed","error":{"name":5,"message":""}})",
        R"({"type":"task_scheduled","retry":{"max_attempts":1}})",
        R"({"type":"task_scheduled","timeout_ms":"1"})"}) {
    EXPECT_TRUE(message(text).starts_with("InvalidInput: history event "))
        << text << " -> " << message(text);
  }
}

TEST(History, TheViewLeavesOutWhatIsAbsent) {
  EXPECT_EQ(
      to_json_view(TaskSucceeded{3, 2, {"\"r\""}}, Timestamp(Duration(0))).dump(),
      R"({"type":"task_succeeded","seq":3,"at":"1970-01-01T00:00:00.000Z","attempt":2,"result":"r"})");
  EXPECT_EQ(to_json_view(CancelRequested{}, Timestamp(Duration(0))).dump(),
            R"({"type":"cancel_requested","at":"1970-01-01T00:00:00.000Z"})");
  TaskScheduled task;
  task.task = "A";
  EXPECT_EQ(
      to_json_view(task, Timestamp(Duration(0))).dump(),
      R"({"type":"task_scheduled","seq":0,"at":"1970-01-01T00:00:00.000Z","task":"A","input":null})");
}

TEST(History, SequenceNumbersBelongToCallsAndTheirAnswers) {
  EXPECT_EQ(seq_of(TaskScheduled{}), 0U);
  EXPECT_EQ(seq_of(TimerFired{4}), 4U);
  EXPECT_EQ(seq_of(SignalReceived{}), std::nullopt);
  EXPECT_TRUE(is_call(SignalExpected{}));
  EXPECT_FALSE(is_call(TaskSucceeded{}));
}

}  // namespace
}  // namespace eventual::model
