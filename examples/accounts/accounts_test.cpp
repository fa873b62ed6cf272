#include "accounts.hpp"

#include <gtest/gtest.h>

#include <eventual/testing.hpp>

namespace accounts {
namespace {

struct Accounts : testing::Test {
  ev::TestEnvironment env{bank};

  void SetUp() override {
    env.run(open_account, Opening{"a", "ann", 100, "AT01"});
    env.run(open_account, Opening{"b", "bob", 0, std::nullopt});
  }
  std::int64_t balance(const std::string& id) {
    return env.in_handler([&] { return all_accounts.get(id).get()->balance; });
  }
};

TEST_F(Accounts, AnAccountIsOpenedOnce) {
  try {
    env.run(open_account, Opening{"a", "eve", 1'000, std::nullopt});
    FAIL() << "it was opened over the first";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "UnexpectedVersion");
  }
  EXPECT_EQ(balance("a"), 100);
}

TEST_F(Accounts, ARepeatedPaymentIsMadeOnce) {
  const Transfer payment{"p-1", "a", "b", 30};
  env.call(pay, payment);
  env.restart();
  env.call(pay, payment);
  EXPECT_EQ(balance("a"), 70);
  EXPECT_EQ(balance("b"), 30);
  const auto moved = env.in_handler([] { return movements.query("a").get().items; });
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].amount, -30);
}

TEST_F(Accounts, MoneyThatIsNotThereIsNotMoved) {
  EXPECT_THROW(env.run(transfer, Transfer{"p-2", "b", "a", 1}), ev::Error);
  EXPECT_EQ(balance("a") + balance("b"), 100);
  EXPECT_TRUE(env.in_handler([] { return movements.query("b").get().items.empty(); }));
}

TEST_F(Accounts, AStandingOrderPaysUntilTheMoneyIsGone) {
  auto order = env.start(standing_order, Transfer{"rent", "a", "b", 30}, {.name = "rent"});
  env.run_until_idle();
  EXPECT_EQ(order.result(), 3);
  EXPECT_EQ(balance("a"), 10);
  env.replay_all();
  const auto newest = env.in_handler(
      [] { return movements.query("a", {.limit = 1, .descending = true}).get().items; });
  EXPECT_EQ(newest.at(0).transfer, "rent-2");
}

TEST_F(Accounts, TheyAreFoundByOwnerAndByIban) {
  env.run(open_account, Opening{"c", "ann", 500, std::nullopt});
  const auto of_ann = env.call(accounts_of, std::string("ann"));
  ASSERT_EQ(of_ann.size(), 2U);
  EXPECT_EQ(of_ann[0].id, "c");
  EXPECT_EQ(env.in_handler([] { return by_iban.query("AT01").get().items.size(); }), 1U);
}

struct Amount {
  std::int64_t amount = 0;
};

TEST_F(Accounts, AStatementIsReadAPageAtATime) {
  for (const char* id : {"p-1", "p-2", "p-3"}) {
    env.run(transfer, Transfer{id, "a", "b", 10});
    env.tick();
  }
  env.in_handler([] {
    // [queries]
    auto newest = movements.query("a", {.limit = 2, .descending = true}).get();
    auto before =
        movements.query("a", {.limit = 2, .cursor = newest.cursor, .descending = true}).get();
    auto amounts = movements.query<Amount>("a").get();  // only this member is read
    // [/queries]
    EXPECT_EQ(newest.items.at(0).transfer, "p-3");
    EXPECT_EQ(before.items.at(0).transfer, "p-1");
    EXPECT_EQ(before.cursor, "");
    EXPECT_EQ(amounts.items.size(), 3U);
  });
}

TEST(AccountsPage, Tests) {
  // [tests]
  ev::TestEnvironment env(bank);
  env.run(open_account, Opening{"a", "ann", 100, "AT01"});
  const auto balance = env.in_handler([] { return all_accounts.get("a").get()->balance; });
  // [/tests]
  EXPECT_EQ(balance, 100);
}

}  // namespace
}  // namespace accounts
