// Entities and transactions on virtual time: what they promise, from handlers and from workflows.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

struct Account {
  std::string id;
  std::int64_t balance = 0;
  std::string owner;
  std::optional<std::string> email;
  friend bool operator==(const Account&, const Account&) = default;
};
struct Entry {
  std::string account;
  std::int64_t number = 0;
  std::string text;
};
struct EntryText {
  std::string text;
};
struct Transfer {
  std::string from;
  std::string to;
  std::int64_t amount = 0;
};

struct Bank {
  Service service{"bank"};
  const Entity<Account, std::string> accounts = service.entity("accounts", key(&Account::id));
  const Index<Account, std::string, std::int64_t> by_owner =
      service.index(accounts, "byOwner", key(&Account::owner, &Account::balance));
  const Index<Account, std::string, void> by_email =
      service.index(accounts, "byEmail", key(&Account::email));
  const Entity<Entry, std::string, std::int64_t> entries =
      service.entity("entries", key(&Entry::account, &Entry::number));
  const Signal<std::int64_t> paid = service.signal<std::int64_t>("paid");
  const Transaction<Transfer, std::int64_t> transfer = service.transaction(
      "transfer", [this](const Transfer& input, TransactionContext& tx) -> std::int64_t {
        auto from = tx.get(accounts, input.from);
        auto to = tx.get(accounts, input.to);
        if (!from || !to) throw Error("NoSuchAccount", input.from + " or " + input.to);
        from->balance -= input.amount;
        to->balance += input.amount;
        tx.put(accounts, *from);
        tx.put(accounts, *to);
        if (from->balance < 0) throw Error("InsufficientFunds", input.from);
        return from->balance;
      });
  const Workflow<Transfer, std::int64_t> pay =
      service.workflow("pay", [](Transfer input) -> Future<std::int64_t> {
        constexpr Transaction<Transfer, std::int64_t> transfer_in("transfer");
        co_return co_await transfer_in(input);
      });
  const Workflow<std::string, std::int64_t> sum =
      service.workflow("sum", [](std::string id) -> Future<std::int64_t> {
        constexpr Entity<Account, std::string> all("accounts");
        co_await all.put({id, 1, "sum", {}});
        auto account = co_await all.get(id);
        account->balance += 1;
        const std::uint64_t version = co_await all.put(*account, {.expected_version = 1});
        const auto stale = co_await settle(all.put(*account, {.expected_version = 1}));
        const bool removed = co_await all.remove(id);
        const bool again = co_await all.remove(id);
        co_return account->balance * 1000 + static_cast<std::int64_t>(version) * 100 +
            (stale.ok() ? 10 : 0) + (removed ? 1 : 0) + (again ? 2 : 0);
      });
  const Workflow<std::string, std::int64_t> keep =
      service.workflow("keep", [](std::string id) -> Future<std::int64_t> {
        constexpr Entity<Account, std::string> all("accounts");
        const std::uint64_t version =
            co_await all.put({id, 9, "ann", {}}, {.increment_version = false});
        co_return static_cast<std::int64_t>(version);
      });
};

struct Entities : testing::Test {
  Bank bank;
  TestEnvironment env{bank.service};

  void put(const Account& account) {
    env.in_handler([&] { return bank.accounts.put(account).get(); });
  }
  std::int64_t balance(const std::string& id) {
    return env.in_handler([&] { return bank.accounts.get(id).get().value().balance; });
  }
  /// The version of an account, 0 for none.
  std::uint64_t version(const std::string& id) {
    return env.in_handler([&] {
      const auto found = bank.accounts.get_versioned(id).get();
      return found ? found->version : 0;
    });
  }
  template <class Function>
  std::string failure_of(Function function) {
    try {
      env.in_handler(function);
    } catch (const Error& error) {
      return error.name();
    }
    return "none";
  }
  std::vector<std::string> texts(const QueryOptions<std::int64_t>& options,
                                 const std::string& account = "a") {
    return env.in_handler([&] {
      std::vector<std::string> found;
      for (const Entry& entry : bank.entries.query(account, options).get().items)
        found.push_back(entry.text);
      return found;
    });
  }
};

