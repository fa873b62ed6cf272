// Kills a process under transactions: each that has an id happens exactly once, and money is
// neither made nor lost; every change of an item is told, in order.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "crash/http_client.hpp"
#include "crash/process.hpp"
#include "eventual/json.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;
using eventual::base::Random;

constexpr int k_clients = 3;
constexpr int k_purses = 5;
constexpr int k_kills = 12;

/// Sends moves, each until it is acknowledged, to whatever process there is.
class Movers {
 public:
  explicit Movers(std::uint64_t seed) {
    for (int client = 0; client < k_clients; ++client)
      threads_.emplace_back([this, client, seed] {
        run(client, Random(seed + 1 + static_cast<std::uint64_t>(client)));
      });
  }
  ~Movers() { finish(); }

  void set_port(std::uint16_t port) { port_.store(port); }
  /// Lets each end the move that it is at.
  void finish() {
    ending_.store(true);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::size_t acknowledged() const { return acknowledged_.load(); }
  std::size_t repeated() const { return repeated_.load(); }
  std::size_t refused() const { return refused_.load(); }

 private:
  void run(int client, Random random) {
    for (int number = 0; !ending_.load(); ++number) {
      const auto from = random.below(k_purses);
      const auto to = (from + 1 + random.below(k_purses - 1)) % k_purses;
      const std::string id = fmt::format("c{}-{}", client, number);
      const std::string body =
          fmt::format(R"({{"input":{{"id":"{}","from":"p{}","to":"p{}","amount":{}}},"id":"{}"}})",
                      id, from, to, 1 + random.below(9), id);
      for (bool again = false;; again = true) {
        const std::uint16_t port = port_.load();
        if (port == 0) {
          std::this_thread::sleep_for(5ms);
          continue;
        }
        HttpClient http(port);
        const auto answer = http.post("/_eventual/transactions/move", body);
        if (answer && answer->status == 200) break;
        // A process that is ending may refuse; anything else is wrong.
        if (answer && answer->status != 503) ++refused_;
        if (!again) ++repeated_;
        std::this_thread::sleep_for(5ms);
      }
      ++acknowledged_;
    }
  }

  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> ending_{false};
  std::atomic<std::size_t> acknowledged_{0};
  std::atomic<std::size_t> repeated_{0};
  std::atomic<std::size_t> refused_{0};
  std::vector<std::thread> threads_;
};

/// All items of an entity.
std::vector<eventual::Json> items(HttpClient& client, const std::string& entity) {
  std::vector<eventual::Json> all;
  std::string cursor;
  do {
    const auto page =
        client.get("/_eventual/entities/" + entity + "?limit=1000&cursor=" + cursor).value().json();
    for (const eventual::Json& item : page["items"].as_array()) all.push_back(item);
    cursor = page["cursor"].is_string() ? page["cursor"].as_string() : std::string();
  } while (!cursor.empty());
  return all;
}

TEST(Kill, TransactionsWithAnIdHappenExactlyOnce) {
  const Workspace workspace;
  Random random(20260101);
  Movers movers(7);
  for (int kill = 0; kill < k_kills; ++kill) {
    ServiceProcess process(workspace);
    const auto port = process.wait_ready();
    ASSERT_TRUE(port) << process.output();
    movers.set_port(*port);
    std::this_thread::sleep_for(std::chrono::milliseconds(40 + random.below(160)));
    const Ending ending = process.kill();
    movers.set_port(0);
    ASSERT_EQ(ending.signal, SIGKILL) << process.output();
  }
  ServiceProcess last(workspace);
  const auto port = last.wait_ready();
  ASSERT_TRUE(port) << last.output();
  movers.set_port(*port);
  ASSERT_TRUE(eventually(
      60s, [&, seen = movers.acknowledged()] { return movers.acknowledged() > seen + k_clients; }));
  movers.finish();
  EXPECT_EQ(movers.refused(), 0U);

  HttpClient client(*port);
  std::int64_t money = 0;
  std::uint64_t changes = 0;
  for (const eventual::Json& purse : items(client, "purses")) {
    money += purse["value"]["coins"].as_int64();
    changes += purse["version"].as_uint64();
  }
  EXPECT_EQ(money, 0) << "each purse begins with nothing";
  std::set<std::string> moved;
  for (const eventual::Json& move : items(client, "moves")) {
    EXPECT_EQ(move["version"].as_uint64(), 1U)
        << move["value"]["id"].as_string() << " happened again";
    moved.insert(move["value"]["id"].as_string());
  }
  EXPECT_EQ(moved.size(), movers.acknowledged());
  EXPECT_EQ(changes, 2 * moved.size());

  std::vector<eventual::Json> told;
  ASSERT_TRUE(eventually(60s, [&] { return (told = items(client, "told")).size() == changes; }))
      << told.size() << " of " << changes << " changes of purses were told";
  std::string purse;
  std::int64_t coins = 0;
  for (const eventual::Json& item : told) {  // by purse and version
    const eventual::Json& change = item["value"];
    if (std::exchange(purse, change["purse"].as_string()) != change["purse"].as_string()) coins = 0;
    EXPECT_TRUE(change["in_order"].as_bool()) << change.dump();
    EXPECT_EQ(change["before"].as_int64(), coins) << change.dump();
    coins = change["now"].as_int64();
  }
  EXPECT_GT(movers.repeated(), 0U) << "no kill hit a request: the test shows nothing";
  fmt::print("{} kills, {} transactions, {} of them sent again\n", k_kills, movers.acknowledged(),
             movers.repeated());
}

}  // namespace
}  // namespace crash
