// What an operation answers, and who may call it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/detail/middleware.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"

namespace eventual::gateway::openapi {

/// Names of schemas that the document has of its own.
inline constexpr std::string_view k_own_schemas[] = {"Error", "InvalidInput", "Problem"};

/// Those schemas.
Json own_schemas();

/// What decides on the answers of an operation.
struct AnswersOf {
  int success_status = 200;
  Json success_content;  ///< media types; null: no body
  bool may_be_invalid = false;
  bool has_body = false;  ///< of the request, which must be JSON where `body_is_json`
  bool body_is_json = false;
  bool is_limited = false;  ///< in how many requests are handled at once
  const std::vector<http::ErrorAnswer>* declared = nullptr;
  const eventual::detail::MiddlewareChain* chain = nullptr;
};

/// Makes the responses of operations; those that are alike are shared as components.
class Answers {
 public:
  Json of(const AnswersOf& operation);
  /// components/responses, by name.
  Json components() const;

 private:
  Json shared(int status);
  std::set<int> used_;
};

/// Makes the security requirements of operations.
class Security {
 public:
  /// All that the middleware demands, as a list of one requirement; null when it demands nothing.
  Json of(const eventual::detail::MiddlewareChain& chain);
  /// components/securitySchemes; null when there are none.
  const Json& components() const noexcept { return schemes_; }

 private:
  std::string name_of(const SecurityScheme& scheme);
  Json schemes_;
};

}  // namespace eventual::gateway::openapi
