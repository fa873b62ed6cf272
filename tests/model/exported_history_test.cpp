#include "model/exported_history.hpp"

#include <gtest/gtest.h>

namespace eventual::model {
namespace {

ExportedHistory sample() {
  ExecutionStarted started;
  started.input.text = R"({"id":"o-1","ratio":0.5,"big":18446744073709551615})";
  started.derivation = "d";
  started.carried_signals = JsonText{R"([{"signal":"go","payload":null}])"};
  TaskScheduled call;
  call.task = "charge";
  call.input.text = "\"é\\n\"";
  call.timeout = Duration(5);
  call.retry = RetryPolicy{.max_attempts = 3};
  TaskFailed failed;
  failed.error = ErrorRecord(Error("Declined", "no", R"({"code":7})"));
  ExecutionFailed closed;
  closed.error = failed.error;
  const Timestamp at = parse_iso8601("2026-01-01T00:00:00.007Z").value();
  ExportedHistory history;
  history.execution_id = "order/\"é\"";
  history.run = 3;
  history.status = "failed";
  history.turns.push_back(Turn{0, at, {started}, {call}});
  history.turns.push_back(Turn{1, at + Duration(1), {failed, closed}, {}});
  return history;
}

std::string views(const std::vector<Turn>& turns) {
  std::string text;
  for (const Turn& turn : turns) {
    for (const auto* events : {&turn.events, &turn.calls})
      for (const Event& event : *events)
        text += std::to_string(turn.number) + to_json_view(event, turn.at).dump() + "\n";
  }
  return text;
}

TEST(ExportedHistory, ReadsWhatWasWritten) {
  const ExportedHistory written = sample();
  const auto read = read_history(write_history(written));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->execution_id, written.execution_id);
  EXPECT_EQ(read->workflow(), "order");
  EXPECT_EQ(read->run, 3U);
  EXPECT_EQ(read->status, "failed");
  EXPECT_EQ(views(read->turns), views(written.turns));
  EXPECT_TRUE(check_history(*read).ok());
}

TEST(ExportedHistory, APageCannotBeReplayed) {
  ExportedHistory page = sample();
  page.cursor = "2.0";
  const auto read = read_history(write_history(page));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->cursor, "2.0");
  EXPECT_NE(check_history(*read).error().message().find("only a page"), std::string::npos);
}

TEST(ExportedHistory, WhatWasKeptIsPartOfIt) {
  ExportedHistory history = sample();
  EXPECT_NE(write_history(history).find("\"version\":1"), std::string::npos)
      << "older programs read what has nothing new";
  history.kept = {SignalReceived{"go", {"\"a\""}, "m-1"}, TaskSucceeded{3, 1, {"5"}},
                  CancelRequested{}};
  const std::string text = write_history(history);
  EXPECT_NE(text.find("\"version\":2"), std::string::npos);
  const auto read = read_history(text);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(check_history(*read).ok());
  ASSERT_EQ(read->kept.size(), 3U);
  EXPECT_EQ(write_history(*read), text);

  for (const Event& never : {Event(ExecutionSucceeded{}), Event(TaskAttemptStarted{})}) {
    history.kept = {never};
    EXPECT_NE(check_history(history).error().message().find("never kept"), std::string::npos);
  }
}

TEST(ExportedHistory, ANewerVersionSaysSo) {
  const auto read = read_history(R"({"format":"eventual-history","version":3,"something":"new"})");
  EXPECT_EQ(read.error().name(), error_names::k_not_allowed);
  EXPECT_EQ(read.error().message(),
            "the history has format 3, this program reads formats up to 2: use a newer version of "
            "the program");
}

TEST(ExportedHistory, AnUnknownTypeOfEventNamesItsPlace) {
  std::string text = write_history(sample());
  text.replace(text.find("task_failed"), 11, "task_melted");
  EXPECT_EQ(read_history(text).error().message(),
            "/turns/1/events/0: unknown history event type 'task_melted' (a newer version of the "
            "program may have written it)");
}

TEST(ExportedHistory, PlainEventsAreGroupedIntoTurnsByTimeAndOrder) {
  const auto read = read_history(R"({"events":[
    {"type":"execution_started","at":"2026-01-01T00:00:00.000Z","input":1,"derivation":"d"},
    {"type":"timer_started","seq":0,"at":"2026-01-01T00:00:00.000Z","due":"2026-01-01T00:00:01.000Z"},
    {"type":"signal_received","at":"2026-01-01T00:00:00.000Z","signal":"go","payload":null},
    {"type":"timer_fired","seq":0,"at":"2026-01-01T00:00:01.000Z"}],"cursor":null})");
  ASSERT_TRUE(read.ok()) << read.error().message();
  ASSERT_EQ(read->turns.size(), 3U);
  EXPECT_EQ(read->turns[0].calls.size(), 1U);
  EXPECT_EQ(read->turns[1].events.size(), 1U);
  EXPECT_EQ(read->turns[2].number, 2U);
}

struct Bad {
  const char* what;
  const char* from;
  const char* to;
};

TEST(ExportedHistory, WhatCannotBeReplayedIsRefused) {
  const std::string good = write_history(sample());
  ASSERT_TRUE(check_history(read_history(good).value()).ok());
  const Bad bad[] = {
      {"no format", "eventual-history", "eventual-letters"},
      {"no version", "\"version\":1", "\"version\":-1"},
      {"no run", "\"run\":3", "\"run\":0"},
      {"no execution id", "order/", "order"},
      {"a turn that is missing", "\"number\":1", "\"number\":2"},
      {"no start", "execution_started", "cancel_requested"},
      {"two starts", "task_failed", "execution_started"},
      {"a call among events", "task_failed", "timer_started"},
      {"an event among calls", "task_scheduled", "timer_fired"},
      {"no time", "2026-01-01T00:00:00.008Z", "tomorrow"},
      {"a time that nobody can count on from", "2026-01-01T00:00:00.008Z",
       "0895-01-01T00:00:00.008Z"},
      {"signals that are none", R"("carried_signals":[{"signal":"go")",
       R"("carried_signals":[{"signal":7)"},
  };
  for (const Bad& one : bad) {
    std::string text = good;
    const std::size_t at = text.find(one.from);
    ASSERT_NE(at, std::string::npos) << one.what;
    text.replace(at, std::string_view(one.from).size(), one.to);
    auto read = read_history(text);
    const bool refused = !read.ok() || !check_history(*read).ok();
    EXPECT_TRUE(refused) << one.what << "\n" << text;
  }
}

}  // namespace
}  // namespace eventual::model
