// Plain structs: reflection, annotations, every problem with its pointer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eventual/schema.hpp"

namespace {

namespace ev = eventual;

struct Empty {};
struct Item {
  std::string sku;
  std::int64_t amount = 0;
};
struct Order {
  std::string id;
  std::vector<Item> items;
  std::optional<std::string> note;
  std::map<std::string, Item> named;
  ev::Json extra;
  int version = 7;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};
struct Wide {
  int f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20,
      f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35, f36, f37, f38, f39,
      f40, f41, f42, f43, f44, f45, f46, f47, f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58,
      f59, f60, f61, f62, f63;
};
enum class Level { low, very_high };
struct Annotated {
  std::string email;
  std::int64_t amount_cents = 0;
  double ratio = 0;
  std::vector<int> codes;
  std::optional<int> retries;
  Level level = Level::low;
  std::optional<std::string> code;
};
struct Wrong {
  std::string text;
  int number = 0;
  int other = 0;
};
template <class T>
struct Page {
  std::vector<T> entries;
};

std::string pointers(const ev::Error& error) {
  std::string text;
  const ev::Json details = ev::Json::parse(error.details_json()).value();
  for (const ev::Json& problem : details.as_array()) {
    text += problem["pointer"].as_string() + ": " + problem["reason"].as_string() + "\n";
  }
  return text;
}

}  // namespace

template <>
struct eventual::Annotate<Annotated> {
  static constexpr std::string_view description = "Everything that can be said";
  static constexpr FieldAnnotations fields[] = {
      field<&Annotated::email>({.description = "Where to write",
                                .length_max = 20,
                                .pattern = "^[^@]+@[^@]+$",
                                .format = "email"}),
      field<&Annotated::amount_cents>(
          {.name = "amount", .minimum = 1, .maximum = 1'000, .example = 500}),
      field<&Annotated::ratio>({.minimum = 0.5, .maximum = 1, .default_value = 0.75}),
      field<&Annotated::codes>(
          {.length_min = 1, .length_max = 2, .default_value = Literal::json("[4]")}),
      {"retries", {.default_value = 3, .deprecated = true}},
      field<&Annotated::level>({.default_value = "very-high"}),
      field<&Annotated::code>({.length_min = 2}),
  };
};

template <>
struct eventual::Annotate<Level> {
  static constexpr EnumName<Level> names[] = {{Level::very_high, "very-high"}};
};

template <>
struct eventual::Annotate<Wrong> {
  static constexpr FieldAnnotations fields[] = {
      field<&Wrong::text>({.minimum = 1, .pattern = "("}),
      field<&Wrong::number>({.name = "other", .maximum = 5, .default_value = 6, .example = "x"}),
      {"missing", {}},
  };
};

namespace {

TEST(Structs, ANumberThatNothingHoldsIsReportedBesideAllOtherProblems) {
  const auto order = ev::from_json<Order>(
      R"({"id":7,"items":[{"sku":"a"},{"sku":"\"]{,","amount":99999999999999999999}],)"
      R"("ignored/\u0041":{"x":[1,-1e400]},"version":"v","note":"1e999"})");
  ASSERT_FALSE(order.ok());
  const std::string found = pointers(order.error());
  EXPECT_THAT(found,
              testing::HasSubstr("/items/1/amount: is a number that does not fit in 64 bits\n"));
  EXPECT_THAT(found,
              testing::HasSubstr("/ignored~1A/x/1: is a number that does not fit in 64 bits\n"));
  EXPECT_THAT(found, testing::HasSubstr("/id: must be a string\n"));
  EXPECT_THAT(found, testing::HasSubstr("/version: must be an integer\n"));
  EXPECT_THAT(found, testing::Not(testing::HasSubstr("/note")));
}

