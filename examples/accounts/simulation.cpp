#include "simulation.hpp"

#include <string>
#include <vector>

#include "accounts.hpp"

namespace accounts {
namespace {

constexpr std::uint64_t k_accounts = 4;
constexpr std::int64_t k_opened_with = 100;

std::string account_id(std::uint64_t number) { return "account-" + std::to_string(number); }

Transfer random_transfer(ev::SimulatedRun& run, const std::string& id) {
  const std::uint64_t from = run.random(k_accounts);
  const std::uint64_t to = (from + 1 + run.random(k_accounts - 1)) % k_accounts;
  return {id, account_id(from), account_id(to), static_cast<std::int64_t>(1 + run.random(40))};
}

}  // namespace

void simulate_bank(ev::Simulation& simulation) {
  simulation.scenario([](ev::SimulatedRun& run) {
    std::vector<std::string> ids;
    for (std::uint64_t i = 0; i < k_accounts; ++i) {
      ids.push_back(account_id(i));
      run.call(open, {ids.back(), "ann", k_opened_with, std::nullopt}, run.random_duration(1min));
    }
    for (int i = 0; i < 8; ++i)
      run.call(pay, random_transfer(run, "pay-" + std::to_string(i)), run.random_duration(10min));
    for (int i = 0; i < 2; ++i) {
      const std::string id = "order-" + std::to_string(i);
      run.start(standing_order, random_transfer(run, id), id, run.random_duration(10min));
    }
    for (int i = 0; i < 5; ++i)
      run.start(check_books, ids, "books-" + std::to_string(i), run.random_duration(15min));
    run.start(check_books, ids, "books-last", 400 * 24h);
  });
  simulation.invariant("no money comes or goes", [](ev::SimulatedRun& run) {
    for (const std::string& id : run.executions()) {
      if (!id.starts_with("checkBooks/")) continue;
      const ev::Json view = run.view(id);
      if (view["status"].as_string() != "succeeded")
        throw ev::Error("NotChecked", id + " is " + view["status"].as_string());
      const std::int64_t found = view["result"]["accounts"].as_int64();
      if (view["result"]["total"].as_int64() != found * k_opened_with)
        throw ev::Error("BooksDiffer", id + ": " + view["result"].dump());
      if (id.ends_with("last") && found != static_cast<std::int64_t>(k_accounts))
        throw ev::Error("AccountsMissing", id + ": " + view["result"].dump());
    }
  });
}

}  // namespace accounts
