#include "gateway/openapi/path_template.hpp"

#include <algorithm>

namespace eventual::gateway::openapi {
namespace {

constexpr std::string_view k_rest = "rest";  // what "*" is called

/// Braces mark parameters, so that those of a literal are encoded.
std::string literal(std::string_view segment) {
  std::string text;
  for (const char c : segment) {
    if (c == '{') {
      text += "%7B";
    } else if (c == '}') {
      text += "%7D";
    } else {
      text += c;
    }
  }
  return text;
}

std::string unused_name(const PathTemplate& path, std::string_view wanted) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(path.parameters.begin(), path.parameters.end(),
                       [&](const auto& known) { return known.second == name; });
  };
  std::string name(wanted);
  for (int number = 2; taken(name); ++number) name = std::string(wanted) + std::to_string(number);
  return name;
}

}  // namespace

std::string_view PathTemplate::name_of(std::string_view parameter) const noexcept {
  for (const auto& [name, called] : parameters) {
    if (name == parameter) return called;
  }
  return {};
}

PathTemplate PathTemplates::of(std::string_view pattern) {
  PathTemplate path;
  std::string shape;
  for (std::string_view rest = pattern; !rest.empty();) {
    rest.remove_prefix(1);  // the slash
    const std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    const bool is_rest = segment == "*";
    if (is_rest || segment.starts_with(':')) {
      const std::string_view name = is_rest ? segment : segment.substr(1);
      const std::string called = unused_name(path, is_rest ? k_rest : name);
      path.text += "/{" + called + "}";
      path.parameters.emplace_back(name, called);
      shape += "/{}";
    } else {
      path.text += "/" + literal(segment);
      shape += "/" + literal(segment);
    }
  }
  const auto [first, is_first] = by_shape_.emplace(shape, path);
  if (is_first) return path;
  path.text = first->second.text;
  for (std::size_t i = 0; i < path.parameters.size(); ++i) {
    path.parameters[i].second = first->second.parameters[i].second;
  }
  return path;
}

}  // namespace eventual::gateway::openapi
