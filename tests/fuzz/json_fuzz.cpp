// Any bytes: reading never crashes, and what was read is written to a text that reads as the same
// again.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "eventual/schema.hpp"
#include "eventual/time.hpp"

namespace {

namespace ev = eventual;

enum class Colour { red, green };
struct Circle {
  float radius = 0;
};
struct Square {
  std::uint8_t side = 0;
  std::optional<std::string> label;
};
struct Tree {
  std::string name;
  std::vector<Tree> kids;
  std::unique_ptr<Tree> next;
};
struct Everything {
  bool b = false;
  std::int64_t i = 0;
  double d = 0;
  std::string s;
  std::vector<std::byte> y;
  std::chrono::seconds t{};
  ev::Timestamp at{};
  Colour c = Colour::red;
  std::vector<bool> f;
  std::array<int, 2> a{};
  std::tuple<bool, std::string> p;
  std::map<std::string, std::optional<int>> m;
  std::variant<std::monostate, int, Circle, Square> v;
  Tree tree;
  ev::Json j;
};

template <class T>
void check(std::string_view text, const ev::ReadOptions& options) {
  const ev::Result<T> value = ev::from_json<T>(text, options);
  if (!value.ok()) {
    if (!ev::Json::parse(value.error().details_json()).ok()) std::abort();
    return;
  }
  const std::string once = ev::to_json(*value);
  const ev::Result<T> again = ev::from_json<T>(once, options);
  if (!again.ok() || ev::to_json(*again) != once) std::abort();
}

}  // namespace

template <>
struct eventual::Annotate<Square> {
  static constexpr FieldAnnotations fields[] = {
      field<&Square::label>({.length_max = 5, .pattern = "^[a-z]*$", .default_value = "x"})};
};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check<ev::Json>(text, {});
  check<Everything>(text, {});
  check<Everything>(text, {.absent_is_default = true});
  check<Tree>(text, {.unknown_fields_refused = true});
  check<std::variant<Circle, Square>>(text, {});
  return 0;
}