using Texts = std::vector<std::string>;

TEST_F(Entities, VersionsRiseWithEachWriteAndGuardIt) {
  const Account account{"a", 5, "ann", {}};
  env.in_handler([&] {
    EXPECT_EQ(bank.accounts.get("a").get(), std::nullopt);
    EXPECT_EQ(bank.accounts.put(account).get(), 1U);
    EXPECT_EQ(bank.accounts.put(account, {.expected_version = 1}).get(), 2U);
  });
  EXPECT_EQ(failure_of([&] { bank.accounts.put(account, {.expected_version = 1}).get(); }),
            "UnexpectedVersion");
  EXPECT_EQ(failure_of([&] { bank.accounts.remove("a", {.expected_version = 1}).get(); }),
            "UnexpectedVersion");
  EXPECT_EQ(failure_of([&] { bank.accounts.put(account, {.expected_version = 0}).get(); }),
            "UnexpectedVersion");
  env.in_handler([&] {
    EXPECT_EQ(bank.accounts.get_versioned("a").get()->version, 2U);
    EXPECT_EQ(bank.accounts.get("a").get(), account);
    EXPECT_TRUE(bank.accounts.remove("a", {.expected_version = 2}).get());
    EXPECT_FALSE(bank.accounts.remove("a").get());
    EXPECT_EQ(bank.accounts.put(account, {.expected_version = 0}).get(), 1U);
  });
}

TEST_F(Entities, APutMayKeepTheVersion) {
  const Account account{"a", 5, "ann", {}};
  const PutOptions keep{.expected_version = 2, .increment_version = false};
  env.in_handler([&] {
    EXPECT_EQ(bank.accounts.put({"new", 1, "ann", {}}, {.increment_version = false}).get(), 1U);
    EXPECT_EQ(bank.accounts.put(account).get(), 1U);
    EXPECT_EQ(bank.accounts.put(account, {.expected_version = 1}).get(), 2U);
  });
  EXPECT_EQ(failure_of([&] { bank.accounts.put(account, {.expected_version = 1}).get(); }),
            "UnexpectedVersion");
  env.in_handler([&] { EXPECT_EQ(bank.accounts.put({"a", 7, "ann", {}}, keep).get(), 2U); });
  EXPECT_EQ(balance("a"), 7);
  EXPECT_EQ(failure_of([&] { bank.accounts.remove("a", {.expected_version = 1}).get(); }),
            "UnexpectedVersion");
  env.in_handler([&] { EXPECT_EQ(bank.accounts.put(account, {.expected_version = 2}).get(), 3U); });
  EXPECT_EQ(version("a"), 3U);
}

TEST_F(Entities, AWorkflowsPutMayKeepTheVersionAlsoWhenItIsReplayed) {
  put({"kept", 1, "ann", {}});
  auto kept = env.start(bank.keep, "kept");
  EXPECT_EQ(kept.result(), 1);
  EXPECT_EQ(balance("kept"), 9);
  env.restart();
  env.replay_all();
  EXPECT_EQ(version("kept"), 1U);
}

TEST_F(Entities, QueriesGiveAPartitionInTheOrderOfItsSortKey) {
  env.in_handler([&] {
    for (const std::int64_t number : {3, -7, 10, 0, 200})
      bank.entries.put({"a", number, std::to_string(number)}).get();
    bank.entries.put({"ab", 1, "other"}).get();
  });
  EXPECT_EQ(texts({}), (Texts{"-7", "0", "3", "10", "200"}));
  EXPECT_EQ(texts({.descending = true}), (Texts{"200", "10", "3", "0", "-7"}));
  EXPECT_EQ(texts({.sort = equal(3)}), (Texts{"3"}));
  EXPECT_EQ(texts({.sort = less(3)}), (Texts{"-7", "0"}));
  EXPECT_EQ(texts({.sort = at_most(3)}), (Texts{"-7", "0", "3"}));
  EXPECT_EQ(texts({.sort = greater(3)}), (Texts{"10", "200"}));
  EXPECT_EQ(texts({.sort = at_least(3)}), (Texts{"3", "10", "200"}));
  EXPECT_EQ(texts({.sort = between(-7, 3), .descending = true}), (Texts{"3", "0", "-7"}));
  EXPECT_EQ(texts({}, "nobody"), Texts{});
}

