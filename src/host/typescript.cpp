#include "host/typescript.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace eventual::host {
namespace {

// Types of TypeScript that a struct must not hide.
constexpr std::array<std::string_view, 13> k_taken{
    "Record", "any",    "bigint", "boolean", "never",     "null", "number",
    "object", "string", "symbol", "unknown", "undefined", "void",
};

bool is_identifier(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '$');
  });
}

std::string member_name(const std::string& name) {
  return is_identifier(name) ? name : Json(name).dump();
}

/// "order-service" as "OrderService".
std::string type_name_of(std::string_view name) {
  std::string type;
  bool is_start = true;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    if (letter >= 0x80 || std::isalnum(letter) == 0) {
      is_start = true;
      continue;
    }
    type += is_start ? static_cast<char>(std::toupper(letter)) : c;
    is_start = false;
  }
  if (type.empty() || std::isdigit(static_cast<unsigned char>(type.front())) != 0) {
    type.insert(0, "Service");
  }
  return type;
}

std::string text_of(const Json& json, std::string_view member) {
  const Json* found = json.find(member);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

/// A comment above a declaration; empty when there is nothing to say.
std::string comment(std::string text, bool is_deprecated, std::string_view margin) {
  if (is_deprecated) text += text.empty() ? "@deprecated" : "\n@deprecated";
  if (text.empty()) return {};
  for (std::size_t at = text.find("*/"); at != std::string::npos; at = text.find("*/", at)) {
    text.insert(at + 1, 1, ' ');
  }
  if (text.find('\n') == std::string::npos) return fmt::format("{}/** {} */\n", margin, text);
  std::string lines = fmt::format("{}/**\n", margin);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines += fmt::format("{} * {}\n", margin, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines + fmt::format("{} */\n", margin);
}

bool is_deprecated(const Json& json) { return json.find("deprecated") != nullptr; }

/// What is to be said about a member beside its type.
std::string remark_of(const Json& schema) {
  std::string text = text_of(schema, "description");
  if (text_of(schema, "x-unit") == "ms")
    text += text.empty() ? "In milliseconds" : " (milliseconds)";
  return text;
}

/// Writes types, and gathers the interfaces that they refer to.
class Types {
 public:
  /// `contract` is taken.
  explicit Types(std::string contract) { names_.emplace_back(std::move(contract)); }

  /// The type of a value; `void` where there is no schema.
  std::string of(const Json* schema) {
    if (schema == nullptr || schema->is_null()) return "void";
    const Json* outer = std::exchange(definitions_, schema->find("$defs"));
    std::string type = write(*schema);
    definitions_ = outer;
    return type;
  }

  const std::vector<std::string>& interfaces() const noexcept { return interfaces_; }

 private:
  std::string write(const Json& schema) {
    if (const Json* reference = schema.find("$ref")) return write_reference(reference->as_string());
    if (const Json* values = schema.find("enum")) {
      return joined(*values, [](const Json& value) { return value.dump(); });
    }
    if (const Json* choices = schema.find("anyOf")) {
      return joined(*choices, [this](const Json& choice) { return write(choice); });
    }
    std::string type = text_of(schema, "type");
    if (type == "object") return write_object(schema);
    if (type == "array") return write_array(schema);
    if (type == "integer") return "number";
    if (type.empty()) return "unknown";
    return type;  // string, number, boolean, null
  }

  std::string write_reference(std::string_view reference) {
    const Json* target = definitions_ == nullptr
                             ? nullptr
                             : definitions_->find(reference.substr(reference.rfind('/') + 1));
    return target == nullptr ? "unknown" : write(*target);
  }

  template <class Write>
  static std::string joined(const Json& parts, Write write_one) {
    std::vector<std::string> types;
    for (const Json& part : parts.as_array()) {
      std::string type = write_one(part);
      if (std::find(types.begin(), types.end(), type) == types.end()) {
        types.push_back(std::move(type));
      }
    }
    return types.empty() ? "never" : fmt::format("{}", fmt::join(types, " | "));
  }

  std::string write_array(const Json& schema) {
    if (const Json* parts = schema.find("prefixItems")) {
      std::vector<std::string> types;
      for (const Json& part : parts->as_array()) types.push_back(write(part));
      return fmt::format("[{}]", fmt::join(types, ", "));
    }
    const Json* items = schema.find("items");
    if (items == nullptr || !items->is_object()) return "[]";
    const std::string type = write(*items);
    return type.find(" | ") == std::string::npos ? type + "[]" : "(" + type + ")[]";
  }

  std::string write_object(const Json& schema) {
    const Json* properties = schema.find("properties");
    if (properties == nullptr) {
      const Json* values = schema.find("additionalProperties");
      const bool is_typed = values != nullptr && values->is_object();
      return fmt::format("Record<string, {}>", is_typed ? write(*values) : "unknown");
    }
    // What a member says of its value is no other type.
    const std::string title = text_of(schema, "title");
    const std::string key =
        fmt::format("{} {} {}", title, properties->dump(), schema["required"].dump());
    if (const auto known = by_shape_.find(key); known != by_shape_.end()) return known->second;
    const std::string name = unused(type_name_of(title.empty() ? "Value" : title));
    by_shape_[key] = name;
    const std::size_t place = interfaces_.size();
    interfaces_.emplace_back();  // before those that it refers to
    interfaces_[place] = write_interface(name, schema, *properties);
    return name;
  }

  std::string write_interface(const std::string& name, const Json& schema, const Json& properties) {
    const Json& required = schema["required"];
    std::string text = comment(text_of(schema, "description"), is_deprecated(schema), "");
    text += fmt::format("export interface {} {{\n", name);
    for (const auto& [member, property] : properties.as_object()) {
      const bool is_required =
          required.is_array() && std::find(required.as_array().begin(), required.as_array().end(),
                                           Json(member)) != required.as_array().end();
      const std::string type = write(property);
      text += comment(remark_of(property), is_deprecated(property), "  ");
      text += fmt::format("  {}{}: {};\n", member_name(member), is_required ? "" : "?", type);
    }
    return text + "}\n";
  }

  std::string unused(const std::string& wanted) {
    const auto taken = [&](const std::string& name) {
      return std::find(names_.begin(), names_.end(), name) != names_.end() ||
             std::find(k_taken.begin(), k_taken.end(), name) != k_taken.end();
    };
    std::string name = wanted;
    for (int number = 2; taken(name); ++number) name = fmt::format("{}{}", wanted, number);
    names_.push_back(name);
    return name;
  }

  const Json* definitions_ = nullptr;  // of the schema that is being written
  std::vector<std::string> names_;
  std::map<std::string, std::string> by_shape_;
  std::vector<std::string> interfaces_;
};

/// One section of the contract: "commands" and what each has.
struct Section {
  std::string_view name;
  std::array<std::string_view, 2> parts;  ///< the second may be empty
};
constexpr std::array<Section, 6> k_sections{{
    {"commands", {"input", "output"}},
    {"workflows", {"input", "output"}},
    {"signals", {"payload", ""}},
    {"queries", {"input", "output"}},
    {"updates", {"input", "output"}},
    {"events", {"payload", ""}},
}};

std::string write_section(const Section& section, const Json& declared, Types& types) {
  std::string text = fmt::format("  {}: {{", section.name);
  bool any = false;
  for (const Json& each : declared.as_array()) {
    if (each["received"] == Json(true)) continue;  // another service emits it
    if (!std::exchange(any, true)) text += '\n';
    std::string remark = text_of(each, "summary");
    if (remark.empty()) remark = text_of(each, "description");
    text += comment(std::move(remark), is_deprecated(each), "    ");
    std::string members;
    for (const std::string_view part : section.parts) {
      if (part.empty()) continue;
      members +=
          fmt::format("{}{}: {}", members.empty() ? "" : "; ", part, types.of(each.find(part)));
    }
    text += fmt::format("    {}: {{ {} }};\n", member_name(text_of(each, "name")), members);
  }
  return text + (any ? "  };\n" : "};\n");
}

}  // namespace

Result<std::string> typescript_contract(const Json& manifest) {
  const std::string service = text_of(manifest, "service");
  const bool is_manifest =
      !service.empty() &&
      std::all_of(k_sections.begin(), k_sections.end(), [&](const Section& section) {
        const Json* declared = manifest.find(section.name);
        return declared != nullptr && declared->is_array();
      });
  if (!is_manifest) {
    return Error(std::string(error_names::k_invalid_input), "this is no manifest of a service");
  }
  const std::string contract = type_name_of(service);
  Types types(contract);
  std::string body;
  for (const Section& section : k_sections) {
    body += write_section(section, manifest[section.name], types);
  }
  std::string text = fmt::format(
      "// The contract of the service {}, version {}. Made by `eventual openapi --types`: do not "
      "edit.\n",
      Json(service).dump(), text_of(manifest, "version"));
  text += fmt::format("\n{}export interface {} {{\n{}}}\n",
                      comment(text_of(manifest, "description"), false, ""), contract, body);
  for (const std::string& each : types.interfaces()) text += "\n" + each;
  return text;
}

}  // namespace eventual::host
