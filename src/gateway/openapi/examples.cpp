#include "gateway/openapi/examples.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "schema/pattern.hpp"

namespace eventual::gateway::openapi {
namespace {

// Optional members and items of lists are left out below this; types that contain themselves end.
constexpr int k_depth_full = 3;
constexpr int k_depth_max = 16;

// What annotated formats look like.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> k_formats{{
    {"date-time", "2026-01-31T12:00:00.000Z"},
    {"date", "2026-01-31"},
    {"time", "12:00:00Z"},
    {"email", "sam@shop.example"},
    {"uuid", "7d9f3a52-0c1e-4b7a-9a53-2f6d1c8e4b10"},
    {"uri", "https://shop.example/a"},
    {"hostname", "shop.example"},
    {"ipv4", "192.0.2.1"},
    {"ipv6", "2001:db8::1"},
}};

// Tried where a pattern is to be met.
constexpr std::array<std::string_view, 17> k_texts{
    "text",
    "a",
    "A",
    "1",
    "12345",
    "abc123",
    "ABC-123",
    "o-1",
    "USD",
    "en",
    "+15550100",
    "#aabbcc",
    "12:00",
    "a.b",
    "2026-01-31",
    "0.50",
    "sam@shop.example",
};

/// A pattern that is nothing but text and anchors is met by that text.
std::string without_anchors(std::string_view pattern) {
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  if (pattern.ends_with('$')) pattern.remove_suffix(1);
  return std::string(pattern);
}

std::size_t size_limit(const Json& schema, std::string_view keyword, std::size_t otherwise) {
  const Json* limit = schema.find(keyword);
  return limit == nullptr ? otherwise : static_cast<std::size_t>(limit->as_uint64());
}

class Maker {
 public:
  explicit Maker(const Json& definitions) : definitions_(definitions) {}

  std::optional<Json> make(const Json& schema, int depth) const {
    if (depth > k_depth_max) return std::nullopt;
    if (const Json* examples = schema.find("examples"); examples != nullptr && examples->size() > 0)
      return examples->as_array().front();
    if (const Json* value = schema.find("default")) return *value;
    if (const Json* value = schema.find("const")) return *value;
    if (const Json* reference = schema.find("$ref")) {
      const std::string& text = reference->as_string();
      const Json* target = definitions_.find(std::string_view(text).substr(text.rfind('/') + 1));
      return target == nullptr ? std::nullopt : make(*target, depth + 1);
    }
    if (const Json* values = schema.find("enum")) {
      if (values->size() == 0) return std::nullopt;
      return values->as_array().front();
    }
    if (const Json* choices = schema.find("anyOf")) {
      for (const Json& choice : choices->as_array()) {
        if (auto value = make(choice, depth + 1)) return value;
      }
      return std::nullopt;
    }
    const Json* type = schema.find("type");
    if (type == nullptr) return Json("anything");
    return of_type(type->as_string(), schema, depth);
  }

