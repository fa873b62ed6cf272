// Any bytes as what arrives on a connection, in any pieces: parsing never crashes, its result does
// not depend on where the pieces are cut, and whatever the router and the composing of inputs make
// of the request is JSON or an error of ours.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "gateway/parameters.hpp"
#include "gateway/request_parser.hpp"
#include "gateway/router.hpp"
#include "gateway/text.hpp"

namespace {

namespace ev = eventual;
namespace gateway = eventual::gateway;
using gateway::detail::ParseStatus;
using gateway::detail::RequestParser;

enum class Colour { red, green };
struct Input {
  std::string id;
  std::optional<std::int64_t> limit;
  std::vector<Colour> colours;
  std::vector<bool> flags;
  double ratio = 0;
  std::chrono::seconds within{0};
  ev::Json any;
};

gateway::Router make_router() {
  gateway::Router router;
  std::size_t index = 0;
  for (const char* pattern : {"/", "/a", "/a/:id", "/a/:id/b", "/a/b/*", "/*", "/:x/:y/z"}) {
    router.add(ev::http::Method::get, pattern, pattern, index++).value();
    router.add(ev::http::Method::post, pattern, pattern, index++).value();
  }
  return router;
}

struct Parsed {
  std::vector<ev::http::Request> requests;
  int refused = 0;
};

Parsed parse(const std::string& bytes, std::size_t piece) {
  constexpr std::size_t k_header_bytes_max = 4096;
  constexpr std::size_t k_body_bytes_max = 65536;
  Parsed parsed;
  RequestParser parser(k_header_bytes_max);
  std::string unread;
  std::size_t at = 0;
  for (;;) {
    const RequestParser::Step step = parser.put(unread.data(), unread.size());
    unread.erase(0, step.consumed);
    if (step.status == ParseStatus::failed) {
      parsed.refused = parser.refusal().status;
      return parsed;
    }
    if (step.status == ParseStatus::header_done && !parser.limit_body(k_body_bytes_max)) {
      parsed.refused = parser.refusal().status;
      return parsed;
    }
    if (step.status == ParseStatus::done) {
      parsed.requests.push_back(std::move(parser.request()));
      parser.reset();
    }
    if (step.status != ParseStatus::need_more) continue;
    if (at == bytes.size()) return parsed;
    const std::size_t size = std::min(piece, bytes.size() - at);
    unread.append(bytes, at, size);
    at += size;
  }
}

void use(ev::http::Request& request) {
  static const gateway::Router router = make_router();
  if (!gateway::decode_target(request)) return;
  gateway::Match match = router.match(request.method, gateway::raw_path(request.raw_target));
  request.path_parameters = std::move(match.path_parameters);
  static const std::vector<ev::http::Parameter> parameters{
      {.member = "ratio", .in = ev::http::In::header, .name = "x-ratio"},
      {.member = "limit", .in = ev::http::In::query, .name = "n"}};
  try {
    const std::string input =
        gateway::compose_input_json(request, {&ev::detail::schema_of<Input>(), &parameters});
    (void)ev::from_json<Input>(input);
    const std::string scalar =
        gateway::compose_input_json(request, {&ev::detail::schema_of<std::int64_t>(), nullptr});
    (void)ev::from_json<std::int64_t>(scalar);
  } catch (const ev::Error& error) {
    if (error.name() != ev::error_names::k_invalid_input) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Parsed whole = parse(bytes, bytes.size() + 1);
  const Parsed pieces = parse(bytes, 1 + size % 7);
  if (whole.requests.size() != pieces.requests.size()) std::abort();
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    if (whole.requests[i].raw_target != pieces.requests[i].raw_target ||
        whole.requests[i].headers != pieces.requests[i].headers ||
        whole.requests[i].body != pieces.requests[i].body) {
      std::abort();
    }
    use(whole.requests[i]);
  }
  return 0;
}
