// Entities of a node whose code changes from one start to the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "eventual/json.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Account {
  std::string id;
  std::string owner;
};

Result<std::string> perform(ports::Operations& node, detail::EntityRequest request) {
  request.entity = "accounts";
  ports::EntityOperation operation;
  operation.request = std::move(request);
  return answer_of<std::string>(
      [&](auto done) { node.entity(std::move(operation), std::move(done)); });
}
void put(ports::Operations& node, const Account& account) {
  detail::EntityRequest request;
  request.operation = detail::EntityRequest::Operation::put;
  request.value = to_json(account);
  ASSERT_TRUE(perform(node, std::move(request)));
}
std::vector<std::string> ids_by_owner(ports::Operations& node, const std::string& owner) {
  detail::EntityRequest request;
  request.operation = detail::EntityRequest::Operation::query;
  request.index = "byOwner";
  request.key = "[" + to_json(owner) + "]";
  const Json page = Json::parse(perform(node, std::move(request)).value()).value();
  std::vector<std::string> ids;
  for (const Json& item : page["items"].as_array())
    ids.push_back(item["value"]["id"].as_string() + " v" +
                  std::to_string(item["version"].as_uint64()));
  return ids;
}

TEST(EntitiesOnANode, ItemsFromBeforeAnIndexAreFoundOnceTheyAreWrittenAgain) {
  TemporaryFolder folder;
  {
    Service service("bank");
    (void)service.entity("accounts", key(&Account::id));
    auto node = start_node(service, rocksdb_store(folder / "data"));
    put(*node, {"a", "ann"});
    put(*node, {"b", "ann"});
    node->stop(Duration(1'000));
  }
  Service service("bank");
  const auto accounts = service.entity("accounts", key(&Account::id));
  (void)service.index(accounts, "byOwner", key(&Account::owner));
  auto node = start_node(service, rocksdb_store(folder / "data"));
  EXPECT_THAT(ids_by_owner(*node, "ann"), IsEmpty());
  put(*node, {"a", "ann"});
  EXPECT_THAT(ids_by_owner(*node, "ann"), ElementsAre("a v2"));
  put(*node, {"b", "ann"});
  EXPECT_THAT(ids_by_owner(*node, "ann"), ElementsAre("a v2", "b v2"));
  node->stop(Duration(1'000));
}

TEST(EntitiesOnANode, ChangesThatWereNotTakenAreToldByTheNextProcess) {
  struct Seen {
    std::mutex mutex;
    std::vector<std::uint64_t> versions;
    std::vector<std::uint64_t> all() {
      const std::lock_guard lock(mutex);
      return versions;
    }
  };
  TemporaryFolder folder;
  const RetryPolicy at_once{.max_attempts = 9, .initial_interval = Duration(1)};
  {
    Service service("bank");
    const auto accounts = service.entity("accounts", key(&Account::id));
    const auto begun = std::make_shared<Gate>();
    accounts.on_change(
        "audit", {.retry = at_once}, [begun](const EntityChange<Account>&, EventContext& context) {
          begun->open();
          Gate stopped;
          const std::stop_callback stop(context.stop_token(), [&] { stopped.open(); });
          stopped.pass();
          throw Error("Stopped", "in the middle");
        });
    auto node = start_node(service, rocksdb_store(folder / "data"));
    for (const char* owner : {"ann", "bob", "eve"}) put(*node, {"a", owner});
    begun->pass();
    node->stop(Duration(1));  // the first change is being told, the others wait behind it
  }
  Service service("bank");
  const auto seen = std::make_shared<Seen>();
  const auto accounts = service.entity("accounts", key(&Account::id));
  accounts.on_change("audit", {.retry = at_once}, [seen](const EntityChange<Account>& change) {
    const std::lock_guard lock(seen->mutex);
    seen->versions.push_back(change.version);
  });
  auto node = start_node(service, rocksdb_store(folder / "data"));
  EXPECT_TRUE(eventually([&] { return seen->all().size() == 3; }));
  EXPECT_THAT(seen->all(), ElementsAre(1, 2, 3));
  node->stop(Duration(1'000));
}

}  // namespace
}  // namespace eventual::host
