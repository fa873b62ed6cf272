#include "cli/dev/manifest_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "cli/text.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_details_max = 8;
constexpr std::size_t k_value_width = 40;

/// "queries" -> "query"
std::string singular(std::string_view plural) {
  if (plural.ends_with("ies")) return fmt::format("{}y", plural.substr(0, plural.size() - 3));
  if (plural.ends_with('s')) plural.remove_suffix(1);
  return std::string(plural);
}

bool is_declarations(const Json& value) {
  if (!value.is_array()) return false;
  return std::all_of(value.as_array().begin(), value.as_array().end(),
                     [](const Json& item) { return item["name"].is_string(); });
}

const Json* find_named(const Json& list, const std::string& name) {
  if (!list.is_array()) return nullptr;
  for (const Json& item : list.as_array()) {
    if (item["name"].is_string() && item["name"].as_string() == name) return &item;
  }
  return nullptr;
}

/// Words of a JSON Schema that only hold what people think of as the type itself.
bool is_wrapping(std::string_view member) { return member == "properties"; }

std::string join_path(const std::string& path, std::string_view member) {
  if (is_wrapping(member)) return path;
  return path.empty() ? std::string(member) : fmt::format("{}.{}", path, member);
}

/// A schema by its type, everything else as it is.
std::string shown(const Json& value) {
  if (value.is_object() && value["type"].is_string()) return value["type"].as_string();
  return brief(value, k_value_width);
}

void compare(const Json& before, const Json& after, const std::string& path,
             std::vector<std::string>& details) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    details.push_back(fmt::format("{}: {} -> {}", path, shown(before), shown(after)));
    return;
  }
  for (const auto& [name, value] : before.as_object()) {
    const Json* other = after.find(name);
    if (other == nullptr) {
      details.push_back(fmt::format("{}: removed ({})", join_path(path, name), shown(value)));
    } else {
      compare(value, *other, join_path(path, name), details);
    }
  }
  for (const auto& [name, value] : after.as_object()) {
    if (before.find(name) == nullptr)
      details.push_back(fmt::format("{}: added ({})", join_path(path, name), shown(value)));
  }
}

void cut_details(std::vector<std::string>& details) {
  if (details.size() <= k_details_max) return;
  const std::size_t more = details.size() - k_details_max;
  details.resize(k_details_max);
  details.push_back(fmt::format("and {} more", more));
}

void compare_lists(const std::string& what, const Json& before, const Json& after,
                   std::vector<DeclarationChange>& changes) {
  using Kind = DeclarationChange::Kind;
  const auto name_of = [&](const Json& item) { return what + " " + item["name"].as_string(); };
  if (before.is_array()) {
    for (const Json& item : before.as_array()) {
      if (find_named(after, item["name"].as_string()) == nullptr)
        changes.push_back({Kind::removed, name_of(item), {}});
    }
  }
  if (!after.is_array()) return;
  for (const Json& item : after.as_array()) {
    const Json* old = find_named(before, item["name"].as_string());
    if (old == nullptr) {
      changes.push_back({Kind::added, name_of(item), {}});
      continue;
    }
    std::vector<std::string> details;
    compare(*old, item, {}, details);
    cut_details(details);
    if (!details.empty()) changes.push_back({Kind::changed, name_of(item), std::move(details)});
  }
}

}  // namespace

std::vector<DeclarationChange> compare_manifests(const Json& before, const Json& after) {
  std::vector<DeclarationChange> changes;
  if (!before.is_object() || !after.is_object()) return changes;
  std::vector<std::string> of_service;
  const auto visit = [&](const std::string& name, const Json& old_value, const Json& new_value) {
    const bool lists = is_declarations(old_value) || is_declarations(new_value);
    if (lists) {
      compare_lists(singular(name), old_value, new_value, changes);
    } else {
      compare(old_value, new_value, name, of_service);
    }
  };
  for (const auto& [name, value] : after.as_object()) visit(name, before[name], value);
  for (const auto& [name, value] : before.as_object()) {
    if (after.find(name) == nullptr) visit(name, value, Json());
  }
  cut_details(of_service);
  if (!of_service.empty()) {
    changes.insert(changes.begin(),
                   {DeclarationChange::Kind::changed, "service", std::move(of_service)});
  }
  return changes;
}

}  // namespace eventual::cli
