// Commands and workflows as the tools of an agent: their descriptions, the requests that their
// calls become, and what the answers mean to a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"
#include "eventual/time.hpp"

namespace eventual::gateway::mcp {

inline constexpr std::size_t k_tools_page = 100;          ///< tools in one page of their list
inline constexpr std::size_t k_tool_name_bytes_max = 64;  ///< longer names are cut
/// The longest that a workflow's tool waits for the end of an execution: clients give up after a
/// minute.
inline constexpr Duration k_tool_wait_max{30'000};

/// A command or workflow that agents may call.
struct ToolSource {
  enum class Kind : std::uint8_t { command, workflow };
  Kind kind = Kind::command;
  std::string name{};           ///< of the command or workflow
  std::string title{};          ///< for people; may be empty
  std::string description{};    ///< for models
  Json input{};                 ///< JSON Schema; null: it takes nothing
  Json output{};                ///< likewise
  bool input_optional = false;  ///< an absent input is null
  bool read_only = false;       ///< it changes nothing
};

/// One of them. Tools take and give objects: an input or output of another kind is the member
/// "input" or "result" of one, as all inputs of workflows are.
class Tool {
 public:
  Tool(ToolSource source, std::string name);

  const std::string& name() const noexcept { return name_; }
  bool is_workflow() const noexcept { return source_.kind == ToolSource::Kind::workflow; }
  /// As tools/list gives it.
  const std::string& description_json() const noexcept { return description_json_; }

  /// The request that a call becomes: of a command its RPC, of a workflow the start of an
  /// execution. It carries who calls: the fields of `outer`, as far as they are not about its own
  /// body. Throws InvalidInput with every bad argument.
  http::Request request(const Json& arguments, const http::Request& outer) const;
  /// How long a call of a workflow waits for the end. Throws InvalidInput.
  static Duration wait_of(const Json& arguments);

  /// Of a command's answer, a CallToolResult.
  std::string command_result(const http::Response& response) const;
  /// Of a workflow: what its start answered, and what is known of its result.
  std::string workflow_result(const http::Response& started, const http::Response& result) const;
  /// The CallToolResult of an answer that is an error.
  std::string error_result(const http::Response& response) const;
  /// The CallToolResult of arguments that are refused.
  static std::string argument_error(const Error& error);

 private:
  Json input_schema() const;
  Json output_schema() const;
  Json execution_schema() const;
  bool wraps_input() const;
  bool wraps_output() const;

  ToolSource source_;
  std::string name_;
  std::string description_json_;
};

/// All of a service's, in the order of their declarations, commands first.
class Tools {
 public:
  explicit Tools(std::vector<ToolSource> sources);

  /// Null when there is none of that name.
  const Tool* find(std::string_view name) const;

  /// One page, as a ListToolsResult; without workflows unless `with_workflows`. InvalidInput when
  /// the cursor is none of ours.
  Result<std::string> page(std::string_view cursor, bool with_workflows) const;

 private:
  std::vector<Tool> tools_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

/// A request from within that carries who sent `outer`.
http::Request request_within(const http::Request& outer, http::Method method, std::string target,
                             std::string body = {});

}  // namespace eventual::gateway::mcp
