// Keys of several parts, and conditions on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Ticket {
  std::string tenant;
  std::int64_t project = 0;
  std::string state;
  std::string title;
};
using Texts = std::vector<std::string>;

struct EntityKeyParts : testing::Test {
  Service service{"tickets"};
  ServiceEntity<Ticket, std::tuple<std::string, std::int64_t>, std::tuple<std::string, std::string>>
      tickets = service.entity("tickets", key(parts(&Ticket::tenant, &Ticket::project),
                                              parts(&Ticket::state, &Ticket::title)));
  Transaction<void, bool> add = service.transaction("add", [this](TransactionContext& tx) -> bool {
    const bool absent = !tx.get(tickets, std::tuple{"b", 1}, std::tuple{"open", "absent"});
    tx.put(tickets, {"b", 1, "open", "new"});
    return absent;
  });
  TestEnvironment env{service};

  EntityKeyParts() {
    env.in_handler([&] {
      for (const Ticket& ticket :
           {Ticket{"a", 1, "open", "fix"}, Ticket{"a", 1, "open", "fire"},
            Ticket{"a", 1, "closed", "fit"}, Ticket{"a", 1, "opened", "other state"},
            Ticket{"a", 12, "open", "other project"}, Ticket{"a1", 1, "open", "other tenant"}})
        tickets.put(ticket).get();
    });
  }
  Texts titles(const QueryOptions<std::tuple<std::string, std::string>>& options) {
    return env.in_handler([&] {
      Texts found;
      for (const Ticket& ticket : tickets.query({"a", 1}, options).get().items)
        found.push_back(ticket.title);
      return found;
    });
  }
};

TEST_F(EntityKeyParts, APartitionOfSeveralPartsIsNoOther) {
  EXPECT_THAT(titles({}), ElementsAre("fit", "fire", "fix", "other state"));
  env.in_handler([&] {
    EXPECT_EQ(tickets.get({"a", 12}, {"open", "other project"}).get()->title, "other project");
    EXPECT_FALSE(tickets.get({"a", 1}, {"open", "other project"}).get());
    EXPECT_TRUE(tickets.remove({"a1", 1}, {"open", "other tenant"}).get());
  });
}

TEST_F(EntityKeyParts, AConditionNamesAllPartsOrTheFirstOfThem) {
  EXPECT_THAT(titles({.sort = equal("open")}), ElementsAre("fire", "fix"));
  EXPECT_THAT(titles({.sort = begins_with("open")}), ElementsAre("fire", "fix", "other state"));
  EXPECT_THAT(titles({.sort = begins_with(std::tuple{"open", "fir"})}), ElementsAre("fire"));
  EXPECT_THAT(titles({.sort = equal(std::tuple{"open", "fix"})}), ElementsAre("fix"));
  EXPECT_THAT(titles({.sort = at_least(std::tuple{"open", "fix"})}),
              ElementsAre("fix", "other state"));
  EXPECT_THAT(titles({.sort = between("closed", "open")}), ElementsAre("fit", "fire", "fix"));
  EXPECT_THAT(titles({.sort = begins_with(std::tuple{"open", "z"})}), IsEmpty());
}

TEST_F(EntityKeyParts, ATransactionThatReadAnAbsentItemMayWriteAnother) {
  EXPECT_TRUE(env.run(add));
  env.in_handler([&] { EXPECT_TRUE(tickets.get({"b", 1}, {"open", "new"}).get()); });
}

TEST(EntityDefects, AreToldWithTheirName) {
  Service service("bad");
  const auto tickets = service.entity("tickets", key(&Ticket::tenant));
  (void)service.index(tickets, "byState", key(&Ticket::state));
  (void)service.index(tickets, "byState", key(&Ticket::title));
  (void)service.entity("tickets", key(&Ticket::title));
  tickets.on_change("audit", [](const EntityChange<Ticket>&) {});
  tickets.on_change("audit", [](const EntityChange<Ticket>&) {});
  service.subscribe_to("http://127.0.0.1:1", tickets.changes());
  std::string all;
  for (const auto& defect : service.declarations().defects()) all += defect.message + "\n";
  EXPECT_THAT(all, HasSubstr("index \"byState\": entity tickets has it twice"));
  EXPECT_THAT(all, HasSubstr("entity \"tickets\": declared twice"));
  EXPECT_THAT(all, HasSubstr("subscription \"audit\": declared twice"));
  EXPECT_THAT(all, HasSubstr("the changes of entities stay in their service"));
  EXPECT_EQ(service.declarations().defects().size(), 4U) << all;
}

}  // namespace
}  // namespace eventual
