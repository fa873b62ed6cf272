// Patterns of routes ("/notes/:id") as path templates of OpenAPI ("/notes/{id}").
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventual::gateway::openapi {

struct PathTemplate {
  std::string text;  ///< "/notes/{id}"
  /// Each parameter of the pattern ("id"; "*" for the rest) and what the template calls it.
  std::vector<std::pair<std::string, std::string>> parameters;

  /// What the template calls a parameter; empty when it has none of that name.
  std::string_view name_of(std::string_view parameter) const noexcept;
};

/// Makes templates. OpenAPI takes templates that differ in the names of their parameters alone for
/// the same: the first pattern of a shape names them for all.
class PathTemplates {
 public:
  PathTemplate of(std::string_view pattern);

 private:
  std::map<std::string, PathTemplate> by_shape_;
};

}  // namespace eventual::gateway::openapi