TEST_F(Entities, PagesFollowEachOtherInBothDirections) {
  env.in_handler([&] {
    for (std::int64_t number = 0; number < 7; ++number)
      bank.entries.put({"a", number, std::to_string(number)}).get();
  });
  for (const bool descending : {false, true}) {
    Texts all;
    std::string cursor;
    std::size_t pages = 0;
    do {
      const auto page = env.in_handler([&] {
        return bank.entries
            .query<EntryText>("a", {.limit = 3, .cursor = cursor, .descending = descending})
            .get();
      });
      EXPECT_EQ(page.versions.size(), page.items.size());
      for (const EntryText& entry : page.items) all.push_back(entry.text);
      cursor = page.cursor;
      ++pages;
    } while (!cursor.empty());
    EXPECT_EQ(pages, 3U);
    EXPECT_EQ(all, descending ? (Texts{"6", "5", "4", "3", "2", "1", "0"})
                              : (Texts{"0", "1", "2", "3", "4", "5", "6"}));
  }
  EXPECT_EQ(failure_of([&] { bank.entries.query("a", {.limit = 0}).get(); }), "InvalidInput");
  EXPECT_EQ(failure_of([&] { bank.entries.query("a", {.cursor = "xyz"}).get(); }), "InvalidInput");
}

TEST_F(Entities, IndexesFollowTheirItemsAndMayBeSparse) {
  put({"a", 5, "ann", "ann@x"});
  put({"b", 3, "ann", {}});
  put({"c", 9, "bob", {}});
  const auto ids = [&](auto query) {
    return env.in_handler([&] {
      Texts found;
      for (const Account& account : query().get().items) found.push_back(account.id);
      return found;
    });
  };
  EXPECT_EQ(ids([&] { return bank.by_owner.query("ann"); }), (Texts{"b", "a"}));
  EXPECT_EQ(ids([&] { return bank.by_owner.query("ann", {.sort = at_least(4)}); }), (Texts{"a"}));
  EXPECT_EQ(ids([&] { return bank.by_email.query("ann@x"); }), (Texts{"a"}));
  put({"a", 1, "bob", {}});
  EXPECT_EQ(ids([&] { return bank.by_owner.query("ann"); }), (Texts{"b"}));
  EXPECT_EQ(ids([&] { return bank.by_owner.query("bob"); }), (Texts{"a", "c"}));
  EXPECT_EQ(ids([&] { return bank.by_email.query("ann@x"); }), Texts{});
  env.in_handler([&] { return bank.accounts.remove("c").get(); });
  EXPECT_EQ(ids([&] { return bank.by_owner.query("bob"); }), (Texts{"a"}));
  EXPECT_EQ(ids([&] { return bank.accounts.scan(); }), (Texts{"a", "b"}));
}

TEST_F(Entities, ATransactionIsDoneWhollyOrNotAtAll) {
  put({"a", 10, "ann", {}});
  put({"b", 0, "bob", {}});
  EXPECT_EQ(env.run(bank.transfer, {"a", "b", 4}), 6);
  EXPECT_EQ(balance("a"), 6);
  EXPECT_EQ(balance("b"), 4);
  EXPECT_EQ(version("a"), 2U);
  EXPECT_EQ(failure_of([&] { bank.transfer({"a", "b", 7}).get(); }), "InsufficientFunds");
  EXPECT_EQ(balance("a"), 6);
  EXPECT_EQ(version("b"), 2U);
  EXPECT_EQ(failure_of([&] { bank.transfer({"a", "nobody", 1}).get(); }), "NoSuchAccount");
}

