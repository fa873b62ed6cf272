// The JSON form of each type that has one.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "eventual/schema.hpp"
#include "eventual/time.hpp"

namespace {

namespace ev = eventual;
using namespace std::chrono_literals;

template <class T>
std::string read_again(std::string_view json) {
  const ev::Result<T> value = ev::from_json<T>(json);
  return value.ok() ? ev::to_json(*value) : value.error().message();
}

template <class T>
std::string refusal(std::string_view json) {
  const ev::Result<T> value = ev::from_json<T>(json);
  if (value.ok()) return "accepted: " + ev::to_json(*value);
  EXPECT_EQ(value.error().name(), "InvalidInput");
  return value.error().message();
}

template <class T>
std::string refusal_to_write(const T& value) {
  std::string out = "before";
  try {
    ev::append_json(out, value);
  } catch (const ev::Error& error) {
    EXPECT_EQ(out, "before");
    EXPECT_EQ(error.name(), "InvalidInput");
    return error.message();
  }
  return "accepted: " + out;
}

enum class Colour { red, green, dark_blue };
enum class Signed : std::int8_t { below = -3, zero = 0, top = 127 };
enum Old : unsigned char { k_old_first, k_old_last = 255 };

TEST(Types, BooleansAreTrueAndFalseOnly) {
  EXPECT_EQ(read_again<bool>("true"), "true");
  EXPECT_EQ(refusal<bool>("1"), "the value must be true or false");
}

TEST(Types, IntegersKeepTheirWholeRange) {
  EXPECT_EQ(read_again<std::int64_t>("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(read_again<std::uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(read_again<std::int8_t>("-128"), "-128");
  EXPECT_EQ(read_again<std::uint16_t>("65535"), "65535");
}

TEST(Types, IntegersOutsideTheirRangeAreRefused) {
  EXPECT_EQ(refusal<std::int8_t>("128"), "the value must be from -128 to 127");
  EXPECT_EQ(refusal<std::uint32_t>("-1"), "the value must be from 0 to 4294967295");
  EXPECT_EQ(refusal<std::int64_t>("9223372036854775808"),
            "the value must be from -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(refusal<std::uint64_t>("18446744073709551616"),
            "the value is a number that does not fit in 64 bits");
}

TEST(Types, WholeNumbersInOtherFormsAreIntegers) {
  EXPECT_EQ(read_again<int>("5.0"), "5");
  EXPECT_EQ(read_again<int>("1e3"), "1000");
  EXPECT_EQ(refusal<int>("1.5"), "the value must be an integer");
  EXPECT_EQ(refusal<std::int64_t>("1e18"), "the value must be an integer");
  EXPECT_EQ(refusal<int>("\"5\""), "the value must be an integer");
}

TEST(Types, NumbersAreWrittenAsShortAsTheyReadBack) {
  EXPECT_EQ(ev::to_json(0.1), "0.1");
  EXPECT_EQ(ev::to_json(0.1F), "0.1");
  EXPECT_EQ(ev::to_json(100000.0), "100000");
  EXPECT_EQ(ev::to_json(1e22), "1e+22");
  EXPECT_EQ(ev::to_json(5e-324), "5e-324");
  EXPECT_EQ(read_again<double>("-0.0"), "-0.0");
  EXPECT_EQ(read_again<double>("12345678901234567890"), "1.2345678901234567e+19");
  EXPECT_EQ(read_again<double>("1.2345678901234568e+20"), "1.2345678901234568e+20");
}

TEST(Types, NumbersThatDoNotFitAreRefused) {
  EXPECT_EQ(refusal<float>("1e39"), "the value must fit in a 32-bit floating point number");
  EXPECT_EQ(refusal<double>("1e400"), "the value is a number that does not fit in 64 bits");
  EXPECT_EQ(refusal<double>("01"),
            "the value is not valid JSON: a number is malformed or does not fit in 64 bits");
  EXPECT_EQ(refusal_to_write(std::nan("")), "the value is not a finite number");
  EXPECT_EQ(refusal_to_write(std::vector<double>{1, std::numeric_limits<double>::infinity()}),
            "/1 is not a finite number");
}

TEST(Types, StringsAreEscapedAndKept) {
  const std::string text = std::string("a\"b\\c\n\t\x01\x7f", 9) + '\0' + "é€😀";
  const std::string json = ev::to_json(text);
  EXPECT_EQ(json, "\"a\\\"b\\\\c\\n\\t\\u0001\x7f\\u0000é€😀\"");
  EXPECT_EQ(ev::from_json<std::string>(json).value(), text);
}

TEST(Types, TextThatIsNotUtf8IsNotWritten) {
  for (const char* text :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "long enough\x80"}) {
    EXPECT_EQ(refusal_to_write(std::string(text)),
              "the value is not UTF-8 (bytes belong in std::vector<std::byte>)");
  }
}

TEST(Types, BytesAreBase64) {
  using Bytes = std::vector<std::byte>;
  EXPECT_EQ(ev::to_json(Bytes{}), "\"\"");
  EXPECT_EQ(ev::to_json(Bytes{std::byte{0}}), "\"AA==\"");
  EXPECT_EQ(ev::to_json(Bytes{std::byte{255}, std::byte{239}}), "\"/+8=\"");
  EXPECT_EQ(read_again<Bytes>("\"AAEC/w==\""), "\"AAEC/w==\"");
  for (const char* json :
       {"\"A\"", "\"AA\"", "\"AB==\"", "\"A===\"", "\"AA=A\"", "\"A-A=\"", "\"====\"", "1"}) {
    EXPECT_EQ(refusal<Bytes>(json), "the value must be a string of base64 with padding") << json;
  }
}

TEST(Types, EnumsAreTheirNames) {
  EXPECT_EQ(ev::to_json(Colour::dark_blue), "\"dark_blue\"");
  EXPECT_EQ(read_again<Colour>("\"green\""), "\"green\"");
  EXPECT_EQ(refusal<Colour>("\"pink\""), "the value must be one of: red, green, dark_blue");
  EXPECT_EQ(refusal<Colour>("1"), "the value must be one of: red, green, dark_blue");
  EXPECT_EQ(read_again<Signed>("\"below\""), "\"below\"");
  EXPECT_EQ(read_again<Signed>("\"top\""), "\"top\"");
  EXPECT_EQ(read_again<Old>("\"k_old_last\""), "\"k_old_last\"");
  EXPECT_EQ(refusal_to_write(static_cast<Colour>(7)),
            "the value has the value 7, which has no name in Colour");
}

TEST(Types, DurationsAreMilliseconds) {
  EXPECT_EQ(ev::to_json(1500ms), "1500");
  EXPECT_EQ(ev::to_json(std::chrono::hours(2)), "7200000");
  EXPECT_EQ(read_again<std::chrono::seconds>("2000"), "2000");
  EXPECT_EQ(refusal<std::chrono::seconds>("1500"),
            "the value must be a multiple of 1000 (milliseconds)");
  EXPECT_EQ(read_again<ev::Duration>(ev::to_json(ev::k_forever)), "9223372036854775807");
  EXPECT_EQ(refusal_to_write(std::chrono::hours::max()),
            "the value is too long for milliseconds in 64 bits");
}

TEST(Types, TimePointsAreIso8601) {
  EXPECT_EQ(ev::to_json(ev::Timestamp(1ms)), "\"1970-01-01T00:00:00.001Z\"");
  EXPECT_EQ(read_again<ev::Timestamp>("\"2026-11-22T14:00:00.5+02:00\""),
            "\"2026-11-22T12:00:00.500Z\"");
  EXPECT_EQ(read_again<std::chrono::sys_seconds>("\"2026-11-22T12:00:00Z\""),
            "\"2026-11-22T12:00:00.000Z\"");
  EXPECT_EQ(refusal<std::chrono::sys_seconds>("\"2026-11-22T12:00:00.5Z\""),
            "the value must be a time in whole multiples of 1000 milliseconds");
  EXPECT_EQ(refusal<ev::Timestamp>("5"),
            "the value must be an ISO 8601 time with a zone, such as 2026-11-22T12:00:00.000Z");
  EXPECT_EQ(refusal_to_write(ev::Timestamp::max()), "the value is outside the years 0 to 9999");
}

TEST(Types, ListsKeepTheirOrder) {
  EXPECT_EQ(read_again<std::vector<int>>("[3,1,2]"), "[3,1,2]");
  EXPECT_EQ(read_again<std::vector<bool>>("[true,false]"), "[true,false]");
  EXPECT_EQ((read_again<std::array<int, 2>>("[1,2]")), "[1,2]");
  EXPECT_EQ((refusal<std::array<int, 2>>("[1]")), "the value must have exactly 2 items");
  EXPECT_EQ((read_again<std::tuple<int, std::string, bool>>("[1,\"a\",true]")), "[1,\"a\",true]");
  EXPECT_EQ((read_again<std::pair<int, std::string>>("[1,\"a\"]")), "[1,\"a\"]");
  EXPECT_EQ(read_again<std::tuple<>>("[]"), "[]");
  std::string many = "[0";
  for (int i = 1; i < 1000; ++i) many += "," + std::to_string(i);
  EXPECT_EQ(read_again<std::vector<int>>(many + "]"), many + "]");
}

TEST(Types, MapsAreSorted) {
  EXPECT_EQ((read_again<std::map<std::string, int>>(R"({"b":1,"a":2,"":3})")),
            R"({"":3,"a":2,"b":1})");
  EXPECT_EQ((refusal<std::map<std::string, int>>(R"({"a":1,"a":2})")), "/a appears more than once");
}

TEST(Types, AnOptionalIsNullOrItsValue) {
  EXPECT_EQ(read_again<std::optional<int>>("null"), "null");
  EXPECT_EQ(read_again<std::optional<int>>("1"), "1");
  EXPECT_EQ(read_again<std::unique_ptr<int>>("1"), "1");
  EXPECT_EQ(read_again<std::vector<std::optional<int>>>("[1,null]"), "[1,null]");
}

TEST(Types, AVariantIsWhatItsFormSays) {
  using Value = std::variant<std::monostate, bool, double, std::string, std::vector<int>,
                             std::map<std::string, int>>;
  for (const char* json : {"null", "true", "1.5", "\"a\"", "[1]", "{\"a\":1}"})
    EXPECT_EQ(read_again<Value>(json), json);
  EXPECT_EQ((refusal<std::variant<bool, std::string>>("1")),
            "the value must be one of: a boolean, a string");
}

TEST(Types, JsonIsKeptAsItIs) {
  for (const char* json :
       {"null", "{\"b\":[1,-2,1.5,\"x\"],\"a\":{\"c\":true}}", "18446744073709551615"}) {
    EXPECT_EQ(read_again<ev::Json>(json), json);
  }
}

TEST(Types, VoidReadsAnythingAndWritesNull) {
  const ev::detail::TypeSchema& type = ev::detail::schema_of<void>();
  std::string out;
  ev::detail::write_value(type, nullptr, out);
  EXPECT_EQ(out, "null");
  ev::Error error;
  EXPECT_TRUE(ev::detail::read_value(type, "{\"a\":[1]}", nullptr, {}, &error));
  EXPECT_FALSE(ev::detail::read_value(type, "{\"a\":", nullptr, {}, &error));
}

}  // namespace
