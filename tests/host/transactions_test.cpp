// Transactions on a running node: many at once, with a store that fails, and stopped in the middle.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "host/support.hpp"
#include "store/faulty_store.hpp"

namespace eventual::host {
namespace {

struct Counter {
  std::string id;
  std::int64_t value = 0;
};
struct Move {
  std::string from;
  std::string to;
};
/// What a transfer saw and made of it.
struct Seen {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::uint64_t from_version = 0;
  std::uint64_t to_version = 0;
};

struct Purses {
  Service service{"purses"};
  const Entity<Counter, std::string> purses = service.entity("purses", key(&Counter::id));
  const Transaction<Move, Seen> move = service.transaction(
      "move", {.max_attempts = 10'000}, [this](const Move& input, TransactionContext& tx) -> Seen {
        auto from = tx.get_versioned(purses, input.from);
        auto to = tx.get_versioned(purses, input.to);
        if (!from) from.emplace(Versioned<Counter>{{input.from, 100}, 0});
        if (!to) to.emplace(Versioned<Counter>{{input.to, 100}, 0});
        const Seen seen{from->value.value, to->value.value, from->version, to->version};
        --from->value.value;
        ++to->value.value;
        tx.put(purses, from->value);
        tx.put(purses, to->value);
        return seen;
      });
  const Transaction<void, std::int64_t> sum = service.transaction(
      "sum", {.max_attempts = 10'000}, [this](TransactionContext& tx) -> std::int64_t {
        std::int64_t total = 0;
        for (int i = 0; i < k_purses; ++i) {
          const auto purse = tx.get(purses, name(i));
          total += purse ? purse->value : 100;
        }
        return total;
      });
  const Workflow<std::vector<Move>, std::int64_t> tour =
      service.workflow("tour", [](std::vector<Move> moves) -> Future<std::int64_t> {
        constexpr Transaction<Move, Seen> move_in("move");
        std::int64_t made = 0;
        for (const Move& one : moves) {
          co_await move_in(one);
          ++made;
        }
        co_return made;
      });