TEST_F(Entities, WithAnIdATransactionHappensOnce) {
  put({"a", 10, "ann", {}});
  put({"b", 0, "bob", {}});
  EXPECT_EQ(env.run(bank.transfer, {"a", "b", 4}, {.id = "t-1"}), 6);
  env.restart();
  EXPECT_EQ(env.run(bank.transfer, {"a", "b", 4}, {.id = "t-1"}), 6);
  EXPECT_EQ(balance("a"), 6);
  EXPECT_EQ(failure_of([&] { bank.transfer({"a", "b", 5}, {.id = "t-1"}).get(); }),
            "AlreadyExists");
  EXPECT_EQ(env.run(bank.transfer, {"a", "b", 4}, {.id = "t-2"}), 2);
  env.tick(24h);
  EXPECT_EQ(env.run(bank.transfer, {"a", "b", 1}, {.id = "t-1"}), 1) << "the id is forgotten";
}

TEST_F(Entities, AWorkflowCallsATransactionOnceAndReplaysItsResult) {
  put({"a", 10, "ann", {}});
  put({"b", 0, "bob", {}});
  auto paid = env.start(bank.pay, Transfer{"a", "b", 4}, {.name = "p"});
  EXPECT_EQ(paid.result(), 6);
  auto poor = env.start(bank.pay, Transfer{"a", "b", 40}, {.name = "q"});
  EXPECT_EQ(poor.error().value().name(), "InsufficientFunds");
  env.restart();
  env.replay_all();
  EXPECT_EQ(balance("a"), 6);
  Texts types;
  for (const Json& event : paid.history()) types.push_back(event["type"].as_string());
  EXPECT_EQ(types, (Texts{"execution_started", "transaction_called", "transaction_succeeded",
                          "execution_succeeded"}));
}

TEST_F(Entities, AWorkflowReadsAndWritesEntitiesByRecordedCalls) {
  auto sum = env.start(bank.sum, "x");
  EXPECT_EQ(sum.result(), 2201);
  env.replay_all();
  EXPECT_EQ(version("x"), 0U);
}

TEST(Transactions, SeeTheirOwnWritesAndRaiseAVersionOnce) {
  Service service("own");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto by_owner = service.index(accounts, "byOwner", key(&Account::owner));
  const auto entries = service.entity("entries", key(&Entry::account, &Entry::number));
  const auto own = service.transaction("own", [&](TransactionContext& tx) -> Texts {
    Texts seen;
    const auto note = [&](const auto& page) {
      std::string text;
      for (const auto& item : page.items) text += item.text + " ";
      seen.push_back(text);
    };
    EXPECT_EQ(tx.put(accounts, {"new", 1, "ann", {}}), 1U);
    EXPECT_EQ(tx.put(accounts, {"new", 2, "ann", {}}), 1U);
    EXPECT_EQ(tx.get_versioned(accounts, "new")->version, 1U);
    EXPECT_EQ(tx.put(accounts, {"old", 5, "ann", {}}), 2U);
    EXPECT_EQ(tx.put(accounts, {"old", 6, "bob", {}}), 2U);
    EXPECT_TRUE(tx.remove(accounts, "gone"));
    EXPECT_FALSE(tx.get(accounts, "gone"));
    EXPECT_FALSE(tx.remove(accounts, "nobody"));
    tx.put(accounts, {"short", 1, "ann", {}});
    EXPECT_TRUE(tx.remove(accounts, "short"));
    std::string owned;
    for (const Account& account : tx.query(by_owner, "ann").items) owned += account.id + " ";
    seen.push_back(owned);
    tx.remove(entries, "a", 1);
    tx.put(entries, {"a", 0, "zero"});
    tx.put(entries, {"a", 2, "TWO"});
    note(tx.query(entries, "a", {.limit = 2}));
    note(tx.query(entries, "a", {.limit = 2, .descending = true}));
    return seen;
  });
  TestEnvironment env(service);
  env.in_handler([&] {
    accounts.put({"old", 1, "ann", {}}).get();
    accounts.put({"gone", 1, "ann", {}}).get();
    for (const std::int64_t number : {1, 2, 3})
      entries.put({"a", number, std::to_string(number)}).get();
  });
  EXPECT_EQ(env.run(own), (Texts{"new ", "zero TWO ", "3 TWO "}));
  env.in_handler([&] {
    EXPECT_EQ(accounts.get("new").get()->balance, 2);
    EXPECT_EQ(accounts.get_versioned("old").get()->version, 2U);
    EXPECT_EQ(accounts.get("old").get()->balance, 6);
    EXPECT_FALSE(accounts.get("gone").get());
    EXPECT_FALSE(accounts.get("short").get());
    EXPECT_EQ(by_owner.query("ann").get().items.size(), 1U);
    EXPECT_EQ(entries.query("a").get().items.size(), 3U);
  });
}

