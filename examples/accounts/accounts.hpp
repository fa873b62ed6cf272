// A small bank: accounts, what happened to them, and transfers between them that happen wholly,
// once, or not at all.
#pragma once

#include <eventual/eventual.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace accounts {

namespace ev = eventual;
using namespace std::chrono_literals;

struct Account {
  std::string id;
  std::string owner;
  std::int64_t balance = 0;
  std::optional<std::string> iban;  ///< accounts without one are not in the index
};
struct Movement {
  std::string account;
  ev::Timestamp at{};
  std::string transfer;
  std::int64_t amount = 0;  ///< negative: it left the account
};
struct Transfer {
  std::string id;
  std::string from;
  std::string to;
  std::int64_t amount = 0;
};
struct Opening {
  std::string id;
  std::string owner;
  std::int64_t balance = 0;
  std::optional<std::string> iban;
};

inline ev::Service bank{"accounts"};

// [accounts]
inline const auto all_accounts = bank.entity("accounts", ev::key(&Account::id));
inline const auto by_owner =
    bank.index(all_accounts, "byOwner", ev::key(&Account::owner, &Account::balance));
inline const auto by_iban = bank.index(all_accounts, "byIban", ev::key(&Account::iban));
// [/accounts]

/// One partition for each account, in the order of time.
// [movements]
inline const auto movements = bank.entity(
    "movements", ev::key(&Movement::account, ev::parts(&Movement::at, &Movement::transfer)));
// [/movements]

inline const auto open_account =
    bank.transaction("openAccount", [](const Opening& opening, ev::TransactionContext& tx) {
      tx.put(all_accounts, {opening.id, opening.owner, opening.balance, opening.iban},
             {.expected_version = 0});
    });

// [transfer]
inline const auto transfer =
    bank.transaction("transfer", [](const Transfer& input, ev::TransactionContext& tx) {
      auto from = tx.get(all_accounts, input.from);
      auto to = tx.get(all_accounts, input.to);
      if (!from || !to) throw ev::Error("NoSuchAccount", from ? input.to : input.from);
      if (from->balance < input.amount) throw ev::Error("InsufficientFunds", input.from);
      from->balance -= input.amount;
      to->balance += input.amount;
      tx.put(all_accounts, *from);
      tx.put(all_accounts, *to);
      tx.put(movements, {input.from, ev::now(), input.id, -input.amount});
      tx.put(movements, {input.to, ev::now(), input.id, input.amount});
    });
// [/transfer]

/// A transfer as part of something longer: it happens once, whatever crashes.
inline const auto standing_order =
    bank.workflow("standingOrder", [](Transfer order) -> ev::Future<std::int64_t> {
      std::int64_t months = 0;
      for (; months < 12; ++months) {
        const auto done = co_await ev::settle(transfer(
            {order.id + "-" + std::to_string(months), order.from, order.to, order.amount}));
        if (!done) break;
        co_await ev::sleep_for(30 * 24h);
      }
      co_return months;
    });

/// What some accounts hold together, at one instant.
struct Balance {
  std::int64_t accounts = 0;  ///< of those asked for, that exist
  std::int64_t total = 0;
};
inline const auto sum_up =
    bank.transaction("sumUp", [](const std::vector<std::string>& ids, ev::TransactionContext& tx) {
      Balance balance;
      for (const std::string& id : ids) {
        const auto account = tx.get(all_accounts, id);
        if (!account) continue;
        ++balance.accounts;
        balance.total += account->balance;
      }
      return balance;
    });
inline const auto check_books = bank.workflow(
    "checkBooks",
    [](std::vector<std::string> ids) -> ev::Future<Balance> { co_return co_await sum_up(ids); });

inline const auto open = bank.command("open", [](const Opening& opening) {
  open_account(opening, {.id = "open-" + opening.id}).get();
});

// [pay]
inline const auto pay = bank.command(
    "pay", {.method = ev::http::Method::post, .path = "/transfers", .summary = "Moves money"},
    [](const Transfer& input) { transfer(input, {.id = input.id}).get(); });
// [/pay]

/// The richest first.
inline const auto accounts_of =
    bank.command("accountsOf", [](const std::string& owner) -> std::vector<Account> {
      return by_owner.query(owner, {.descending = true}).get().items;
    });

}  // namespace accounts