  static constexpr int k_purses = 4;
  static std::string name(int number) { return "p" + std::to_string(number); }
};

Result<std::string> transact(ports::Operations& node, std::string transaction, std::string input,
                             std::string id = {}) {
  return answer_of<std::string>([&](auto done) {
    node.transact({std::move(transaction), std::move(input), std::move(id)}, std::move(done));
  });
}

Move random_move(std::uint64_t& state) {
  state = state * 6364136223846793005U + 1442695040888963407U;
  const int from = static_cast<int>(state >> 40) % Purses::k_purses;
  const int to =
      (from + 1 + static_cast<int>(state >> 50) % (Purses::k_purses - 1)) % Purses::k_purses;
  return {Purses::name(from), Purses::name(to)};
}

/// Threads move money between the same few purses; each result says which versions it saw. Sorted
/// by version, each purse must have been seen once in each version, with the value that the one
/// before left: the moves happened one after another.
void move_from_many_threads(Node& node) {
  constexpr int k_threads = 4;
  constexpr int k_moves = 60;
  std::mutex mutex;
  std::map<std::string, std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>>> chain;
  std::atomic<int> wrong_sums{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < k_threads; ++thread) {
    threads.emplace_back([&, state = std::uint64_t(thread + 1)]() mutable {
      for (int i = 0; i < k_moves; ++i) {
        const Move move = random_move(state);
        const auto result = transact(node, "move", to_json(move));
        ASSERT_TRUE(result) << result.error().message();
        const Seen seen = from_json<Seen>(*result).value();
        {
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(chain[move.from]
                          .emplace(seen.from_version, std::pair(seen.from, seen.from - 1))
                          .second)
              << move.from << " was changed twice in version " << seen.from_version;
          EXPECT_TRUE(
              chain[move.to].emplace(seen.to_version, std::pair(seen.to, seen.to + 1)).second)
              << move.to << " was changed twice in version " << seen.to_version;
        }
        if (i % 10 == 0 && transact(node, "sum", "null").value() != "400") ++wrong_sums;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong_sums, 0);
  std::size_t changes = 0;
  for (const auto& [purse, versions] : chain) {
    std::uint64_t next = 0;
    std::int64_t value = 100;
    for (const auto& [version, change] : versions) {
      EXPECT_EQ(version, next++) << purse;
      EXPECT_EQ(change.first, value) << purse << " in version " << version;
      value = change.second;
      ++changes;
    }
  }
  EXPECT_EQ(changes, 2U * k_threads * k_moves);
  EXPECT_EQ(transact(node, "sum", "null").value(), "400");
}

TEST(TransactionsOnANode, AreSerialisableInMemory) {
  Purses purses;
  const auto node = start_node(purses.service, memory_store());
  move_from_many_threads(*node);
}

TEST(TransactionsOnANode, AreSerialisableOnDisk) {
  Purses purses;
  const TemporaryFolder folder;
  const auto node = start_node(purses.service, rocksdb_store(folder / "data"));
  move_from_many_threads(*node);
}

TEST(TransactionsOnANode, OutliveItAndHappenOnceById) {
  Purses purses;
  const TemporaryFolder folder;
  const std::string input = to_json(Move{"p0", "p1"});
  std::string first;
  {
    const auto node = start_node(purses.service, rocksdb_store(folder / "data"));
    first = transact(*node, "move", input, "m-1").value();
  }
  const auto node = start_node(purses.service, rocksdb_store(folder / "data"));
  EXPECT_EQ(transact(*node, "move", input, "m-1").value(), first);
  EXPECT_EQ(transact(*node, "move", to_json(Move{"p0", "p2"}), "m-1").error().name(),
            "AlreadyExists");
  const Seen second = from_json<Seen>(transact(*node, "move", input, "m-2").value()).value();
  EXPECT_EQ(second.from_version, 1U);
  EXPECT_EQ(second.to, 101);
}

TEST(TransactionsOnANode, FromWorkflowsHappenOnceEach) {
  Purses purses;
  const auto node = start_node(purses.service, memory_store());
  constexpr int k_tours = 8;
  std::uint64_t state = 99;
  for (int i = 0; i < k_tours; ++i) {
    std::vector<Move> moves;
    for (int move = 0; move < 10; ++move) moves.push_back(random_move(state));
    ASSERT_TRUE(start(*node, "tour", "t" + std::to_string(i), to_json(moves)));
  }
  for (int i = 0; i < k_tours; ++i)
    EXPECT_EQ(outcome(closed(*node, {"tour", "t" + std::to_string(i)})), "succeeded: 10");
  EXPECT_EQ(transact(*node, "sum", "null").value(), "400");
  std::uint64_t versions = 0;
  for (int i = 0; i < Purses::k_purses; ++i) {
    ports::EntityOperation get;
    get.request.entity = "purses";
    get.request.key = to_json(std::vector<std::string>{Purses::name(i)});
    const auto found =
        answer_of<std::string>([&](auto done) { node->entity(std::move(get), std::move(done)); });
    versions += Json::parse(found.value()).value()["version"].as_uint64();
  }
  EXPECT_EQ(versions, 2U * 10 * k_tours);
}

TEST(TransactionsOnANode, ACommitThatFailedAfterItWasWrittenCountsOnce) {
  for (const auto fault : {store::CommitFault::before, store::CommitFault::after}) {
    Purses purses;
    auto faulty = std::make_unique<store::FaultyStore>(memory_store());
    store::FaultyStore& faults = *faulty;
    const auto node = start_node(purses.service, std::move(faulty));
    // The node's own first commit is over then.
    ASSERT_TRUE(transact(*node, "move", to_json(Move{"p0", "p1"})));
    for (int i = 1; i < 4; ++i) {
      faults.fail_commit(1, fault);
      const auto result = transact(*node, "move", to_json(Move{"p0", "p1"}));
      ASSERT_TRUE(result) << result.error().message();
      EXPECT_EQ(from_json<Seen>(*result)->from_version, static_cast<std::uint64_t>(i));
    }
    EXPECT_EQ(transact(*node, "sum", "null").value(), "400");
  }
}

TEST(TransactionsOnANode, RefuseUnknownNamesAndBadInput) {
  Purses purses;
  const auto node = start_node(purses.service, memory_store());
  EXPECT_EQ(transact(*node, "nothing", "null").error().name(), "NotFound");
  EXPECT_EQ(transact(*node, "move", "{\"from\":5}").error().name(), "InvalidInput");
  ports::EntityOperation get;
  get.request.entity = "nothing";
  get.request.key = "[\"a\"]";
  const auto found =
      answer_of<std::string>([&](auto done) { node->entity(std::move(get), std::move(done)); });
  EXPECT_EQ(found.error().name(), "NotFound");
}

}  // namespace
}  // namespace eventual::host
