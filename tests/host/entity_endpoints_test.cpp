// Entities and transactions over HTTP: GET /_eventual/entities/…, POST /_eventual/transactions/….
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/http_client.hpp"
#include "eventual/eventual.hpp"
#include "tests/client/served.hpp"

namespace eventual::host {
namespace {

struct Account {
  std::string id;
  std::string owner;
  std::int64_t balance = 0;
};
struct Movement {
  std::string account;
  Timestamp at{};
  std::int64_t number = 0;
  std::int64_t amount = 0;
};
struct Opening {
  std::string id;
  std::string owner;
  std::int64_t balance = 0;
};

class EntityEndpointsTest : public testing::Test {
 protected:
  EntityEndpointsTest() {
    const auto accounts = service_.entity("accounts", key(&Account::id));
    service_.index(accounts, "byOwner", key(&Account::owner, &Account::balance));
    const auto movements = service_.entity(
        "movements", key(&Movement::account, parts(&Movement::at, &Movement::number)));
    service_.transaction("open", [accounts](const Opening& opening, TransactionContext& tx) {
      if (tx.get(accounts, opening.id)) throw Error("Taken", "there is " + opening.id);
      tx.put(accounts, {opening.id, opening.owner, opening.balance});
      return opening.balance;
    });
    service_.transaction("deposit", [accounts](const std::string& id, TransactionContext& tx) {
      Account account = tx.get(accounts, id).value();
      ++account.balance;
      tx.put(accounts, account);
      return account.balance;
    });
    service_.transaction("move", [movements](std::int64_t number, TransactionContext& tx) {
      tx.put(movements, {"a", Timestamp(std::chrono::hours(number)), number, number * 10});
    });
    served_ = std::make_unique<client::testing::Served>(service_);
    http_ = client::HttpClient::make(served_->url()).value();
  }

  struct Answer {
    int status = 0;
    Json body;
    std::string error() const { return body["error"].is_string() ? body["error"].as_string() : ""; }
  };
  Answer send(client::ClientRequest request) {
    const Result<http::Response> response = http_->send(std::move(request));
    if (!response) {
      ADD_FAILURE() << response.error().message();
      return {};
    }
    return {response->status, Json::parse(response->body).value()};
  }
  Answer get(std::string target) { return send({.target = "/_eventual/entities/" + target}); }
  Answer post(const std::string& transaction, std::string body, http::Fields headers = {}) {
    return send({.method = http::Method::post,
                 .target = "/_eventual/transactions/" + transaction,
                 .body = std::move(body),
                 .headers = std::move(headers)});
  }
  void open(const std::string& id, const std::string& owner, int balance) {
    const Json input = Json::object({{"id", id}, {"owner", owner}, {"balance", balance}});
    ASSERT_EQ(post("open", Json::object({{"input", input}}).dump()).status, 200);
  }
  /// The ids of a page, in order.
  static std::string ids(const Json& page) {
    std::string all;
    for (const Json& item : page["items"].as_array()) all += item["value"]["id"].as_string();
    return all;
  }

