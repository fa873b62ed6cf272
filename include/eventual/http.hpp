// HTTP as handlers see it: one request, one response, no server types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventual::http {

enum class Method : std::uint8_t { get, post, put, patch, del, head, options, any };

/// "GET", "POST", …; `any` is "*".
std::string_view to_string(Method method) noexcept;

/// Names compare without case; a name may occur more than once.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name`, or an empty view.
std::string_view find(const Fields& fields, std::string_view name) noexcept;

struct Request {
  Method method = Method::get;
  std::string path = {};        ///< decoded, without the query
  std::string raw_target = {};  ///< as it arrived
  Fields headers = {};
  Fields query = {};            ///< decoded, in order
  Fields path_parameters = {};  ///< decoded values of `:name` and `*` in the route
  std::string body = {};        ///< empty where the handler reads it in pieces
  std::string remote_address = {};
};

struct Response {
  int status = 200;
  Fields headers = {};
  std::string body = {};
};

/// An answer of plain text.
Response text_response(std::string text, int status = 200);
/// An answer of JSON text.
Response json_response(std::string json, int status = 200);

/// Where a member of a command's input comes from when the command is called on its path.
enum class In : std::uint8_t { path, query, header, body };

/// Says of one member of a command's input where it comes from. Members that no Parameter names
/// come from the path when it has a parameter of that name, else from the query for GET, HEAD and
/// DELETE, and from the body otherwise.
struct Parameter {
  std::string member;            ///< of the input, as on the wire
  In in = In::query;             ///< where it stands
  std::string name = {};         ///< what it is called there; empty: as the member
  std::string description = {};  ///< for people and tools
};

/// An error that a command or route answers with, as descriptions of the service tell it; not
/// checked.
struct ErrorAnswer {
  int status = 0;                ///< 400 to 599
  std::string name = {};         ///< of the error, for programs: "NotFound"
  std::string description = {};  ///< when it is answered
};

}  // namespace eventual::http
