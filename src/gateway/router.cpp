#include "gateway/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::array<http::Method, 7> k_methods{
    http::Method::get,   http::Method::head, http::Method::post,   http::Method::put,
    http::Method::patch, http::Method::del,  http::Method::options};

Error bad_route(std::string message) {
  return {std::string(error_names::k_invalid_input), std::move(message)};
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

struct Router::Node {
  struct Route {
    std::string name;
    std::size_t index = 0;
    std::vector<std::string> parameters;  ///< in order of the path
  };
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::map<http::Method, Route> routes;
  std::map<http::Method, Route> tails;  ///< of a "*" below this node
};

struct Router::Search {
  http::Method method;
  std::vector<std::string> decoded;
  std::vector<std::string> values;    ///< of the parameters on the way
  std::vector<http::Method> methods;  ///< that the path exists with
  const Node::Route* route = nullptr;

  bool choose(const std::map<http::Method, Node::Route>& routes) {
    auto pick = [&](http::Method wanted) {
      const auto found = routes.find(wanted);
      if (found != routes.end()) route = &found->second;
      return route != nullptr;
    };
    for (const auto& [key, value] : routes) methods.push_back(key);
    return pick(method) || (method == http::Method::head && pick(http::Method::get)) ||
           pick(http::Method::any);
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<void> Router::add(http::Method method, std::string_view pattern, std::string_view name,
                         std::size_t index) {
  if (pattern.empty() || pattern.front() != '/') {
    return bad_route(fmt::format("the path '{}' of {} must begin with a slash", pattern, name));
  }
  Node* node = root_.get();
  std::vector<std::string> parameters;
  const std::vector<std::string_view> segments = split(pattern);
  bool tail = false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view segment = segments[i];
    if (segment == "*") {
      if (i + 1 != segments.size()) {
        return bad_route(fmt::format("in the path '{}' of {}, * is not last", pattern, name));
      }
      parameters.emplace_back("*");
      tail = true;
    } else if (segment.starts_with(':')) {
      std::string parameter(segment.substr(1));
      if (parameter.empty() ||
          std::find(parameters.begin(), parameters.end(), parameter) != parameters.end()) {
        return bad_route(fmt::format(
            "the path '{}' of {} has a parameter without a name of its own", pattern, name));
      }
      parameters.push_back(std::move(parameter));
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    } else {
      const auto decoded = percent_decode(segment);
      if (!decoded) {
        return bad_route(
            fmt::format("the path '{}' of {} holds a bad percent-encoding", pattern, name));
      }
      auto& child = node->literals[*decoded];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    }
  }
  auto& routes = tail ? node->tails : node->routes;
  const auto [place, added] =
      routes.try_emplace(method, Node::Route{std::string(name), index, std::move(parameters)});
  if (!added) {
    return bad_route(fmt::format("{} and {} both answer {} {}", place->second.name, name,
                                 http::to_string(method), pattern));
  }
  return {};
}

bool Router::find(const Node& node, Search& search, std::size_t depth) {
  if (depth == search.decoded.size()) return search.choose(node.routes);
  const std::string& segment = search.decoded[depth];
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (find(*literal->second, search, depth + 1)) return true;
  }
  if (node.parameter && !segment.empty()) {
    search.values.push_back(segment);
    if (find(*node.parameter, search, depth + 1)) return true;
    search.values.pop_back();
  }
  if (!node.tails.empty() && search.choose(node.tails)) {
    std::string rest;
    for (std::size_t i = depth; i < search.decoded.size(); ++i) {
      if (i > depth) rest += '/';
      rest += search.decoded[i];
    }
    search.values.push_back(std::move(rest));
    return true;
  }
  return false;
}

Match Router::match(http::Method method, std::string_view raw_path) const {
  Match result;
  if (raw_path.empty() || raw_path.front() != '/') return result;
  Search search{.method = method, .decoded = {}, .values = {}, .methods = {}};
  for (const std::string_view segment : split(raw_path)) {
    auto decoded = percent_decode(segment);
    if (!decoded) {
      result.kind = Match::Kind::bad_path;
      return result;
    }
    search.decoded.push_back(std::move(*decoded));
  }
  if (find(*root_, search, 0)) {
    result.kind = Match::Kind::found;
    result.index = search.route->index;
    for (std::size_t i = 0; i < search.values.size(); ++i) {
      result.path_parameters.emplace_back(search.route->parameters[i], std::move(search.values[i]));
    }
    return result;
  }
  if (search.methods.empty()) return result;
  auto has = [&](http::Method wanted) {
    return std::find(search.methods.begin(), search.methods.end(), wanted) != search.methods.end();
  };
  for (const http::Method candidate : k_methods) {
    const bool implied = candidate == http::Method::options ||
                         (candidate == http::Method::head && has(http::Method::get));
    if (!implied && !has(candidate)) continue;
    if (!result.allow.empty()) result.allow += ", ";
    result.allow += http::to_string(candidate);
  }
  result.kind = method == http::Method::options ? Match::Kind::options : Match::Kind::not_allowed;
  return result;
}

}  // namespace eventual::gateway
