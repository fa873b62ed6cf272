// The code of docs/tasks.md#what-handlers-are-given.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

namespace ev = eventual;
using namespace std::chrono_literals;

// [interface]
class Bank {
 public:
  virtual ~Bank() = default;
  /// The same key charges once. Called by many threads at once.
  virtual std::string charge(const std::string& card, std::int64_t cents,
                             const std::string& key) = 0;
};

struct Payment {
  std::string card;
  std::int64_t cents = 0;
};
// [/interface]

ev::Service& billing() {
  static ev::Service service{"billing"};
  return service;
}
// [asks]
const auto charge_card =
    billing().task("chargeCard",
                   {.retry = {.max_attempts = 3,
                              .initial_interval = 1s,
                              .jitter = 0,
                              .non_retryable = {"CardDeclined"}}},
                   [](const Payment& payment, Bank& bank) -> std::string {
                     return bank.charge(payment.card, payment.cents, ev::idempotency_key());
                   });
// [/asks]
const auto pay = billing().workflow("pay", [](Payment payment) -> ev::Future<std::string> {
  co_return co_await charge_card(payment);
});

// [in-test]
class BankOfTheTest : public Bank {
 public:
  std::string charge(const std::string& card, std::int64_t, const std::string&) override {
    cards.push_back(card);
    if (card == "stolen") throw ev::Error("CardDeclined", "the bank declined it");
    return "charge-" + std::to_string(cards.size());
  }
  std::vector<std::string> cards;
};

TEST(Billing, ChargesTheCard) {
  auto bank = std::make_shared<BankOfTheTest>();
  billing().provide<Bank>(bank);
  ev::TestEnvironment env(billing());
  EXPECT_EQ(env.start(pay, Payment{"visa", 900}).result(), "charge-1");
  EXPECT_EQ(bank->cards, std::vector<std::string>{"visa"});
}
// [/in-test]

TEST(Billing, AHandlerWithoutWhatItAsksForSaysWhichTypeThatIs) {
  struct Ledger {};
  ev::Service service{"no ledger"};
  const auto book = service.command("book", [](const std::string&, Ledger&) {});
  ev::TestEnvironment env(service);
  try {
    env.call(book, "x");
    FAIL() << "there is no ledger";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "NotAllowed");
    EXPECT_NE(error.message().find("::Ledger, which is not available here"), std::string::npos)
        << error.message();
  }
}

}  // namespace
}  // namespace eventual
