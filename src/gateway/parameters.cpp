#include "gateway/parameters.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "gateway/text.hpp"
#include "schema/members.hpp"

namespace eventual::gateway {
namespace {

constexpr std::string_view k_rpc_prefix = "/rpc/";

/// Puts an input together, member by member.
class Composer {
 public:
  Composer(const http::Request& request, const InputShape& shape)
      : request_(request), shape_(shape) {}

  std::string compose() {
    const bool has_body = !trim(request_.body).empty();
    if (shape_.type != nullptr && !schema::has_members(*shape_.type)) {
      if (request_.path_parameters.size() == 1) {
        const std::string_view text = request_.path_parameters.front().second;
        std::string json;
        eventual::detail::append_texts_as_json(*shape_.type, {}, {&text, 1}, json);
        return json;
      }
      if (has_body) return request_.body;
    }
    gather();
    if (below_.empty() && above_.empty() && !(has_body && takes_elsewhere())) {
      if (has_body) return request_.body;
      return shape_.type != nullptr && schema::is_object(*shape_.type) ? "{}" : "null";
    }
    Json input = Json::object();
    for (auto& [name, value] : below_) input.set(name, std::move(value));
    if (has_body) join_body(input);
    for (auto& [name, value] : above_) input.set(name, std::move(value));
    return input.dump();
  }

 private:
  using Members = std::vector<std::pair<std::string, Json>>;

  const http::Parameter* declared(std::string_view member) const {
    if (shape_.parameters == nullptr) return nullptr;
    const auto found = std::find_if(shape_.parameters->begin(), shape_.parameters->end(),
                                    [&](const auto& each) { return each.member == member; });
    return found == shape_.parameters->end() ? nullptr : &*found;
  }

  static std::string_view name_of(const http::Parameter& parameter) {
    return parameter.name.empty() ? parameter.member : parameter.name;
  }

  void gather() {
    if (shape_.parameters != nullptr) {
      for (const http::Parameter& parameter : *shape_.parameters) gather(parameter);
    }
    if (query_is_input(request_.method)) gather_query();
    for (const auto& [name, value] : request_.path_parameters) {
      if (!renamed(http::In::path, name)) add(above_, name, {value});
    }
  }

  void gather(const http::Parameter& parameter) {
    const std::string_view name = name_of(parameter);
    switch (parameter.in) {
      case http::In::query:
        return add(below_, parameter.member, values_of(request_.query, name, false));
      case http::In::header:
        return add(above_, parameter.member, values_of(request_.headers, name, true));
      case http::In::path:
        return add(above_, parameter.member, values_of(request_.path_parameters, name, false));
      case http::In::body:
        return;
    }
  }

  /// Each name of the query that no Parameter speaks of, in order of appearance.
  void gather_query() {
    std::vector<std::string_view> done;
    for (const auto& [name, value] : request_.query) {
      if (std::find(done.begin(), done.end(), name) != done.end()) continue;
      done.push_back(name);
      if (declared(name) != nullptr || renamed(http::In::query, name)) continue;
      add(below_, name, values_of(request_.query, name, false));
    }
  }

  /// Members come from elsewhere, whatever the body says of them.
  bool takes_elsewhere() const {
    return shape_.parameters != nullptr &&
           std::any_of(shape_.parameters->begin(), shape_.parameters->end(),
                       [](const auto& parameter) { return parameter.in != http::In::body; });
  }

  /// A Parameter takes what is called so for its member.
  bool renamed(http::In in, std::string_view name) const {
    if (shape_.parameters == nullptr) return false;
    return std::any_of(
        shape_.parameters->begin(), shape_.parameters->end(),
        [&](const auto& parameter) { return parameter.in == in && name_of(parameter) == name; });
  }

  static std::vector<std::string_view> values_of(const http::Fields& fields, std::string_view name,
                                                 bool ignore_case) {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : fields) {
      if (ignore_case ? equals_ignoring_case(key, name) : key == name) values.emplace_back(value);
    }
    return values;
  }

  void add(Members& members, std::string_view name, const std::vector<std::string_view>& values) {
    if (values.empty()) return;
    const bool has_type = shape_.type != nullptr;
    std::string json;
    eventual::detail::append_texts_as_json(
        has_type ? *shape_.type : eventual::detail::schema_of<Json>(), name, values, json);
    members.emplace_back(std::string(name), Json::parse(json).value());
  }

  void join_body(Json& input) const {
    Result<Json> body = Json::parse(request_.body);
    if (!body) throw Error(body.error());
    if (!(*body).is_object()) {
      throw Error(std::string(error_names::k_invalid_input), "the body must be a JSON object",
                  R"([{"pointer":"","reason":"must be an object"}])");
    }
    for (const auto& [name, value] : (*body).as_object()) {
      const http::Parameter* parameter = declared(name);
      if (parameter == nullptr || parameter->in == http::In::body) input.set(name, value);
    }
  }

  const http::Request& request_;
  const InputShape& shape_;
  Members below_;  ///< what the body wins over
  Members above_;  ///< what wins over the body
};

}  // namespace

bool query_is_input(http::Method method) noexcept {
  return method == http::Method::get || method == http::Method::del || method == http::Method::head;
}

bool is_rpc_request(const http::Request& request) noexcept {
  return raw_path(request.raw_target).starts_with(k_rpc_prefix);
}

std::string compose_input_json(const http::Request& request, const InputShape& shape) {
  if (is_rpc_request(request)) return trim(request.body).empty() ? "null" : request.body;
  return Composer(request, shape).compose();
}

}  // namespace eventual::gateway
