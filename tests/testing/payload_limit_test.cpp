// Values of every size up to the payload_limit, and the refusal of those beyond: each way in.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

constexpr std::size_t k_kib = 1 << 10;
constexpr std::size_t k_mib = 1 << 20;

/// As JSON it has so many bytes.
std::string text_of(std::size_t bytes) { return std::string(bytes - 2, 'x'); }

struct Item {
  std::string key;
  std::string text;
};

/// What a caller or the execution's record says of a refusal.
void expect_refused(const Error& error, const std::string& what, std::size_t bytes,
                    std::size_t limit) {
  EXPECT_EQ(error.name(), "PayloadTooLarge");
  EXPECT_EQ(error.message(), what + " has " + std::to_string(bytes) + " bytes, more than " +
                                 std::to_string(limit) + ", the payload_limit (--payload-limit)");
  const Json details = Json::parse(error.details_json()).value();
  EXPECT_EQ(details["bytes"], Json(bytes));
  EXPECT_EQ(details["limit"], Json(limit));
}

template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error("NoError", "it was taken");
}

Service& service() {
  static Service made{"sizes"};
  return made;
}
std::vector<std::size_t> heard;  // by the subscription

const auto echo = service().task("echo", [](const std::string& text) { return text; });
const auto make = service().task("make", {.retry = {.max_attempts = 1}},
                                 [](std::uint64_t bytes) { return text_of(bytes); });
const auto told = service().signal<std::string>("told");
const auto exchange = service().update<std::string, std::string>("exchange");
const auto seen = service().query("seen", [](const std::string& view) { return view; });
const auto happened = service().event<Item>("happened");
const Entity<Item, std::string> items = service().entity("items", key(&Item::key));
const auto turn_over = service().transaction(
    "turnOver", [](const std::string& text, TransactionContext&) { return text; });
const auto hears = service().subscription(
    "hears", on(happened), [](const Item& item) { heard.push_back(item.text.size()); });

const auto echoes = service().workflow(
    "echoes", [](std::string text) -> Future<std::string> { co_return co_await echo(text); });
const auto makes = service().workflow(
    "makes", [](std::uint64_t bytes) -> Future<std::string> { co_return co_await make(bytes); });
const auto waits = service().workflow("waits", [](std::string) -> Future<std::string> {
  auto answers = exchange.on([](std::string text) {
    publish(text);
    return text;
  });
  co_return co_await told.expect();
});

TEST(PayloadLimit, ValuesOfAllSizesGoInAndComeOutEverywhere) {
  heard.clear();
  TestEnvironment env(service());
  std::size_t number = 0;
  for (const std::size_t bytes :
       {std::size_t{1000}, 4 * k_kib - 1, 4 * k_kib, 4 * k_kib + 1, k_mib}) {
    const std::string text = text_of(bytes);
    const std::string name = std::to_string(++number);
    EXPECT_EQ(env.start(echoes, text, {.name = name}).result(), text);
    const auto waiting = env.start(waits, text, {.name = name});
    EXPECT_TRUE(env.update(waiting, exchange, text) == text);
    EXPECT_TRUE(env.query(waiting, seen) == text);
    env.send(waiting, told, text);
    EXPECT_TRUE(waiting.result() == text);
    EXPECT_TRUE(env.run(turn_over, text) == text);
    // The item's JSON is that of the text with its key.
    const Item item{name, text.substr(0, text.size() - 21 - name.size())};
    env.emit(happened, item);
    env.in_handler([&] { items.put(item).get(); });
    EXPECT_TRUE(env.in_handler([&] { return items.get(name).get(); })->text == item.text);
    ASSERT_EQ(heard.size(), number);
    EXPECT_EQ(heard.back(), item.text.size());
  }
  env.replay_all();
}

