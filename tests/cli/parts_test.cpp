// Texts, tables, times: what all verbs print with.
#include <gtest/gtest.h>

#include <vector>

#include "cli/calls.hpp"
#include "cli/history_files.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/waiting.hpp"

namespace eventual::cli {
namespace {

using namespace std::chrono_literals;

TEST(Text, WidthIsCountedAsATerminalShowsIt) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Zürich"), 6U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);  // a combining accent
  EXPECT_EQ(display_width("\xff\xfe"), 2U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 4), "abc…");
  EXPECT_EQ(cut("日本語", 5), "日本…");
  EXPECT_EQ(cut("日本語", 4), "日…");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(Text, CannotSteerTheTerminal) { EXPECT_EQ(one_line("a\nb\tc\x1b[31md"), "a b c?[31md"); }

TEST(Text, JsonIsBrokenWhereItDoesNotFit) {
  const Json json = Json::parse(R"({"id":"o-1","items":[1,2],"none":{}})").value();
  EXPECT_EQ(pretty(json), R"({"id": "o-1", "items": [1, 2], "none": {}})");
  EXPECT_EQ(pretty(json, 20), "{\n  \"id\": \"o-1\",\n  \"items\": [1, 2],\n  \"none\": {}\n}");
  EXPECT_EQ(pretty(json, 10),
            "{\n  \"id\": \"o-1\",\n  \"items\": [\n    1,\n    2\n  ],\n"
            "  \"none\": {}\n}");
}

TEST(Text, AWordIsRecognisedWhenItIsNearlyRight) {
  const std::vector<std::string> words{"start", "executions", "signal"};
  EXPECT_EQ(closest("strat", words), "start");
  EXPECT_EQ(closest("exec", words), "executions");
  EXPECT_EQ(closest("backup", words), "");
}

TEST(Wrapped, BreaksWideLinesUnderTheirSecondColumn) {
  EXPECT_EQ(wrapped("error: one two three\nshort\n", 14), "error: one two\nthree\nshort\n");
  EXPECT_EQ(wrapped("  --x N  one two three\n", 18), "  --x N  one two\n         three\n");
  EXPECT_EQ(wrapped("  --kind {one,two,three}", 16), "  --kind {one,\n    two,three}");
  EXPECT_EQ(wrapped("日本 日本 日本", 9), "日本 日本\n日本");
}

TEST(Wrapped, LeavesAWordThatIsTooWideAndAllInAPipe) {
  EXPECT_EQ(wrapped("aaaaaaaaaaaa b", 5), "aaaaaaaaaaaa\nb");
  EXPECT_EQ(wrapped("one two three", 0), "one two three");
}

TEST(Table, ColumnsAreAlignedWhateverTheirCharacters) {
  Table table({{"NAME", false, 4}, {"COUNT", true, 0}, {"WHAT", false, 4}});
  table.add({"日本", "7", "a"});
  table.add({"x", "1000", ""});
  EXPECT_EQ(table.text(Terminal{}),
            "NAME  COUNT  WHAT\n"
            "日本      7  a\n"
            "x      1000\n");
}

TEST(Table, FitsTheTerminalAndIsWholeInAPipe) {
  Table table({{"NAME", false, 8}, {"STATUS", false, 0}, {"WHAT", false, 8}});
  table.add({std::string(60, 'n'), "succeeded", std::string(30, 'w')});
  Terminal terminal;
  terminal.columns = 60;
  const std::string text = table.text(terminal);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(display_width(text.substr(at, end - at)), 60U);
    at = end + 1;
  }
  EXPECT_NE(text.find("  succeeded  "), std::string::npos);
  EXPECT_NE(table.text(Terminal{}).find(std::string(60, 'n')), std::string::npos);
}

