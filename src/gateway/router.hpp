// Finds the route of a request by method and path.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"

namespace eventual::gateway {

/// What match() found.
struct Match {
  enum class Kind {
    found,
    not_found,    ///< no route has this path
    not_allowed,  ///< the path exists with other methods, see `allow`
    options,      ///< OPTIONS on a path that has no route of its own for it: answer with `allow`
    bad_path,     ///< a percent-encoding in the path is broken
  };
  Kind kind = Kind::not_found;
  std::size_t index = 0;
  http::Fields path_parameters;
  std::string allow;  ///< "GET, HEAD, OPTIONS"
};

/// Routes by pattern. A segment `:name` takes one segment that is not empty, a last segment `*`
/// takes the rest of the path, slashes included, under the name "*". Literal segments win over
/// parameters, and those over `*`. HEAD takes the GET route when it has none. Add first, then match
/// from any thread.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// InvalidInput when the pattern is malformed, or when another route takes the same requests:
  /// names both.
  Result<void> add(http::Method method, std::string_view pattern, std::string_view name,
                   std::size_t index);

  /// `raw_path` is still percent-encoded, without a query.
  Match match(http::Method method, std::string_view raw_path) const;

 private:
  struct Node;
  struct Search;
  static bool find(const Node& node, Search& search, std::size_t depth);
  std::unique_ptr<Node> root_;
};

}  // namespace eventual::gateway
