#include "client/event_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace eventual::client {
namespace {

std::vector<std::string> read(const std::string& bytes, std::size_t piece) {
  EventStreamReader reader;
  std::vector<std::string> events;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(std::string_view(bytes).substr(at, piece), [&](const ServerSentEvent& event) {
      events.push_back(event.event + "#" + event.id + ":" + event.data);
      return true;
    });
  }
  return events;
}

TEST(EventStream, GivesTheSameEventsHoweverTheBytesAreCut) {
  const std::string bytes =
      ": hello\n\nevent: change\nid: 7\ndata: {\"a\":1}\n\ndata: one\r\ndata:two\r\n\r\n"
      "event: nothing\n\nretry: 10\ndata\n\ndata: not ended\n";
  const std::vector<std::string> expected{"change#7:{\"a\":1}", "message#7:one\ntwo", "message#7:"};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_EQ(read(bytes, piece), expected) << "pieces of " << piece;
  }
}

TEST(EventStream, StopsWhereTheTakerHasEnough) {
  EventStreamReader reader;
  int taken = 0;
  EXPECT_FALSE(reader.feed("data: 1\n\ndata: 2\n\n", [&](const ServerSentEvent&) {
    ++taken;
    return false;
  }));
  EXPECT_EQ(taken, 1);
}

}  // namespace
}  // namespace eventual::client
