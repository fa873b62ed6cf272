#include "gateway/change_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/pipe.hpp"

namespace eventual::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

FeedRequest everything() {
  FeedRequest request;
  request.history = true;
  return request;
}

model::ExecutionRecord record(model::Status status, std::uint32_t run = 1) {
  model::ExecutionRecord record;
  record.run = run;
  record.status = status;
  return record;
}

LogLine line(std::string message, LogLevel level = LogLevel::info, std::string execution_id = {}) {
  LogLine line;
  line.number = 1;
  line.level = level;
  line.execution_id = std::move(execution_id);
  line.message = std::move(message);
  return line;
}

/// The connection's side of a stream: takes what is written when it is told that there is some.
class Reader {
 public:
  explicit Reader(ChangeFeed& feed, FeedRequest request = everything()) {
    // Shared: the feed may still tell of the last bytes when the reader has gone.
    pipe_->set_wake([signal = signal_] {
      const std::lock_guard lock(signal->mutex);
      signal->woken = true;
      signal->changed.notify_one();
    });
    EXPECT_TRUE(feed.watch(pipe_, std::move(request)));
    read_until("event: ready\ndata: {\"resumed\":false}\n\n");
  }

  /// Waits for it, and gives all up to its end that was not given before.
  std::string read_until(const std::string& text) {
    std::size_t at = 0;
    while ((at = read_.find(text)) == std::string::npos) {
      if (!take()) {
        ADD_FAILURE() << "the stream ended without " << text << "; there was " << read_;
        return {};
      }
    }
    std::string given = read_.substr(0, at + text.size());
    read_.erase(0, given.size());
    return given;
  }

  std::string read_to_end() {
    while (take()) {
    }
    return std::exchange(read_, {});
  }

  Pipe& pipe() { return *pipe_; }

 private:
  struct Signal {
    std::mutex mutex;
    std::condition_variable changed;
    bool woken = false;
  };

  /// Waits until there is something new; false at the end.
  bool take() {
    for (;;) {
      const std::size_t before = read_.size();
      std::string piece;
      const Pipe::State state = pipe_->take(piece);
      read_ += piece;
      if (read_.size() > before) return true;
      if (state != Pipe::State::more) return false;
      std::unique_lock lock(signal_->mutex);
      signal_->changed.wait(lock, [&] { return signal_->woken; });
      signal_->woken = false;
    }
  }

  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::shared_ptr<Pipe> pipe_ = std::make_shared<Pipe>();
  std::string read_;
};

TEST(ChangeFeed, NothingIsKeptWhileNobodyWatches) {
  ChangeFeed feed;
  EXPECT_FALSE(feed.watched());
  feed.stored("order/before", record(model::Status::running));
  Reader reader(feed);
  EXPECT_TRUE(feed.watched());
  feed.logged(line("the end"));
  EXPECT_THAT(reader.read_until("the end"), Not(HasSubstr("before")));
}

TEST(ChangeFeed, AnExecutionIsToldWhenItsStatusChanges) {
  ChangeFeed feed;
  Reader reader(feed);
  for (int turn = 0; turn < 3; ++turn) feed.stored("order/o-1", record(model::Status::running));
  feed.stored("order/o-1", record(model::Status::succeeded));
  feed.stored("order/o-1", record(model::Status::running, 2));
  feed.logged(line("the end"));
  const std::string text = reader.read_until("the end");
  EXPECT_THAT(text, StartsWith("event: execution\ndata: {\"execution_id\":\"order/o-1\",\"run\":1,"
                               "\"workflow\":\"order\",\"name\":\"o-1\",\"status\":\"running\","
                               "\"started_at\":\"1970-01-01T00:00:00.000Z\",\"closed_at\":null}"
                               "\n\n"));
  std::vector<std::string> statuses;
  for (std::size_t at = 0; (at = text.find("\"status\":\"", at)) != std::string::npos;) {
    at += 10;
    statuses.push_back(text.substr(at, text.find('"', at) - at));
  }
  EXPECT_THAT(statuses, ElementsAre("running", "succeeded", "running"));
}

TEST(ChangeFeed, EventsAndGrowingHistoriesAreTold) {
  ChangeFeed feed;
  Reader reader(feed);
  feed.history_grew("order/o-1", 2);
  model::StoredEvent event;
  event.name = "orderPlaced";
  event.id = "e-1";
  event.key = "sam";
  feed.emitted(7, event);
  EXPECT_EQ(reader.read_until("sam\",\"source\":null}\n\n"),
            "event: history\ndata: {\"execution_id\":\"order/o-1\",\"run\":2}\n\n"
            "event: event\ndata: {\"number\":7,\"name\":\"orderPlaced\",\"id\":\"e-1\","
            "\"at\":\"1970-01-01T00:00:00.000Z\",\"key\":\"sam\",\"source\":null}\n\n");
}