 private:
  std::optional<Json> of_type(std::string_view type, const Json& schema, int depth) const {
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, depth);
    if (type == "string") return text(schema);
    if (type == "boolean") return Json(true);
    if (type == "integer") return integer(schema);
    if (type == "number") return number(schema);
    return Json();
  }

  std::optional<Json> object(const Json& schema, int depth) const {
    Json value = Json::object();
    const Json* required = schema.find("required");
    const auto is_required = [&](const std::string& name) {
      return required != nullptr &&
             std::any_of(required->as_array().begin(), required->as_array().end(),
                         [&](const Json& each) { return each.as_string() == name; });
    };
    if (const Json* properties = schema.find("properties")) {
      for (const auto& [name, property] : properties->as_object()) {
        if (!is_required(name) && depth > k_depth_full) continue;
        if (auto member = make(property, depth + 1)) {
          value.set(name, std::move(*member));
        } else if (is_required(name)) {
          return std::nullopt;
        }
      }
    }
    if (const Json* values = schema.find("additionalProperties");
        values != nullptr && values->is_object()) {
      const std::size_t least = size_limit(schema, "minProperties", 0);
      const std::size_t most = size_limit(schema, "maxProperties", least + 1);
      const std::size_t count = std::max<std::size_t>(least, depth > k_depth_full ? 0 : 1);
      for (std::size_t i = 0; i < std::min(count, most); ++i) {
        auto member = make(*values, depth + 1);
        if (!member && least == 0) break;
        if (!member) return std::nullopt;
        value.set(i == 0 ? "name" : "name" + std::to_string(i + 1), std::move(*member));
      }
    }
    return value;
  }

  std::optional<Json> array(const Json& schema, int depth) const {
    Json value = Json::array();
    if (const Json* parts = schema.find("prefixItems")) {
      for (const Json& part : parts->as_array()) {
        auto item = make(part, depth + 1);
        if (!item) return std::nullopt;
        value.push_back(std::move(*item));
      }
      return value;
    }
    const Json* items = schema.find("items");
    if (items == nullptr || !items->is_object()) return value;
    const std::size_t least = size_limit(schema, "minItems", 0);
    const std::size_t most = size_limit(schema, "maxItems", least + 1);
    const std::size_t count = std::max<std::size_t>(least, depth > k_depth_full ? 0 : 1);
    for (std::size_t i = 0; i < std::min(count, most); ++i) {
      auto item = make(*items, depth + 1);
      if (!item && least == 0) break;
      if (!item) return std::nullopt;
      value.push_back(std::move(*item));
    }
    return value;
  }

  static std::optional<Json> text(const Json& schema) {
    if (schema.find("contentEncoding") != nullptr) return Json("aGVsbG8=");
    if (const Json* format = schema.find("format")) {
      for (const auto& [name, example] : k_formats) {
        if (format->as_string() == name && fits(schema, example)) return Json(example);
      }
    }
    for (const std::string_view candidate : k_texts) {
      if (fits(schema, candidate)) return Json(candidate);
    }
    if (const Json* pattern = schema.find("pattern")) {
      std::string candidate = without_anchors(pattern->as_string());
      if (fits(schema, candidate)) return Json(std::move(candidate));
      return std::nullopt;
    }
    const std::string candidate(size_limit(schema, "minLength", 0), 'x');
    return fits(schema, candidate) ? std::optional(Json(candidate)) : std::nullopt;
  }

  static bool fits(const Json& schema, std::string_view text) {
    if (text.size() < size_limit(schema, "minLength", 0)) return false;
    if (text.size() > size_limit(schema, "maxLength", std::string_view::npos)) return false;
    const Json* wanted = schema.find("pattern");
    if (wanted == nullptr) return true;
    std::string error;
    const schema::Pattern* pattern = schema::find_pattern(wanted->as_string(), &error);
    return pattern != nullptr && text.size() <= schema::k_pattern_text_bytes_max &&
           schema::matches(*pattern, text);
  }

  static std::optional<Json> integer(const Json& schema) {
    constexpr double k_exact_max = 9007199254740992.0;  // doubles hold every integer up to it
    const double low = std::ceil(limit(schema, "minimum", -k_exact_max));
    const double high = std::floor(limit(schema, "maximum", k_exact_max));
    const double step = limit(schema, "multipleOf", 1);
    const double value = std::ceil(std::max(low, std::min(high, step)) / step) * step;
    if (value < low || value > high || std::abs(value) > k_exact_max) return std::nullopt;
    return Json(static_cast<std::int64_t>(value));
  }

  static std::optional<Json> number(const Json& schema) {
    constexpr double k_infinity = std::numeric_limits<double>::infinity();
    const double low = limit(schema, "minimum", -k_infinity);
    const double high = limit(schema, "maximum", k_infinity);
    if (low > high) return std::nullopt;
    return Json(std::clamp(1.5, low, high));
  }

  static double limit(const Json& schema, std::string_view keyword, double otherwise) {
    const Json* found = schema.find(keyword);
    return found == nullptr ? otherwise : found->as_double();
  }

  const Json& definitions_;
};

}  // namespace

std::optional<Json> example_of(const Json& schema, const Json& definitions) {
  return Maker(definitions).make(schema, 0);
}

}  // namespace eventual::gateway::openapi