TEST(Times, DurationsAreReadWithTheirUnits) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("90s").value(), 90s);
  EXPECT_EQ(parse_duration("1d12h").value(), 36h);
  EXPECT_EQ(parse_duration("1.5h").value(), 90min);
  EXPECT_EQ(parse_duration(" 2 h 5 m ").value(), 125min);
  for (const char* text : {"", "5", "h", "-1h", "1x", "1h-", "nan s", "1e9h", "99999999w"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Times, InstantsAreReadRelativeAndAbsolute) {
  const Timestamp now = parse_iso8601("2026-03-10T12:00:00Z").value();
  const auto read = [&](const char* text) { return to_iso8601(parse_time(text, now).value()); };
  EXPECT_EQ(read("2h"), "2026-03-10T10:00:00.000Z");
  EXPECT_EQ(read("2h ago"), "2026-03-10T10:00:00.000Z");
  EXPECT_EQ(read("now"), "2026-03-10T12:00:00.000Z");
  EXPECT_EQ(read("today"), "2026-03-10T00:00:00.000Z");
  EXPECT_EQ(read("yesterday"), "2026-03-09T00:00:00.000Z");
  EXPECT_EQ(read("2026-01-31"), "2026-01-31T00:00:00.000Z");
  EXPECT_EQ(read("2026-01-31T12:30"), "2026-01-31T12:30:00.000Z");
  EXPECT_EQ(read("2026-01-31 12:30:15"), "2026-01-31T12:30:15.000Z");
  EXPECT_EQ(read("2026-01-31T12:30:15.5+02:00"), "2026-01-31T10:30:15.500Z");
  for (const char* text :
       {"", "tomorrow?", "2026-13-01", "2026-01-31T", "12:00", "2026-01-31T25:00"}) {
    EXPECT_FALSE(parse_time(text, now)) << text;
  }
}

TEST(Times, DurationsAreShownWithTwoUnits) {
  EXPECT_EQ(show_duration(12ms), "12 ms");
  EXPECT_EQ(show_duration(1500ms), "1.5 s");
  EXPECT_EQ(show_duration(2000ms), "2 s");
  EXPECT_EQ(show_duration(59s), "59 s");
  EXPECT_EQ(show_duration(125s), "2 m 5 s");
  EXPECT_EQ(show_duration(2h), "2 h");
  EXPECT_EQ(show_duration(200min), "3 h 20 m");
  EXPECT_EQ(show_duration(102h), "4 d 6 h");
  const Timestamp now{};
  EXPECT_EQ(show_relative(now - 125s, now), "2 m 5 s ago");
  EXPECT_EQ(show_relative(now + 2h, now), "in 2 h");
  EXPECT_EQ(show_relative(now - 10ms, now), "just now");
}

Json execution_waiting_for(const std::string& entries) {
  return Json::parse(R"({"execution_id":"w/n","status":"running","closed_at":null,"error":null,)"
                     R"("waiting_for":[)" +
                     entries + "]}")
      .value();
}

TEST(Why, SaysForEachKindWhatItWaitsForSinceWhenAndWhatWouldWakeIt) {
  const Timestamp now = parse_iso8601("2026-03-10T12:00:00Z").value();
  const auto sentence = [&](const std::string& members) {
    return why(execution_waiting_for("{" + members + R"(,"since":"2026-03-10T11:58:55Z"})"), now);
  };
  EXPECT_EQ(sentence(R"("kind":"task","task":"charge","attempt":2,"max_attempts":5,)"
                     R"("state":"running","last_error":{"name":"Down","message":"no line"})"),
            "w/n waits for the task charge (attempt 2 of 5), since 1 m 5 s; its result wakes it; "
            "the attempt before failed with Down: no line.");
  EXPECT_EQ(sentence(R"("kind":"task","task":"charge","attempt":3,"max_attempts":5,)"
                     R"("state":"retry","next_at":"2026-03-10T12:01:00.000Z")"),
            "w/n waits for attempt 3 of 5 of the task charge, since 1 m 5 s, which begins in 1 m "
            "(2026-03-10T12:01:00.000Z).");
  EXPECT_EQ(sentence(R"("kind":"task","task":"charge","attempt":1,"max_attempts":1,)"
                     R"("state":"deferred")"),
            "w/n waits for somebody to complete the task charge (attempt 1 of 1) by its token, "
            "since 1 m 5 s; `eventual tasks complete <token> …` wakes it.");
  EXPECT_EQ(sentence(R"("kind":"task","task":"charge","attempt":1,"max_attempts":1,)"
                     R"("state":"limited")"),
            "w/n waits for its turn under the limit of the task charge (attempt 1 of 1), since 1 m "
            "5 s; it begins when others end.");
  EXPECT_EQ(sentence(R"("kind":"timer","due":"2026-03-10T14:00:00.000Z")"),
            "w/n waits for a timer, since 1 m 5 s; it wakes by itself in 2 h "
            "(2026-03-10T14:00:00.000Z).");
  EXPECT_EQ(sentence(R"("kind":"signal","signal":"go","location":"a.hpp:7",)"
                     R"("times_out_at":"2026-03-10T13:00:00.000Z")"),
            "w/n waits for the signal go at a.hpp:7, since 1 m 5 s; `eventual signal w/n go …` "
            "wakes it, or its time limit in 1 h (2026-03-10T13:00:00.000Z).");
  EXPECT_EQ(sentence(R"("kind":"condition","location":"a.hpp:7")"),
            "w/n waits for a condition at a.hpp:7, since 1 m 5 s; a signal, update or result that "
            "makes it true wakes it.");
  EXPECT_EQ(sentence(R"("kind":"child","execution_id":"c/1")"),
            "w/n waits for its child c/1, since 1 m 5 s; the child's end wakes it (see `eventual "
            "why c/1`).");
  EXPECT_EQ(sentence(R"("kind":"signal_send","signal":"go")"),
            "w/n waits for the receiver of its signal go to store it, since 1 m 5 s; that wakes "
            "it.");
  EXPECT_EQ(sentence(R"("kind":"cancel_send","execution_id":"c/1")"),
            "w/n waits for c/1 to hear of its cancellation, since 1 m 5 s; that wakes it.");
  EXPECT_EQ(sentence(R"("kind":"paused","reason":"asking","kept":2)"),
            "w/n is paused (asking), since 1 m 5 s (2 kept meanwhile); `eventual resume w/n` lets "
            "it go on.");
  EXPECT_EQ(sentence(R"("kind":"parked","reason":"DeterminismError","message":"differs","kept":0)"),
            "w/n is parked with DeterminismError: differs, since 1 m 5 s; repair the cause, then "
            "`eventual resume w/n` tries it again.");
  EXPECT_EQ(sentence(R"("kind":"moon","phase":"full")"),
            "w/n waits for moon (phase full), since 1 m 5 s.");
}

TEST(Why, TellsAllOfSeveralAndNoneOfAClosedOne) {
  const Timestamp now = parse_iso8601("2026-03-10T12:00:00Z").value();
  EXPECT_EQ(why(execution_waiting_for(
                    R"({"kind":"paused","reason":"","kept":0,"since":"2026-03-10T11:59:00Z"},)"
                    R"({"kind":"child","execution_id":"c/1","since":"2026-03-10T11:59:00Z"})"),
                now),
            "w/n is paused, since 1 m; `eventual resume w/n` lets it go on, and then waits for its "
            "child c/1, since 1 m; the child's end wakes it (see `eventual why c/1`).");
  EXPECT_EQ(why(execution_waiting_for(""), now), "w/n is about to run: nothing holds it.");
  EXPECT_EQ(why(Json::parse(R"({"execution_id":"w/n","status":"failed","waiting_for":[],)"
                            R"("closed_at":"2026-03-10T11:00:00Z",)"
                            R"("error":{"name":"Bad","message":"x"}})")
                    .value(),
                now),
            "w/n waits for nothing: it is failed since 1 h (Bad: x).");
}

TEST(Calls, AttemptsAndPausesBetweenThemAreTaken) {
  const Json events = Json::parse(R"([
    {"type":"execution_started","at":"2026-03-10T12:00:00Z"},
    {"type":"task_scheduled","at":"2026-03-10T12:00:00Z","seq":1,"task":"charge"},
    {"type":"task_attempt_failed","at":"2026-03-10T12:00:01Z","seq":1,"error":{"name":"Down"}},
    {"type":"task_attempt_started","at":"2026-03-10T12:00:03Z","seq":1},
    {"type":"task_succeeded","at":"2026-03-10T12:00:04Z","seq":1},
    {"type":"condition_started","at":"2026-03-10T12:00:04Z","seq":2},
    {"type":"signal_received","at":"2026-03-10T12:00:09Z","signal":"go"},
    {"type":"timer_started","at":"2026-03-10T12:00:09Z","seq":3},
    {"type":"timer_fired","at":"2026-03-10T12:00:10Z","seq":3},
    {"type":"child_scheduled","at":"2026-03-10T12:00:10Z","seq":4,"workflow":"ship"},
    {"type":"child_started","at":"2026-03-10T12:00:11Z","seq":4,"execution_id":"ship/1"},
    {"type":"execution_terminated","at":"2026-03-10T12:00:12Z"}])")
                          .value();
  const Calls calls = calls_of(events);
  ASSERT_EQ(calls.calls.size(), 5U);
  EXPECT_EQ(calls.outcome, "terminated");
  const Call& task = calls.calls[0];
  ASSERT_EQ(task.attempts.size(), 2U);
  EXPECT_EQ(task.attempts[0].error, "Down");
  EXPECT_EQ(*task.attempts[0].ended - task.attempts[0].began, 1s);
  EXPECT_EQ(task.attempts[1].began - *task.attempts[0].ended, 2s);
  EXPECT_EQ(task.outcome, "succeeded");
  EXPECT_EQ(calls.calls[1].outcome, "met");  // it ended where the code went on
  EXPECT_EQ(*calls.calls[1].ended - calls.calls[1].began, 5s);
  EXPECT_EQ(calls.calls[2].outcome, "received");
  EXPECT_EQ(calls.calls[3].outcome, "fired");
  EXPECT_EQ(calls.calls[4].name, "ship/1");
  EXPECT_EQ(calls.calls[4].outcome, "left");
}

TEST(HistoryFiles, DocumentsBehindOneAnotherAreToldApart) {
  using Texts = std::vector<std::string_view>;
  EXPECT_EQ(split_documents("{}"), Texts({"{}"}));
  EXPECT_EQ(split_documents(" {\"a\": {}}\n{\"b\": \"}{\\\"}\"}{} \n"),
            Texts({"{\"a\": {}}", "{\"b\": \"}{\\\"}\"}", "{}"}));
  // What is none is told by who reads it as one document.
  for (const std::string_view text : {"", " ", "[{}]", "{} x", "{", "{\"a", "{\"a\\"})
    EXPECT_EQ(split_documents(text), Texts({text})) << text;
}

}  // namespace
}  // namespace eventual::cli