  Service service_{"bank"};
  std::unique_ptr<client::testing::Served> served_;
  std::unique_ptr<client::HttpClient> http_;
};

TEST_F(EntityEndpointsTest, AnItemIsFoundByItsKeyWithItsVersion) {
  open("a b", "ann", 5);
  const Answer found = get("accounts/a%20b");
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body["value"], Json::object({{"id", "a b"}, {"owner", "ann"}, {"balance", 5}}));
  EXPECT_EQ(found.body["version"], Json(1));
  ASSERT_EQ(post("deposit", R"({"input":"a b"})").body["result"], Json(6));
  EXPECT_EQ(get("accounts/a%20b").body["version"], Json(2));
}

TEST_F(EntityEndpointsTest, EachSegmentIsAPartOfAKey) {
  ASSERT_EQ(post("move", R"({"input":3})").status, 200);
  const Answer found = get("movements/a/1970-01-01T03:00:00.000Z/3");
  EXPECT_EQ(found.status, 200) << found.body.dump();
  EXPECT_EQ(found.body["value"]["amount"], Json(30));
  EXPECT_EQ(get("movements/a/1970-01-01T03:00:00.000Z/4").status, 404);
  EXPECT_EQ(get("movements/a/1970-01-01T03:00:00.000Z/three").status, 400);
  EXPECT_EQ(get("movements/a").status, 400) << "a key has all of its parts";
}

TEST_F(EntityEndpointsTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(get("accounts/nobody").error(), "NotFound");
  EXPECT_EQ(get("nothing/a").error(), "NotFound");
  EXPECT_EQ(get("nothing").error(), "NotFound");
  EXPECT_EQ(get("accounts?index=byColour&partition=red").error(), "NotFound");
}

TEST_F(EntityEndpointsTest, AllItemsComeInPages) {
  for (const char* id : {"a", "b", "c"}) open(id, "ann", 1);
  const Answer first = get("accounts?limit=2");
  EXPECT_EQ(ids(first.body), "ab");
  const std::string cursor = first.body["cursor"].as_string();
  const Answer second = get("accounts?limit=2&cursor=" + cursor);
  EXPECT_EQ(ids(second.body), "c");
  EXPECT_EQ(second.body["items"].as_array()[0]["version"], Json(1));
  EXPECT_EQ(second.body["cursor"], Json());
}

TEST_F(EntityEndpointsTest, APartitionIsReadInTheOrderOfItsSortKey) {
  for (int number = 1; number <= 4; ++number) {
    ASSERT_EQ(post("move", R"({"input":)" + std::to_string(number) + "}").status, 200);
  }
  const auto numbers = [](const Answer& answer) {
    std::string all;
    for (const Json& item : answer.body["items"].as_array()) all += item["value"]["number"].dump();
    return all;
  };
  EXPECT_EQ(numbers(get("movements?partition=a")), "1234");
  EXPECT_EQ(numbers(get("movements?partition=a&descending=true&limit=3")), "432");
  EXPECT_EQ(numbers(get("movements?partition=b")), "");
  EXPECT_EQ(numbers(get("movements?partition=a&condition=%7B%22at_least%22%3A%5B%22"
                        "1970-01-01T03%3A00%3A00Z%22%5D%7D")),
            "34");
}

TEST_F(EntityEndpointsTest, AnIndexFindsByOtherMembersAndSelects) {
  open("a", "ann", 30);
  open("b", "bob", 10);
  open("c", "ann", 20);
  const Answer found = get("accounts?index=byOwner&partition=ann&select=id,balance");
  ASSERT_EQ(found.status, 200) << found.body.dump();
  EXPECT_EQ(ids(found.body), "ca") << "in the order of the balance";
  EXPECT_EQ(found.body["items"].as_array()[0]["value"],
            Json::object({{"id", "c"}, {"balance", 20}}));
}

TEST_F(EntityEndpointsTest, BadParametersAreNamed) {
  for (const char* target :
       {"accounts?limit=0", "accounts?limit=1001", "accounts?limit=x",
        "accounts?descending=perhaps", "movements?partition=a&condition=%7B",
        "movements?partition=a&condition=%7B%22near%22%3A%5B1%5D%7D",
        "movements?condition=%7B%22at_least%22%3A%5B1%5D%7D", "accounts?cursor=nonsense"}) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 400) << target << ": " << answer.body.dump();
    EXPECT_EQ(answer.error(), "InvalidInput") << target;
  }
}

TEST_F(EntityEndpointsTest, ATransactionWithAnIdHappensOnce) {
  open("a", "ann", 0);
  EXPECT_EQ(post("deposit", R"({"input":"a","id":"d-1"})").body["result"], Json(1));
  EXPECT_EQ(post("deposit", R"({"input":"a","id":"d-1"})").body["result"], Json(1));
  EXPECT_EQ(post("deposit", R"({"input":"a"})", {{"Idempotency-Key", "d-1"}}).body["result"],
            Json(1));
  EXPECT_EQ(post("deposit", R"({"input":"a"})").body["result"], Json(2));
  open("b", "bob", 0);
  const Answer other = post("deposit", R"({"input":"b","id":"d-1"})");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.error(), "AlreadyExists");
}

TEST_F(EntityEndpointsTest, WhatATransactionThrowsIsAConflictWithItsName) {
  open("a", "ann", 0);
  const Answer answer = post("open", R"({"input":{"id":"a","owner":"bob"}})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.error(), "Taken");
  EXPECT_EQ(get("accounts/a").body["value"]["owner"], Json("ann"));
}

TEST_F(EntityEndpointsTest, ATransactionsInputIsChecked) {
  EXPECT_EQ(post("open", R"({"input":{"id":7}})").status, 400);
  EXPECT_EQ(post("open", R"(["input"])").status, 400);
  EXPECT_EQ(post("open", "{").status, 400);
  EXPECT_EQ(post("open", R"({"input":{"id":"a","owner":"ann"},"id":7})").status, 400);
  EXPECT_EQ(post("close", R"({"input":null})").error(), "NotFound");
  EXPECT_EQ(send({.target = "/_eventual/transactions/open"}).status, 405);
}

}  // namespace
}  // namespace eventual::host
