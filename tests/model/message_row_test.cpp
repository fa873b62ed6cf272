// Rows of messages: with their payloads, and with the turn that records it.
#include "model/message_row.hpp"

#include <gtest/gtest.h>

#include <string>

namespace eventual::model {
namespace {

Message message() {
  Message value;
  value.kind = Message::Kind::signal;
  value.to = "w/a";
  value.from = "w/b";
  value.from_run = 2;
  value.from_seq = 7;
  value.name = "go";
  value.payload = "\"what it says\"";
  return value;
}

TEST(MessageRow, OneWithItsPayloadIsReadAsBefore) {
  const auto row = decode_message_row(encode(message()));
  ASSERT_TRUE(row);
  EXPECT_FALSE(row->turn);
  EXPECT_EQ(encode(row->message), encode(message()));
}

TEST(MessageRow, OneThatNamesATurnHoldsAllButThePayload) {
  Message given = message();
  const std::string bytes = encode_recorded(given, 300);
  EXPECT_EQ(encode(given), encode(message())) << "the message keeps its payload";
  EXPECT_EQ(bytes.find("what it says"), std::string::npos);
  auto row = decode_message_row(bytes);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->turn, 300U);
  EXPECT_EQ(row->message.payload, "");
  row->message.payload = message().payload;
  EXPECT_EQ(encode(row->message), encode(message()));
}

TEST(MessageRow, WhoDoesNotKnowTheFormTakesItForANewerOne) {
  Message given = message();
  const auto read = decode_message(encode_recorded(given, 1));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().name(), error_names::k_not_allowed);
}

TEST(MessageRow, ADamagedOneIsCorrupt) {
  Message given = message();
  const std::string whole = encode_recorded(given, 300);
  for (std::size_t bytes = 0; bytes < 3; ++bytes) {
    const auto read = decode_message_row(whole.substr(0, bytes));
    ASSERT_FALSE(read) << bytes;
    EXPECT_EQ(read.error().name(), error_names::k_corrupt) << bytes;
  }
}

TEST(MessageRow, ATurnRecordsThePayloadOfItsCallOrItsEnd) {
  Turn turn;
  turn.events.push_back(ExecutionSucceeded{{"\"result\""}});
  SignalSent other{6, "w/a", "go", {"\"other\""}, {}};
  SignalSent sent{7, "w/a", "go", {"\"sent\""}, {}};
  ChildScheduled child;
  child.seq = 8;
  child.input.text = "\"input\"";
  turn.calls = {other, sent, child};

  Message asked = message();
  ASSERT_NE(payload_in(turn, asked), nullptr);
  EXPECT_EQ(*payload_in(turn, asked), "\"sent\"");
  EXPECT_EQ(payload_in(Turn{}, asked), nullptr);
  asked.kind = Message::Kind::start_child;
  EXPECT_EQ(payload_in(turn, asked), nullptr) << "that call is a signal";
  asked.from_seq = 8;
  ASSERT_NE(payload_in(turn, asked), nullptr);
  EXPECT_EQ(*payload_in(turn, asked), "\"input\"");
  asked.kind = Message::Kind::child_closed;
  ASSERT_NE(payload_in(turn, asked), nullptr);
  EXPECT_EQ(*payload_in(turn, asked), "\"result\"");
  EXPECT_EQ(payload_in(Turn{}, asked), nullptr);
  asked.kind = Message::Kind::cancel;
  EXPECT_EQ(payload_in(turn, asked), nullptr);
}

}  // namespace
}  // namespace eventual::model