TEST(Transactions, RaiseAVersionWhereNotEveryPutKeepsIt) {
  Service service("keeping");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto change = service.transaction("change", [&](TransactionContext& tx) {
    const PutOptions keep{.increment_version = false};
    EXPECT_EQ(tx.put(accounts, {"kept", 2, "ann", {}}, keep), 1U);
    EXPECT_EQ(tx.put(accounts, {"raised", 2, "ann", {}}), 2U);
    EXPECT_EQ(tx.put(accounts, {"raised", 3, "ann", {}}, keep), 2U);
  });
  TestEnvironment env(service);
  env.in_handler([&] {
    accounts.put({"kept", 1, "ann", {}}).get();
    accounts.put({"raised", 1, "ann", {}}).get();
  });
  env.run(change);
  env.in_handler([&] {
    EXPECT_EQ(accounts.get_versioned("kept").get()->version, 1U);
    EXPECT_EQ(accounts.get("kept").get()->balance, 2);
    EXPECT_EQ(accounts.get_versioned("raised").get()->version, 2U);
    EXPECT_EQ(accounts.get("raised").get()->balance, 3);
  });
}

TEST(Transactions, CheckExpectedVersionsAgainstWhatTheyFound) {
  Service service("expected");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto careful = service.transaction("careful", [&](TransactionContext& tx) -> std::string {
    tx.put(accounts, {"a", 2, "", {}}, {.expected_version = 1});
    tx.put(accounts, {"a", 3, "", {}}, {.expected_version = 1});
    try {
      tx.put(accounts, {"a", 4, "", {}}, {.expected_version = 3});
    } catch (const Error& error) {
      return error.message();
    }
    return "no error";
  });
  const auto careless = service.transaction("careless", [&](TransactionContext& tx) {
    tx.put(accounts, {"other", 1, "", {}});
    tx.put(accounts, {"a", 9, "", {}}, {.expected_version = 7});
  });
  TestEnvironment env(service);
  env.in_handler([&] { return accounts.put({"a", 1, "", {}}).get(); });
  EXPECT_EQ(env.run(careful), "Operation expected version 3 but found 1.");
  EXPECT_THROW(env.run(careless), Error);
  env.in_handler([&] {
    EXPECT_EQ(accounts.get("a").get()->balance, 3);
    EXPECT_EQ(accounts.get_versioned("a").get()->version, 2U);
    EXPECT_FALSE(accounts.get("other").get());
  });
}

TEST(Transactions, AbsenceIsGuardedToo) {
  Service service("absence");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto claim = service.transaction(
      "claim", [&](const std::string& owner, TransactionContext& tx) -> std::string {
        if (const auto taken = tx.get(accounts, "name")) return "taken by " + taken->owner;
        tx.put(accounts, {"name", 0, owner, {}});
        return "mine at attempt " + std::to_string(tx.attempt());
      });
  TestEnvironment env(service);
  // Both read before either is committed.
  const auto answers = env.in_handler([&] {
    auto first = claim("ann");
    auto second = claim("bob");
    return Texts{first.get(), second.get()};
  });
  EXPECT_EQ(answers, (Texts{"mine at attempt 1", "taken by ann"}));
}

