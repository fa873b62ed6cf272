#include "gateway/pipe.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace eventual::gateway {
namespace {

TEST(Pipe, GivesWhatWasPutUntilItsEnd) {
  Pipe pipe;
  pipe.put("one");
  pipe.put("two");
  EXPECT_EQ(pipe.read(), "onetwo");
  pipe.put("three");
  pipe.end();
  EXPECT_EQ(pipe.read(), "three");
  EXPECT_EQ(pipe.read(), "");
}

TEST(Pipe, GivesWhatCameBeforeAFailureAndThenTheFailure) {
  Pipe pipe;
  pipe.put("one");
  pipe.fail(http::HttpError(413, "LimitExceeded", "too large"));
  EXPECT_EQ(pipe.read(), "one");
  try {
    pipe.read();
    FAIL() << "it has failed";
  } catch (const http::HttpError& error) {
    EXPECT_EQ(error.status(), 413);
  }
}

TEST(Pipe, AFullOneTellsWhenThereIsRoomAgain) {
  Pipe pipe;
  int woken = 0;
  pipe.set_wake([&] { ++woken; });
  pipe.put("x");
  EXPECT_FALSE(pipe.full());
  (void)pipe.read();
  EXPECT_EQ(woken, 0);
  pipe.put(std::string(Pipe::k_bytes_max, 'x'));
  EXPECT_TRUE(pipe.full());
  (void)pipe.read();
  EXPECT_EQ(woken, 1);
}

TEST(Pipe, AWriterWaitsUntilSomeIsTaken) {
  Pipe pipe;
  std::atomic<bool> second_written{false};
  pipe.write(std::string(Pipe::k_bytes_max, 'a'));
  std::thread writer([&] {
    pipe.write("b");
    second_written = true;
    pipe.finish(true);
  });
  std::string all;
  EXPECT_FALSE(second_written.load());
  while (pipe.take(all) == Pipe::State::more) std::this_thread::yield();
  writer.join();
  (void)pipe.take(all);
  EXPECT_EQ(all.size(), Pipe::k_bytes_max + 1);
}

TEST(Pipe, AWriterIsToldWhenNobodyTakesAnyMore) {
  Pipe pipe;
  pipe.write(std::string(Pipe::k_bytes_max, 'a'));
  std::thread writer([&] {
    try {
      pipe.write("b");
      ADD_FAILURE() << "nobody takes it";
    } catch (const Error& error) {
      EXPECT_EQ(error.name(), "Closed");
    }
  });
  pipe.close();
  writer.join();
  EXPECT_TRUE(pipe.closed());
}

}  // namespace
}  // namespace eventual::gateway
