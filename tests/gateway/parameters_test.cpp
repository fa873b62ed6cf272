#include "gateway/parameters.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventual/schema.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway {

enum class Size { small, large };

struct Search {
  std::string shop;
  std::int32_t limit = 10;
  bool full = false;
  double ratio = 0;
  Size size = Size::small;
  std::chrono::milliseconds within{0};
  std::optional<std::int64_t> after;
  std::vector<std::int32_t> ids;
  std::vector<std::string> tags;
  std::string language;
  std::string note;
};

namespace {

http::Request request(http::Method method, std::string target, std::string body = {}) {
  http::Request made;
  made.method = method;
  made.raw_target = std::move(target);
  made.body = std::move(body);
  decode_target(made).value();
  return made;
}

template <class T>
Result<T> read(const http::Request& given, const std::vector<http::Parameter>& parameters = {}) {
  return from_json<T>(compose_input_json(given, {&eventual::detail::schema_of<T>(), &parameters}),
                      {.absent_is_default = true});
}

TEST(Parameters, OfTheQueryBecomeWhatTheTypeWants) {
  const Search search =
      read<Search>(request(http::Method::get,
                           "/s?shop=7&limit=25&full=true&ratio=0.5&size=large&within=90s&after=9"
                           "&ids=4&tags=a&tags=b%20c"))
          .value();
  EXPECT_EQ(search.shop, "7");
  EXPECT_EQ(search.limit, 25);
  EXPECT_TRUE(search.full);
  EXPECT_EQ(search.ratio, 0.5);
  EXPECT_EQ(search.size, Size::large);
  EXPECT_EQ(search.within, std::chrono::seconds(90));
  EXPECT_EQ(search.after, 9);
  EXPECT_EQ(search.ids, std::vector<std::int32_t>{4});
  EXPECT_EQ(search.tags, (std::vector<std::string>{"a", "b c"}));
}

TEST(Parameters, DurationsAreMillisecondsOrHaveAUnit) {
  const auto within = [](const std::string& text) {
    return read<Search>(request(http::Method::get, "/s?within=" + text)).value().within.count();
  };
  EXPECT_EQ(within("1500"), 1500);
  EXPECT_EQ(within("250ms"), 250);
  EXPECT_EQ(within("15m"), 900'000);
  EXPECT_EQ(within("2h"), 7'200'000);
  EXPECT_EQ(within("1d"), 86'400'000);
  EXPECT_EQ(within("-3s"), -3000);
  for (const std::string bad : {"fast", "1w", "s", "9223372036854775807d", "1%2E5s"}) {
    EXPECT_FALSE(read<Search>(request(http::Method::get, "/s?within=" + bad))) << bad;
  }
}

TEST(Parameters, AnEmptyTextIsNothingWhereNothingMayBe) {
  EXPECT_EQ(read<Search>(request(http::Method::get, "/s?after=")).value().after, std::nullopt);
  EXPECT_FALSE(read<Search>(request(http::Method::get, "/s?limit=")));
}

TEST(Parameters, EveryBadOneIsToldByItsPointer) {
  const auto search = read<Search>(
      request(http::Method::get, "/s?limit=many&full=yes&size=huge&ids=1&ids=x&ratio=NaN"));
  ASSERT_FALSE(search);
  EXPECT_EQ(search.error().name(), "InvalidInput");
  const Json details = Json::parse(search.error().details_json()).value();
  std::vector<std::string> pointers;
  for (const Json& each : details.as_array()) pointers.push_back(each["pointer"].as_string());
  EXPECT_EQ(pointers, (std::vector<std::string>{"/limit", "/full", "/size", "/ids/1", "/ratio"}));
}

TEST(Parameters, OfTheBodyAreNotConverted) {
  EXPECT_EQ(read<Search>(request(http::Method::post, "/s", R"({"limit":3})")).value().limit, 3);
  EXPECT_FALSE(read<Search>(request(http::Method::post, "/s", R"({"limit":"3"})")));
}

TEST(Parameters, TheQueryOfAPostIsNoInputUnlessItIsDeclared) {
  EXPECT_EQ(read<Search>(request(http::Method::post, "/s?limit=3", "{}")).value().limit, 10);
  EXPECT_EQ(read<Search>(request(http::Method::post, "/s?limit=3", "{}"),
                         {{.member = "limit", .in = http::In::query}})
                .value()
                .limit,
            3);
}

TEST(Parameters, ComeFromHeadersWhereTheyAreDeclared) {
  http::Request given = request(http::Method::get, "/s?language=de&n=5");
  given.headers = {{"Accept-Language", "fr"}, {"X-Note", "hello"}};
  const std::vector<http::Parameter> parameters{
      {.member = "language", .in = http::In::header, .name = "accept-language"},
      {.member = "limit", .in = http::In::query, .name = "n"},
      {.member = "note", .in = http::In::header, .name = "x-note"}};
  const Search search = read<Search>(given, parameters).value();
  EXPECT_EQ(search.language, "fr");
  EXPECT_EQ(search.limit, 5);
  EXPECT_EQ(search.note, "hello");
}

TEST(Parameters, ABodyCannotSayWhatAHeaderSays) {
  http::Request given = request(http::Method::post, "/s", R"({"note":"forged","limit":2})");
  const std::vector<http::Parameter> parameters{
      {.member = "note", .in = http::In::header, .name = "x-note"}};
  const Search search = read<Search>(given, parameters).value();
  EXPECT_EQ(search.note, "");
  EXPECT_EQ(search.limit, 2);
}

TEST(Parameters, OfThePathWinAndMayBeRenamed) {
  http::Request given = request(http::Method::put, "/shops/9", R"({"shop":"other","limit":2})");
  given.path_parameters = {{"id", "9"}};
  const Search search =
      read<Search>(given, {{.member = "shop", .in = http::In::path, .name = "id"}}).value();
  EXPECT_EQ(search.shop, "9");
  EXPECT_EQ(search.limit, 2);
}

TEST(Parameters, AnInputWithoutMembersIsTheOnlyOneOfThePath) {
  http::Request given = request(http::Method::get, "/hello/7");
  given.path_parameters = {{"name", "7"}};
  EXPECT_EQ(read<std::string>(given).value(), "7");
  EXPECT_EQ(read<int>(given).value(), 7);
  EXPECT_EQ(read<Size>(given).error().name(), "InvalidInput");
}

TEST(Parameters, AnInputWithoutMembersComesFromThePathWhateverTheBodySays) {
  for (const std::string body : {"{}", "null", R"("other")"}) {
    http::Request given = request(http::Method::post, "/orders/o-1/cancel", body);
    given.path_parameters = {{"id", "o-1"}};
    EXPECT_EQ(read<std::string>(given).value(), "o-1") << body;
  }
}

TEST(Parameters, AListIsTheBodyWhereThePathCannotBeIt) {
  http::Request given = request(http::Method::put, "/shops/7/items/9", "[1,2]");
  given.path_parameters = {{"shop", "7"}, {"item", "9"}};
  EXPECT_EQ(read<std::vector<int>>(given).value(), (std::vector<int>{1, 2}));
}

TEST(Parameters, NothingAtAllIsAnObjectWithoutMembersWhereOneIsWanted) {
  const eventual::detail::TypeSchema& search = eventual::detail::schema_of<Search>();
  EXPECT_EQ(compose_input_json(request(http::Method::get, "/s"), {&search}), "{}");
  EXPECT_EQ(compose_input_json(request(http::Method::post, "/s"), {&search}), "{}");
  EXPECT_EQ(compose_input_json(request(http::Method::get, "/s"), {}), "null");
  EXPECT_EQ(compose_input_json(request(http::Method::post, "/rpc/s"), {&search}), "null");
}

TEST(Parameters, AnRpcTakesItsBodyAsItIs) {
  EXPECT_EQ(compose_input_json(request(http::Method::post, "/rpc/c?limit=1", "[1]"), {}), "[1]");
  EXPECT_EQ(compose_input_json(request(http::Method::post, "/rpc/c"), {}), "null");
}

}  // namespace
}  // namespace eventual::gateway
