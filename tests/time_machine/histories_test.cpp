// Exported histories in a test: what docs/time-machine.md shows.
#include <gtest/gtest.h>

#include <eventual/replay.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "base/random.hpp"
#include "time_machine/process.hpp"
#include "time_machine/service.hpp"

namespace time_machine {
namespace {

// [histories]
TEST(Histories, TodaysCodeTakesUpWhatIsRecorded) {
  EXPECT_EQ(ev::replay_histories(service, source("tests/time_machine/histories/trip-open.json")),
            1U);
}
// [/histories]

TEST(Histories, ADifferenceIsThrownWithTheFileAndBothSides) {
  ev::Service other{"trips"};
  other.workflow("trip", [](Trip input) -> ev::Future<std::string> {
    co_return co_await ship("nothing but " + input.id);
  });
  try {
    ev::replay_histories(other, source("tests/time_machine/histories/trip-open.json"));
    FAIL() << "the code differs";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "DeterminismError");
    EXPECT_NE(error.message().find("trip-open.json: execution trip/t-1: "), std::string::npos);
    EXPECT_NE(error.details_json().find("\"recorded\":{\"type\":\"task_scheduled\""),
              std::string::npos)
        << error.details_json();
  }
}

TEST(Histories, AnEmptyFolderIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THROW(ev::replay_histories(service, folder.path()), ev::Error);
}

TEST(Histories, DamagedOnesAreRefusedOrDifferAndNeverCrash) {
  std::ifstream file(source("tests/time_machine/histories/trip-open.json"));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  eventual::base::Random random(11);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = text;
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      const std::size_t at = random.below(damaged.size());
      switch (random.below(3)) {
        case 0:
          damaged[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          damaged.erase(at, 1 + random.below(20));
          break;
        default:
          damaged.insert(at, damaged.substr(random.below(damaged.size()), random.below(40)));
      }
      if (damaged.empty()) damaged = "{";
    }
    try {
      ev::replay_history(service, damaged);
    } catch (const ev::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace time_machine
