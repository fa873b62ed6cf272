// The input of a command out of a request: body, path, query and headers, each as the type wants
// it.
#pragma once

#include <string>
#include <vector>

#include "eventual/detail/describe.hpp"
#include "eventual/http.hpp"

namespace eventual::gateway {

/// True for requests to /rpc/<command>.
bool is_rpc_request(const http::Request& request) noexcept;

/// Members of the input that nothing speaks of are in the query of such requests.
bool query_is_input(http::Method method) noexcept;

/// What a command takes.
struct InputShape {
  const eventual::detail::TypeSchema* type = nullptr;        ///< null: nothing
  const std::vector<http::Parameter>* parameters = nullptr;  ///< may be null
};

/// The JSON input of a command. An RPC's is its body, null when there is none.
///
/// On its path it is the members of the body, which must be an object where anything is to be
/// joined, with those of path, query and headers on top, by http::Parameter and its rule. Their
/// texts become what the type wants; a query parameter that occurs more than once, and one that a
/// list is wanted of, an array. An input without members is the path's only parameter. The path
/// wins over headers, those over the body, and that over the query. Where there is nothing
/// it is an object without members, or null for an input that is no object.
/// Throws InvalidInput when the body is not JSON, or is no object beside parameters.
std::string compose_input_json(const http::Request& request, const InputShape& shape);

}  // namespace eventual::gateway
