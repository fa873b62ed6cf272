// Kills a real process at random moments under load.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "base/random.hpp"
#include "crash/http_client.hpp"
#include "crash/load.hpp"
#include "crash/process.hpp"
#include "crash/verdict.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;

/// EVENTUAL_TEST_SEED, or another one each time.
std::uint64_t chosen_seed() {
  const char* text = std::getenv("EVENTUAL_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

void sleep_ms(std::uint64_t milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// What really ran, as the journal tells it.
struct Journal {
  std::size_t lines = 0;
  std::size_t repeated = 0;                  ///< the same attempt in another process
  std::map<std::string, std::size_t> times;  ///< by key
};

Journal summarise(const Workspace& workspace) {
  Journal journal;
  std::map<std::pair<std::string, std::uint32_t>, std::int64_t> seen;
  for (const JournalLine& line : read_journal(workspace)) {
    ++journal.lines;
    ++journal.times[line.key];
    const auto [first, is_new] = seen.emplace(std::pair(line.key, line.attempt), line.process);
    if (is_new) continue;
    if (first->second != line.process) ++journal.repeated;
    EXPECT_NE(first->second, line.process) << line.key << " ran twice within one process";
    first->second = line.process;
  }
  return journal;
}

void check_journal(const Journal& journal, const std::vector<Wanted>& executions) {
  const auto times = [&](const std::string& key) {
    const auto found = journal.times.find(key);
    return found == journal.times.end() ? std::size_t{0} : found->second;
  };
  for (const Wanted& wanted : executions) {
    if (wanted.workflow == "once") {
      EXPECT_LE(times(wanted.name + "/once"), 1U) << wanted.name << ": at most once";
    } else if (wanted.workflow == "saga") {
      for (const char* undone : {"/undo-book", "/undo-pay"}) {
        EXPECT_EQ(times(wanted.name + undone) > 0, wanted.fails) << wanted.name << undone;
      }
    } else if (wanted.workflow == "sequence") {
      EXPECT_GE(times(wanted.name + "/1"), 3U) << wanted.name << ": two failures and a success";
    }
  }
}

/// Some are also killed before they are ready, while they recover; those do not count.
void kill_again_and_again(const Workspace& workspace, Load& load, base::Random& random, int kills) {
  for (int kill = 0; kill < kills; ++kill) {
    ServiceProcess process(workspace);
    if (random.one_in(8)) {
      sleep_ms(random.below(120));
      process.kill();
    }
    const auto port = process.ended() ? std::nullopt : process.wait_ready();
    if (process.ended() && process.ended()->signal == SIGKILL) {
      --kill;  // it does not count
      continue;
    }
    ASSERT_TRUE(port) << process.output();
    load.set_port(*port);
    sleep_ms(50 + random.below(151));
    const Ending ending = process.kill();
    load.set_port(0);
    ASSERT_EQ(ending.signal, SIGKILL) << process.output();
  }
}

void survive(int kills) {
  const std::uint64_t seed = chosen_seed();
  fmt::print("seed {}: EVENTUAL_TEST_SEED={} repeats the choices, not the timing\n", seed, seed);
  SCOPED_TRACE(fmt::format("seed {}", seed));
  base::Random random(seed);
  const Workspace workspace;
  Load load(random.next_u64());
  kill_again_and_again(workspace, load, random, kills);
  if (testing::Test::HasFatalFailure()) return;

  ServiceProcess last(workspace);
  const auto port = last.wait_ready();
  ASSERT_TRUE(port) << last.output();
  load.set_port(*port);
  load.finish();
  EXPECT_EQ(to_text(load.complaints()), "");

  HttpClient client(*port);
  EXPECT_TRUE(eventually(60s, [&] { return open_executions(client, "running").empty(); }))
      << "stuck: " << to_text(open_executions(client, "running"));
  EXPECT_EQ(to_text(open_executions(client, "parked")), "");
  EXPECT_EQ(to_text(check_over_http(client, load.executions())), "");
  const auto ending = last.stop();
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 0) << last.output();

  const StoreCheck check = check_store(workspace.data(), load.executions());
  EXPECT_EQ(to_text(check.complaints), "");
  const Journal journal = summarise(workspace);
  check_journal(journal, load.executions());
  EXPECT_GT(journal.repeated, 0U) << "no kill hit an attempt: the test shows nothing";
  EXPECT_GT(load.repeated(), 0U) << "no kill hit a request: the test shows nothing";
  fmt::print(
      "{} kills, {} executions, {} history events, {} attempts, {} of them repeated, {} requests "
      "repeated\n",
      kills, check.executions, check.history_events, journal.lines, journal.repeated,
      load.repeated());
}

/// EVENTUAL_TEST_KILLS asks for more, or for a quick look.
TEST(Kill, FiftyKillsLoseNothingAndRepeatNothingThatWasRecorded) {
  const char* kills = std::getenv("EVENTUAL_TEST_KILLS");
  survive(kills != nullptr ? std::atoi(kills) : 50);
}

}  // namespace
}  // namespace crash
