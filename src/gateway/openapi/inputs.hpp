// What a request brings: parameters and body.
#pragma once

#include "eventual/detail/definitions.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"
#include "gateway/openapi/path_template.hpp"
#include "schema/schema_writer.hpp"

namespace eventual::gateway::openapi {

struct Inputs {
  Json parameters = Json::array();  ///< of an operation
  Json request_body;                ///< null: there is none
  bool may_be_invalid = false;      ///< something is read of it, which may be answered with 400
};

/// Of a command by RPC: its body is the input.
Inputs rpc_inputs(const eventual::detail::CommandDefinition& command,
                  schema::SchemaWriter& schemas);

/// Of a command on its path, called with `method`: by the rules of gateway/parameters.hpp.
Inputs rest_inputs(const eventual::detail::CommandDefinition& command, http::Method method,
                   const PathTemplate& path, schema::SchemaWriter& schemas);

/// Of a route, as its options tell them.
Inputs route_inputs(const eventual::detail::RouteDefinition& route, http::Method method,
                    const PathTemplate& path, schema::SchemaWriter& schemas);

}  // namespace eventual::gateway::openapi
