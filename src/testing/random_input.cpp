#include "testing/random_input.hpp"

#include <algorithm>

#include "eventual/schema.hpp"

namespace eventual::testing {

namespace {

using Below = std::function<std::uint64_t(std::uint64_t)>;

constexpr int k_depth_max = 6;

/// One value of a JSON Schema, as the schema layer writes them.
class Maker {
 public:
  Maker(const Json& root, const Below& below) : root_(root), below_(below) {}

  Json make(const Json& schema, int depth) {
    if (const Json* reference = schema.find("$ref")) {
      const Json* target = root_.find_at(std::string_view(reference->as_string()).substr(1));
      return target == nullptr ? Json() : make(*target, depth + 1);
    }
    if (const Json* values = schema.find("enum")) return pick(*values);
    if (const Json* value = schema.find("const")) return *value;
    for (const char* choice : {"oneOf", "anyOf"}) {
      if (const Json* options = schema.find(choice)) return make(pick(*options), depth);
    }
    const Json* type = schema.find("type");
    if (type == nullptr) return below_(100);
    return of_type(type->is_array() ? type->as_array().front().as_string() : type->as_string(),
                   schema, depth);
  }

 private:
  const Json& pick(const Json& list) { return list.as_array()[below_(list.size())]; }

  Json of_type(const std::string& type, const Json& schema, int depth) {
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, depth);
    if (type == "string") return text(schema);
    if (type == "boolean") return below_(2) == 1;
    if (type == "integer" || type == "number") {
      const double low = number(schema, "minimum", 0);
      const double high = std::min(number(schema, "maximum", low + 1000), low + 1000);
      return static_cast<std::int64_t>(low) +
             static_cast<std::int64_t>(below_(static_cast<std::uint64_t>(high - low) + 1));
    }
    return {};
  }

  static double number(const Json& schema, std::string_view name, double otherwise) {
    const Json* found = schema.find(name);
    return found == nullptr ? otherwise : found->as_double();
  }

  Json object(const Json& schema, int depth) {
    Json value = Json::object({});
    const Json* properties = schema.find("properties");
    if (properties == nullptr) return value;
    const Json* required = schema.find("required");
    for (const auto& [name, property] : properties->as_object()) {
      const bool must =
          required != nullptr && std::find(required->as_array().begin(), required->as_array().end(),
                                           Json(name)) != required->as_array().end();
      if (must || (depth < k_depth_max && below_(2) == 1))
        value.set(name, make(property, depth + 1));
    }
    return value;
  }

  Json array(const Json& schema, int depth) {
    Json value = Json::array();
    if (const Json* prefix = schema.find("prefixItems")) {
      for (const Json& item : prefix->as_array()) value.push_back(make(item, depth + 1));
      return value;
    }
    const auto least = static_cast<std::uint64_t>(number(schema, "minItems", 0));
    const auto most =
        static_cast<std::uint64_t>(number(schema, "maxItems", static_cast<double>(least + 3)));
    const Json* items = schema.find("items");
    std::uint64_t count = least + below_(most - least + 1);
    if (depth >= k_depth_max) count = least;
    for (; count > 0; --count)
      value.push_back(items == nullptr ? Json(below_(100)) : make(*items, depth + 1));
    return value;
  }

  Json text(const Json& schema) {
    if (const Json* examples = schema.find("examples"); examples != nullptr && examples->size() > 0)
      return pick(*examples);
    const std::string format = schema.find("format") != nullptr ? schema["format"].as_string() : "";
    if (format == "date-time")
      return "1970-01-0" + std::to_string(1 + below_(9)) + "T00:00:00.000Z";
    const auto least = static_cast<std::size_t>(number(schema, "minLength", 1));
    std::string value = "s" + std::to_string(below_(1000));
    if (value.size() < least) value.append(least - value.size(), 'x');
    if (const Json* most = schema.find("maxLength"))
      value.resize(std::min<std::size_t>(value.size(), most->as_uint64()));
    return value;
  }

  const Json& root_;
  const Below& below_;
};

}  // namespace

std::string random_input(const detail::TypeSchema* type, const Below& below) {
  if (type == nullptr) return "null";
  const Json schema = detail::schema_json(*type, nullptr);
  return Maker(schema, below).make(schema, 0).dump();
}

}  // namespace eventual::testing