TEST(PayloadLimit, OneByteMoreThanTheLimitIsRefusedAtEachWayIn) {
  constexpr std::size_t k_limit = 64 * k_kib;
  heard.clear();
  TestEnvironment env(service(), {.payload_limit = k_limit});
  const std::string fits = text_of(k_limit);
  const std::string large = text_of(k_limit + 1);
  const auto refused = [&](const std::string& what, const std::function<void()>& call) {
    expect_refused(error_of(call), what, k_limit + 1, k_limit);
  };

  EXPECT_TRUE(env.start(echoes, fits).result() == fits);
  refused("the input", [&] { env.start(echoes, large); });

  EXPECT_TRUE(env.start(makes, k_limit).result() == fits);
  const auto failed = env.start(makes, k_limit + 1);
  ASSERT_TRUE(failed.error());
  expect_refused(*failed.error(), "the result of task make", k_limit + 1, k_limit);

  const auto waiting = env.start(waits, "small");
  refused("the payload", [&] { env.send(waiting, told, large); });
  refused("the input", [&] { env.update(waiting, exchange, large); });
  EXPECT_TRUE(env.update(waiting, exchange, fits) == fits);
  env.send(waiting, told, fits);
  EXPECT_TRUE(waiting.result() == fits);

  EXPECT_TRUE(env.run(turn_over, fits) == fits);
  refused("the input of transaction turnOver", [&] { env.run(turn_over, large); });

  const std::size_t around = to_json(Item{"", ""}).size();
  env.emit(happened, {"", std::string(k_limit - around, 'x')});
  EXPECT_EQ(heard.size(), 1U);
  const Item large_item{"", std::string(k_limit - around + 1, 'x')};
  refused("the payload of event happened", [&] { env.emit(happened, large_item); });
  refused("the payload of event happened",
          [&] { env.in_handler([&] { happened.emit(large_item).get(); }); });
  EXPECT_EQ(heard.size(), 1U);
  env.replay_all();
}

TEST(PayloadLimit, AnItemHasALimitOfItsOwn) {
  heard.clear();
  TestEnvironment env(service(), {.payload_limit = 16 * k_mib});
  const std::size_t around = to_json(Item{"a", ""}).size();
  const auto put = [&](std::size_t bytes) {
    env.in_handler([&] { items.put({"a", std::string(bytes - around, 'x')}).get(); });
  };
  put(k_mib);
  const Error refused = error_of([&] { put(k_mib + 1); });
  EXPECT_EQ(refused.name(), "LimitExceeded");
  EXPECT_EQ(refused.message(), "an item of entity items has 1048577 bytes, more than 1048576");
}

TEST(PayloadLimit, SixteenMebibytesGoThroughATask) {
  heard.clear();
  TestEnvironment env(service(), {.payload_limit = 16 * k_mib});
  const std::string text = text_of(16 * k_mib);
  EXPECT_TRUE(env.start(echoes, text).result() == text);
  expect_refused(error_of([&] { env.start(echoes, text + "x"); }), "the input", 16 * k_mib + 1,
                 16 * k_mib);
}

TEST(PayloadLimit, ALimitOutOfRangeIsNoLimit) {
  for (const std::size_t bytes : {std::size_t{0}, k_kib - 1, 16 * k_mib + 1}) {
    const Error refused = error_of([&] { TestEnvironment(service(), {.payload_limit = bytes}); });
    EXPECT_EQ(refused.message(),
              "payload_limit must be from 1024 to 16777216 bytes, not " + std::to_string(bytes));
  }
}

TEST(PayloadLimit, TheServiceSaysItWhereNobodyElseDoes) {
  Service strict{"strict", {.payload_limit = k_kib}};
  const auto say =
      strict.workflow("say", [](std::string text) -> Future<std::string> { co_return text; });
  TestEnvironment env(strict);
  EXPECT_EQ(env.start(say, text_of(k_kib)).status(), "succeeded");
  expect_refused(error_of([&] { env.start(say, text_of(k_kib + 1)); }), "the input", k_kib + 1,
                 k_kib);
}

}  // namespace
}  // namespace eventual
