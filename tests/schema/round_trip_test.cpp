// Whatever a struct holds, writing and reading give it back. Values are random, from a seed that a
// failure prints.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "eventual/schema.hpp"
#include "eventual/time.hpp"

namespace {

namespace ev = eventual;

enum class Colour { red, green, blue };

struct Leaf {
  std::string name;
  std::optional<std::uint8_t> small;
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

struct Tagged {
  double tag = 0;
  friend bool operator==(const Tagged&, const Tagged&) = default;
};

struct Everything {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint16_t port = 0;
  std::int32_t number = 0;
  std::int64_t large = 0;
  std::uint64_t huge = 0;
  float single = 0;
  double real = 0;
  std::string text;
  std::vector<std::byte> bytes;
  std::chrono::seconds delay{};
  ev::Timestamp at{};
  Colour colour = Colour::red;
  std::optional<Leaf> maybe;
  std::vector<Leaf> leaves;
  std::vector<bool> bits;
  std::array<std::int16_t, 3> three{};
  std::tuple<std::string, bool> pair;
  std::map<std::string, std::vector<double>> table;
  std::variant<std::monostate, bool, std::int64_t, std::string, Leaf, Tagged> choice;
  ev::Json json;
  std::vector<Everything> children;
  friend bool operator==(const Everything&, const Everything&) = default;
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  Everything everything(int depth) {
    Everything value;
    value.flag = coin();
    value.tiny = integer<std::int8_t>();
    value.port = integer<std::uint16_t>();
    value.number = integer<std::int32_t>();
    value.large = integer<std::int64_t>();
    value.huge = integer<std::uint64_t>();
    value.single = real<float, std::uint32_t>();
    value.real = real<double, std::uint64_t>();
    value.text = text();
    for (std::uint64_t i = below(9); i > 0; --i)
      value.bytes.push_back(static_cast<std::byte>(random_()));
    value.delay = std::chrono::seconds(integer<std::int32_t>());
    value.at = ev::Timestamp(ev::Duration(static_cast<std::int64_t>(below(250'000'000'000'000))));
    value.colour = static_cast<Colour>(below(3));
    if (coin()) value.maybe = leaf();
    for (std::uint64_t i = below(4); i > 0; --i) value.leaves.push_back(leaf());
    for (std::uint64_t i = below(9); i > 0; --i) value.bits.push_back(coin());
    for (std::int16_t& item : value.three) item = integer<std::int16_t>();
    value.pair = {text(), coin()};
    for (std::uint64_t i = below(3); i > 0; --i)
      value.table[text()].push_back(real<double, std::uint64_t>());
    switch (below(6)) {
      case 0:
        value.choice = coin();
        break;
      case 1:
        value.choice = integer<std::int64_t>();
        break;
      case 2:
        value.choice = text();
        break;
      case 3:
        value.choice = leaf();
        break;
      case 4:
        value.choice = Tagged{real<double, std::uint64_t>()};
        break;
      default:
        break;
    }
    value.json = json(depth);
    if (depth > 0) {
      for (std::uint64_t i = below(3); i > 0; --i) value.children.push_back(everything(depth - 1));
    }
    return value;
  }

  ev::Json json(int depth) {
    switch (below(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return coin();
      case 2:
        return integer<std::int64_t>();
      case 3:
        return integer<std::uint64_t>();
      case 4:
        return real<double, std::uint64_t>();
      case 5:
        return text();
      case 6: {
        ev::Json items = ev::Json::array();
        for (std::uint64_t i = below(4); i > 0; --i) items.push_back(json(depth - 1));
        return items;
      }
      default:
        break;
    }
    ev::Json members = ev::Json::object();
    for (std::uint64_t i = below(4); i > 0; --i) members.set(text(), json(depth - 1));
    return members;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool coin() { return below(2) == 0; }
  Leaf leaf() {
    Leaf value{text(), std::nullopt};
    if (coin()) value.small = integer<std::uint8_t>();
    return value;
  }
  template <class Integer>
  Integer integer() {
    switch (below(4)) {
      case 0:
        return std::numeric_limits<Integer>::min();
      case 1:
        return std::numeric_limits<Integer>::max();
      case 2:
        return static_cast<Integer>(below(100));
      default:
        return static_cast<Integer>(random_());
    }
  }
  template <class Float, class Bits>
  Float real() {
    Float value = 0;
    do {
      const auto bits = static_cast<Bits>(random_());
      std::memcpy(&value, &bits, sizeof(value));
    } while (!std::isfinite(value));
    return below(3) == 0 ? std::trunc(value) : value;
  }
  std::string text() {
    static constexpr const char* k_pieces[] = {"a", "order", "\"", "\\", "\n", "\x01",
                                               "é", "€",     "😀", "/",  "~",  "0123456789"};
    std::string value;
    for (std::uint64_t i = below(6); i > 0; --i) value += k_pieces[below(std::size(k_pieces))];
    return value;
  }

  std::mt19937_64 random_;
};

TEST(RoundTrip, OfRandomValuesGivesTheSameValueAndText) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const Everything value = Maker(seed).everything(2);
    const std::string json = ev::to_json(value);
    const ev::Result<Everything> again =
        ev::from_json<Everything>(json, {.unknown_fields_refused = true});
    ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << again.error().message() << "\n" << json;
    ASSERT_TRUE(*again == value) << "seed " << seed << ":\n" << json << "\n" << ev::to_json(*again);
    ASSERT_EQ(ev::to_json(*again), json) << "seed " << seed;
  }
}

TEST(RoundTrip, OfRandomJsonGivesTheSameValue) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    const ev::Json value = Maker(seed).json(5);
    const std::string json = value.dump();
    const ev::Result<ev::Json> again = ev::Json::parse(json);
    ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << json;
    ASSERT_TRUE(*again == value) << "seed " << seed << ": " << json;
    ASSERT_EQ(again->dump(), json) << "seed " << seed;
  }
}

TEST(RoundTrip, OfDamagedTextNeverCrashes) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    std::string json = ev::to_json(Maker(seed).everything(1));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 3; ++i) json[random() % json.size()] = static_cast<char>(random());
    const ev::Result<Everything> value = ev::from_json<Everything>(json);
    if (value.ok()) {
      ASSERT_TRUE(ev::from_json<Everything>(ev::to_json(*value)).value() == *value)
          << "seed " << seed;
    } else {
      ASSERT_TRUE(ev::Json::parse(value.error().details_json()).ok()) << "seed " << seed;
    }
  }
}

}  // namespace