TEST(Transactions, PhantomsAreGuardedInRangesAndIndexes) {
  Service service("phantoms");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto by_owner = service.index(accounts, "byOwner", key(&Account::owner));
  const auto entries = service.entity("entries", key(&Entry::account, &Entry::number));
  // Each counts what is there, and adds one where that is fewer than one.
  const auto add_entry = service.transaction(
      "addEntry", [&](std::int64_t number, TransactionContext& tx) -> std::string {
        if (!tx.query(entries, "a").items.empty()) return "full";
        tx.put(entries, {"a", number, "x"});
        return "added";
      });
  const auto add_account = service.transaction(
      "addAccount", [&](const std::string& id, TransactionContext& tx) -> std::string {
        if (!tx.query(by_owner, "ann").items.empty()) return "full";
        tx.put(accounts, {id, 0, "ann", {}});
        return "added";
      });
  TestEnvironment env(service);
  EXPECT_EQ(env.in_handler([&] {
    auto first = add_entry(1);
    auto second = add_entry(2);
    return Texts{first.get(), second.get()};
  }),
            (Texts{"added", "full"}));
  EXPECT_EQ(env.in_handler([&] {
    auto first = add_account("a");
    auto second = add_account("b");
    return Texts{first.get(), second.get()};
  }),
            (Texts{"added", "full"}));
}

TEST(Transactions, GiveUpAfterTheirLastAttempt) {
  Service service("conflict");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto once = service.transaction("once", {.max_attempts = 1},
                                        [&](const std::string& owner, TransactionContext& tx) {
                                          (void)tx.get(accounts, "a");
                                          tx.put(accounts, {"a", 0, owner, {}});
                                        });
  TestEnvironment env(service);
  env.in_handler([&] {
    auto first = once("ann");
    auto second = once("bob");
    first.get();
    try {
      second.get();
      ADD_FAILURE() << "the second was committed over the first";
    } catch (const Error& error) {
      EXPECT_EQ(error.name(), "TransactionConflict");
    }
    EXPECT_EQ(accounts.get("a").get()->owner, "ann");
  });
}

TEST(Transactions, ASignalLeavesWithTheCommitAndOnlyThen) {
  Service service("signals");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto paid = service.signal<std::int64_t>("paid");
  const auto wait = service.workflow("wait", []() -> Future<std::int64_t> {
    constexpr Signal<std::int64_t> paid_signal("paid");
    co_return co_await paid_signal.expect();
  });
  const auto pay = service.transaction("pay", [&](std::int64_t amount, TransactionContext& tx) {
    tx.send(paid, ExecutionId{"wait/w", 0}, amount);
    tx.put(accounts, {"a", amount, "", {}});
    if (amount < 0) throw Error("Negative", "an amount is positive");
  });
  TestEnvironment env(service);
  auto waiting = env.start(wait, {.name = "w"});
  EXPECT_THROW(env.run(pay, -1), Error);
  EXPECT_EQ(waiting.status(), "running");
  env.run(pay, 7);
  EXPECT_EQ(waiting.result(), 7);
}

TEST(Transactions, RefuseWhatDoesNotBelongInThem) {
  Service service("refused");
  const auto accounts = service.entity("accounts", key(&Account::id));
  const auto task = service.task("task", [] {});
  const auto inner = service.transaction("inner", [](TransactionContext&) {});
  const auto outer =
      service.transaction("outer", [&](const std::string& what, TransactionContext&) {
        if (what == "task") task().get();
        if (what == "inner") inner().get();
        if (what == "sleep") sleep_for(1s).get();
        if (what == "scan") (void)accounts.scan().get();
      });
  TestEnvironment env(service);
  for (const char* what : {"task", "inner", "sleep", "scan"}) {
    try {
      env.run(outer, what);
      ADD_FAILURE() << what << " worked";
    } catch (const Error& error) {
      EXPECT_EQ(error.name(), "NotAllowed") << what;
    }
  }
}

}  // namespace
}  // namespace eventual