TEST(ChangeFeed, EachHearsWhatItAskedFor) {
  ChangeFeed feed;
  FeedRequest warnings = everything();
  warnings.executions = warnings.history = warnings.events = false;
  warnings.least = LogLevel::warn;
  FeedRequest of_workflow = everything();
  of_workflow.log = of_workflow.history = of_workflow.events = false;
  of_workflow.workflow = "order";
  FeedRequest of_one = everything();
  of_one.execution_id = "order/o-2";
  Reader log(feed, warnings);
  Reader orders(feed, of_workflow);
  Reader one(feed, of_one);
  feed.stored("trip/t-1", record(model::Status::running));
  feed.history_grew("order/o-1", 1);
  feed.stored("order/o-1", record(model::Status::running));
  feed.stored("order/o-2", record(model::Status::running));
  feed.logged(line("quiet"));
  feed.logged(line("loud", LogLevel::error, "order/o-2"));
  feed.stored("order/o-2", record(model::Status::failed));

  const std::string heard_of_log = log.read_until("loud");
  EXPECT_THAT(heard_of_log, Not(HasSubstr("event: execution")));
  EXPECT_THAT(heard_of_log, Not(HasSubstr("quiet")));
  const std::string heard_of_orders = orders.read_until("failed");
  EXPECT_THAT(heard_of_orders, HasSubstr("order/o-1"));
  EXPECT_THAT(heard_of_orders, Not(HasSubstr("trip")));
  EXPECT_THAT(heard_of_orders, Not(HasSubstr("event: log")));
  EXPECT_THAT(heard_of_orders, Not(HasSubstr("event: history")));
  const std::string heard_of_one = one.read_until("failed");
  EXPECT_THAT(heard_of_one, HasSubstr("loud"));
  EXPECT_THAT(heard_of_one, Not(HasSubstr("order/o-1")));
}

TEST(ChangeFeed, OneThatReadsTooSlowlyIsDroppedAndToldSo) {
  ChangeFeed feed;
  Reader slow(feed);
  Reader quick(feed);
  const std::string big(ChangeFeed::k_watcher_bytes_max * 3 / 4, 'x');
  feed.logged(line(big + "1"));
  quick.read_until("x1");
  feed.logged(line(big + "2"));  // no room for both
  quick.read_until("x2");
  feed.logged(line("the end"));
  quick.read_until("the end");
  const std::string text = slow.read_to_end();
  EXPECT_THAT(text, HasSubstr("x1"));
  EXPECT_THAT(text, Not(HasSubstr("x2")));
  EXPECT_THAT(text, EndsWith("event: dropped\ndata: "
                             "{\"reason\":\"it was read too slowly, connect again\"}\n\n"));
}

TEST(ChangeFeed, ASilentStreamHasSignsOfLife) {
  ChangeFeed feed(Duration(1));
  Reader reader(feed);
  EXPECT_THAT(reader.read_until(":\n\n:\n\n"), Not(HasSubstr("event")));
}

TEST(ChangeFeed, OneThatHasGoneMakesRoomForAnother) {
  ChangeFeed feed;
  std::vector<std::unique_ptr<Reader>> readers;
  for (std::size_t i = 0; i < ChangeFeed::k_watchers_max; ++i)
    readers.push_back(std::make_unique<Reader>(feed));
  EXPECT_FALSE(feed.has_room());
  EXPECT_FALSE(feed.watch(std::make_shared<Pipe>(), {}));
  readers.front()->pipe().close();
  // Noticed when something happens; what is told next shows that it was.
  for (const char* text : {"first", "second"}) {
    feed.logged(line(text));
    readers.back()->read_until(text);
  }
  EXPECT_TRUE(feed.has_room());
  Reader another(feed);
}

TEST(ChangeFeed, ANewOneHearsOfAStatusThatAnotherHasHeard) {
  ChangeFeed feed;
  Reader first(feed);
  feed.stored("order/o-1", record(model::Status::parked));
  first.read_until("parked");
  Reader second(feed);
  feed.stored("order/o-1", record(model::Status::parked));
  second.read_until("parked");
}

TEST(ChangeFeed, KindsThatNobodyWatchesAreLeftOut) {
  using Kind = ChangeFeed::Kind;
  ChangeFeed feed;
  FeedRequest log_only;
  log_only.executions = log_only.events = false;
  Reader reader(feed, log_only);
  EXPECT_TRUE(feed.watched(Kind::log));
  EXPECT_FALSE(feed.watched(Kind::execution));
  EXPECT_FALSE(feed.watched(Kind::history));
  EXPECT_FALSE(feed.watched(Kind::event));
}

TEST(ChangeFeed, ItsEndEndsEachStream) {
  ChangeFeed feed;
  Reader reader(feed);
  feed.end();
  EXPECT_EQ(reader.read_to_end(), "");
  EXPECT_FALSE(feed.watched());
  EXPECT_FALSE(feed.watch(std::make_shared<Pipe>(), {}));
}

}  // namespace
}  // namespace eventual::gateway