TEST(Structs, OtherMistakesOfTheTextGoBeforeNumbersThatNothingHolds) {
  for (const std::string_view text : {R"({"id":1e400,"items":[})", R"({"id":1e400} x)",
                                      R"(1e400]]]]})", R"({"a\)", R"([[[1e400)"}) {
    const auto order = ev::from_json<Order>(text);
    ASSERT_FALSE(order.ok()) << text;
    EXPECT_THAT(pointers(order.error()), testing::StartsWith(": is not valid JSON")) << text;
  }
}

TEST(Structs, AreWrittenInTheOrderOfTheirMembers) {
  Order order{"o-1", {{"s", 1}}, {}, {{"b", {"t", 2}}, {"a", {"u", 3}}}, 1.5, 2};
  EXPECT_EQ(
      ev::to_json(order),
      R"({"id":"o-1","items":[{"sku":"s","amount":1}],"named":{"a":{"sku":"u","amount":3},"b":{"sku":"t","amount":2}},"extra":1.5,"version":2})");
  EXPECT_EQ(ev::to_json(Empty{}), "{}");
}

TEST(Structs, AreReadWithTheirMembersInAnyOrder) {
  const Order order =
      ev::from_json<Order>(
          R"({ "version": 3, "named": {}, "ignored": {"x": 1}, "items": [], "note": null, "id": "a" })")
          .value();
  EXPECT_EQ(order.id, "a");
  EXPECT_EQ(order.version, 3);
  EXPECT_FALSE(order.note.has_value());
  EXPECT_TRUE(order.extra.is_null());
}

TEST(Structs, AnAbsentOptionalIsEmpty) {
  struct Preset {
    std::optional<int> value = 5;
  };
  EXPECT_FALSE(ev::from_json<Preset>("{}").value().value.has_value());
  EXPECT_EQ(ev::to_json(Preset{std::nullopt}), "{}");
}

TEST(Structs, MayContainThemselves) {
  const char* json =
      R"({"value":1,"children":[{"value":2,"children":[]}],"next":{"value":3,"children":[]}})";
  EXPECT_EQ(ev::to_json(ev::from_json<Tree>(json).value()), json);
}

TEST(Structs, MayHave64Members) {
  Wide wide{};
  wide.f0 = 1;
  wide.f63 = 64;
  const Wide again = ev::from_json<Wide>(ev::to_json(wide)).value();
  EXPECT_EQ(again.f0, 1);
  EXPECT_EQ(again.f63, 64);
  EXPECT_EQ(ev::from_json<Wide>("{}").error().message(), "/f0 is required (and 63 more)");
}

TEST(Structs, EveryBadFieldIsReported) {
  const auto result = ev::from_json<Order>(
      R"({"id":1,"items":[{"sku":"s","amount":1},{"sku":2,"amount":"x"},5],"note":[],"named":{"a/b~c":{"sku":"s"}}})");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(), "/id must be a string (and 6 more)");
  EXPECT_EQ(pointers(result.error()),
            "/id: must be a string\n"
            "/items/1/sku: must be a string\n"
            "/items/1/amount: must be an integer\n"
            "/items/2: must be an object\n"
            "/note: must be a string\n"
            "/named/a~1b~0c/amount: is required\n"
            "/version: is required\n");
}

TEST(Structs, ReportsEndAtAHundred) {
  std::string json = "[0";
  for (int i = 0; i < 5000; ++i) json += ",0";
  const auto result = ev::from_json<std::vector<std::string>>(json + "]");
  EXPECT_EQ(ev::Json::parse(result.error().details_json())->size(), ev::k_read_problems_max + 1);
}

TEST(Structs, UnknownMembersAreIgnoredUnlessRefused) {
  const char* json = R"({"sku":"a","amount":1,"x":1,"y":{"z":[]}})";
  EXPECT_TRUE(ev::from_json<Item>(json).ok());
  const auto refused = ev::from_json<Item>(json, {.unknown_fields_refused = true});
  EXPECT_EQ(pointers(refused.error()), "/x: is not a known member\n/y: is not a known member\n");
}

TEST(Structs, AMemberTwiceIsRefusedEverywhere) {
  EXPECT_EQ(ev::from_json<Item>(R"({"sku":"a","sku":"b","amount":1})").error().message(),
            "/sku appears more than once");
  EXPECT_EQ(ev::from_json<Item>(R"({"x":1,"x":1,"sku":"a","amount":1})").error().message(),
            "/x appears more than once");
  EXPECT_EQ(
      ev::from_json<Item>(R"({"x":[{"y":{"z":1,"z":1}}],"sku":"a","amount":1})").error().message(),
      "/x/0/y/z appears more than once");
  std::string many = R"({"sku":"a","amount":1)";
  for (int i = 0; i < 100; ++i) many += ",\"k" + std::to_string(i % 99) + "\":1";
  EXPECT_EQ(ev::from_json<Item>(many + "}").error().message(), "/k0 appears more than once");
}

TEST(Structs, AbsentMembersOfOldHistoriesKeepTheirDefault) {
  const Order order = ev::from_json<Order>(R"({"id":"a"})", {.absent_is_default = true}).value();
  EXPECT_EQ(order.version, 7);
  EXPECT_EQ(order.id, "a");
}

TEST(Annotations, RenameCheckAndGiveDefaults) {
  const Annotated value = ev::from_json<Annotated>(R"({"email":"a@b","amount":5})").value();
  EXPECT_EQ(
      ev::to_json(value),
      R"({"email":"a@b","amount":5,"ratio":0.75,"codes":[4],"retries":3,"level":"very-high"})");
}

TEST(Annotations, EachIsChecked) {
  const auto result = ev::from_json<Annotated>(
      R"({"email":"x","amount":1001,"ratio":0.25,"codes":[1,2,3],"retries":null,"level":"very_high","code":"é"})");
  EXPECT_EQ(pointers(result.error()),
            "/email: must match the pattern ^[^@]+@[^@]+$\n"
            "/amount: must be at most 1000\n"
            "/ratio: must be at least 0.5\n"
            "/codes: must have at most 2 items\n"
            "/level: must be one of: low, very-high\n"
            "/code: must have at least 2 characters\n");
}

TEST(Annotations, AnEmptyOptionalWithADefaultIsWrittenAsNull) {
  Annotated value =
      ev::from_json<Annotated>(R"({"email":"a@b","amount":5,"retries":null})").value();
  EXPECT_FALSE(value.retries.has_value());
  value = ev::from_json<Annotated>(ev::to_json(value)).value();
  EXPECT_FALSE(value.retries.has_value());
}

TEST(Annotations, MayBeGivenForAWholeValue) {
  static constexpr ev::Annotations k_percent{.minimum = 0, .maximum = 100};
  const ev::ReadOptions options{.annotations = &k_percent};
  EXPECT_TRUE(ev::from_json<int>("100", options).ok());
  EXPECT_EQ(ev::from_json<int>("101", options).error().message(), "the value must be at most 100");
  const ev::Json schema = ev::detail::schema_json(ev::detail::schema_of<int>(), &k_percent);
  EXPECT_EQ(schema["maximum"], ev::Json(100));
}

TEST(Annotations, MistakesAreToldAtTheDeclaration) {
  const std::vector<std::string> defects =
      ev::detail::schema_defects(ev::detail::schema_of<Page<Wrong>>(), nullptr);
  ASSERT_EQ(defects.size(), 6U) << ev::to_json(defects);
  EXPECT_EQ(defects[0], "Wrong has no member \"missing\" to annotate");
  EXPECT_TRUE(defects[1].starts_with("Wrong.text: the pattern \"(\" does not compile: "))
      << defects[1];
  EXPECT_EQ(defects[2], "Wrong has two members called \"other\"");
  EXPECT_EQ(defects[3], "Wrong.text: a minimum or maximum is only for numbers and durations");
  EXPECT_EQ(defects[4], "Wrong.number, default: it does not fit: the value must be at most 5");
  EXPECT_EQ(defects[5], "Wrong.number, example: it does not fit: the value must be an integer");
  EXPECT_TRUE(ev::detail::schema_defects(ev::detail::schema_of<Annotated>(), nullptr).empty());
}

TEST(Annotations, HostilePatternTextIsMatchedInBoundedTime) {
  static constexpr ev::Annotations k_evil{.pattern = "^(a+)+$"};
  const ev::ReadOptions options{.annotations = &k_evil};
  EXPECT_EQ(
      ev::from_json<std::string>('"' + std::string(2000, 'a') + "b\"", options).error().message(),
      "the value must match the pattern ^(a+)+$");
  EXPECT_EQ(
      ev::from_json<std::string>('"' + std::string(5000, 'a') + '"', options).error().message(),
      "the value must be at most 4096 bytes long, because it has a pattern");
}

struct Circle {
  double radius = 0;
};
struct Square {
  double side = 0;
  std::optional<std::string> label;
};
struct Sphere {
  double radius = 0;
  double density = 0;
};
using Shape = std::variant<Circle, Square, Sphere>;

TEST(Variants, OfStructsAreToldApartByTheirMembers) {
  EXPECT_EQ(ev::from_json<Shape>(R"({"radius":1})").value().index(), 0U);
  EXPECT_EQ(ev::from_json<Shape>(R"({"side":1,"label":"x"})").value().index(), 1U);
  EXPECT_EQ(ev::from_json<Shape>(R"({"density":1,"radius":1})").value().index(), 2U);
  EXPECT_EQ(ev::from_json<Shape>(R"({"side":1,"unknown":1})").value().index(), 1U);
  EXPECT_EQ(ev::from_json<Shape>(R"({"radius":1,"density":1,"unknown":1})").error().message(),
            "the value fits more than one of: Circle, Square, Sphere");
  EXPECT_EQ(ev::from_json<Shape>("{}").error().message(),
            "the value must be one of: Circle, Square, Sphere");
  EXPECT_TRUE(ev::detail::schema_defects(ev::detail::schema_of<Shape>(), nullptr).empty());
}

TEST(Variants, TheOnlyStructReportsItsOwnProblems) {
  using Value = std::variant<std::string, Item>;
  EXPECT_EQ(ev::from_json<Value>(R"({"sku":"a"})").error().message(), "/amount is required");
}

enum class A { a };
enum class B { b };
struct TaggedA {
  A type = A::a;
  int value = 0;
};
struct TaggedB {
  B type = B::b;
  int value = 0;
};

TEST(Variants, MayBeTaggedByAnEnum) {
  using Value = std::variant<TaggedA, TaggedB>;
  EXPECT_TRUE(ev::detail::schema_defects(ev::detail::schema_of<Value>(), nullptr).empty());
  EXPECT_EQ(ev::to_json(ev::from_json<Value>(R"({"type":"b","value":1})").value()),
            R"({"type":"b","value":1})");
}

TEST(Variants, ThatCannotBeToldApartAreADefect) {
  struct One {
    int value = 0;
  };
  struct Two {
    int value = 0;
    std::optional<int> other;
  };
  using Value = std::variant<One, Two>;
  EXPECT_EQ(ev::detail::schema_defects(ev::detail::schema_of<Value>(), nullptr).at(0),
            "a variant of One and Two cannot be told apart: give one of them a required member "
            "that the other does not have");
}

TEST(Texts, AreTurnedIntoWhatTheMemberWants) {
  const auto text = [](std::string_view name, std::vector<std::string_view> texts) {
    std::string out;
    ev::detail::append_texts_as_json(ev::detail::schema_of<Annotated>(), name, texts, out);
    return out;
  };
  EXPECT_EQ(text("amount", {"12"}), "12");
  EXPECT_EQ(text("amount", {"1 2"}), "\"1 2\"");
  EXPECT_EQ(text("email", {"12"}), "\"12\"");
  EXPECT_EQ(text("codes", {"1", "x"}), "[1,\"x\"]");
  EXPECT_EQ(text("retries", {"1"}), "1");
  EXPECT_EQ(text("unknown", {"1"}), "\"1\"");
}

TEST(JsonSchema, TellsWhatTheReaderTakes) {
  const ev::Json schema = ev::json_schema<Annotated>();
  EXPECT_EQ(schema["$schema"], ev::Json("https://json-schema.org/draft/2020-12/schema"));
  EXPECT_EQ(schema["description"], ev::Json("Everything that can be said"));
  EXPECT_EQ(schema["required"].dump(), R"(["email","amount"])");
  EXPECT_EQ(
      schema["properties"]["email"].dump(),
      R"({"type":"string","description":"Where to write","maxLength":20,"pattern":"^[^@]+@[^@]+$","format":"email"})");
  EXPECT_EQ(schema["properties"]["amount"].dump(),
            R"({"type":"integer","format":"int64","minimum":1,"maximum":1000,"examples":[500]})");
  EXPECT_EQ(schema["properties"]["ratio"].dump(),
            R"({"type":"number","minimum":0.5,"maximum":1,"default":0.75})");
  EXPECT_EQ(schema["properties"]["codes"]["default"].dump(), "[4]");
  EXPECT_EQ(schema["properties"]["level"].dump(),
            R"({"type":"string","enum":["low","very-high"],"default":"very-high"})");
  EXPECT_EQ(schema.find_at("/properties/retries/anyOf/0/deprecated")->as_bool(), true);
}

TEST(JsonSchema, RecursiveStructsAreDefinitions) {
  const ev::Json schema = ev::json_schema<std::vector<Tree>>();
  EXPECT_EQ(schema["items"].dump(), R"({"$ref":"#/$defs/Tree"})");
  EXPECT_EQ(schema.find_at("/$defs/Tree/properties/next")->dump(), R"({"$ref":"#/$defs/Tree"})");
}

TEST(JsonSchema, HasAFormForEveryType) {
  const auto text = []<class T>(std::type_identity<T>) {
    return ev::detail::schema_json(ev::detail::schema_of<T>(), nullptr).dump();
  };
  EXPECT_EQ(text(std::type_identity<std::uint8_t>()),
            R"({"type":"integer","minimum":0,"maximum":255})");
  EXPECT_EQ(text(std::type_identity<std::uint64_t>()),
            R"({"type":"integer","format":"uint64","minimum":0})");
  EXPECT_EQ(text(std::type_identity<std::optional<bool>>()),
            R"({"anyOf":[{"type":"boolean"},{"type":"null"}]})");
  EXPECT_EQ(text(std::type_identity<std::array<bool, 2>>()),
            R"({"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2})");
  EXPECT_EQ(text(std::type_identity<std::tuple<bool>>()),
            R"({"type":"array","prefixItems":[{"type":"boolean"}],"items":false,"minItems":1})");
  EXPECT_EQ(text(std::type_identity<std::map<std::string, bool>>()),
            R"({"type":"object","additionalProperties":{"type":"boolean"}})");
  EXPECT_EQ(text(std::type_identity<std::variant<bool, std::string>>()),
            R"({"anyOf":[{"type":"boolean"},{"type":"string"}]})");
  EXPECT_EQ(text(std::type_identity<std::vector<std::byte>>()),
            R"({"type":"string","contentEncoding":"base64"})");
  EXPECT_EQ(text(std::type_identity<std::chrono::seconds>()),
            R"({"type":"integer","format":"int64","x-unit":"ms","multipleOf":1000})");
  EXPECT_EQ(text(std::type_identity<ev::Json>()), "{}");
  EXPECT_EQ(text(std::type_identity<void>()), R"({"type":"null"})");
}

}  // namespace
