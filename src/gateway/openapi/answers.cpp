#include "gateway/openapi/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace eventual::gateway::openapi {
namespace {

constexpr std::string_view k_schemas = "#/components/schemas/";
constexpr std::string_view k_responses = "#/components/responses/";
constexpr int k_default = 0;  // stands for every status that is not named

struct SharedAnswer {
  int status;
  std::string_view name;
  std::string_view description;
  bool has_retry_after;
};

constexpr std::array<SharedAnswer, 8> k_shared{{
    {400, "InvalidInput", "The request is malformed; `details` points to every bad member", false},
    {401, "Unauthorized", "The caller did not prove who they are", false},
    {403, "Forbidden", "The caller may not do this", false},
    {413, "TooLarge", "The body is too large", false},
    {415, "NotJson", "The body is of another content type than JSON", false},
    {429, "TooMany", "Too many requests; later it may do", true},
    {503, "Unavailable", "It took too long, or the service is stopping; later it may do", true},
    {k_default, "Failure", "Any other failure", false},
}};

const SharedAnswer* shared_answer(int status) {
  const auto* found = std::find_if(k_shared.begin(), k_shared.end(),
                                   [&](const auto& each) { return each.status == status; });
  return found == k_shared.end() ? nullptr : found;
}

std::string status_text(int status) {
  return status == k_default ? "default" : fmt::format("{}", status);
}

Json reference(std::string_view folder, std::string_view name) {
  return Json::object({{"$ref", fmt::format("{}{}", folder, name)}});
}

Json json_content(Json schema) {
  return Json::object({{"application/json", Json::object({{"schema", std::move(schema)}})}});
}

std::string_view reason_of(int status) {
  switch (status) {
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "Done; no content";
    default:
      return "Done";
  }
}

/// Descriptions of what a handler throws with one status, a line each.
std::string describe(const std::vector<const http::ErrorAnswer*>& errors) {
  std::string text;
  for (const http::ErrorAnswer* error : errors) {
    if (!text.empty()) text += '\n';
    if (!error->name.empty()) text += fmt::format("`{}`", error->name);
    if (!error->name.empty() && !error->description.empty()) text += ": ";
    text += error->description;
  }
  return text.empty() ? "Failure" : text;
}

}  // namespace

Json own_schemas() {
  const Json text = Json::object({{"type", "string"}});
  Json error = Json::object(
      {{"type", "object"},
       {"title", "Error"},
       {"description", "Every answer that is no success"},
       {"properties",
        Json::object(
            {{"error", Json::object({{"type", "string"},
                                     {"description", "The name of the error, for programs"}})},
             {"message",
              Json::object({{"type", "string"}, {"description", "What happened, for people"}})},
             {"details",
              Json::object({{"description", "More of it, by the name of the error; or null"}})}})},
       {"required", Json::array({"error", "message", "details"})}});
  Json problem = Json::object(
      {{"type", "object"},
       {"title", "Problem"},
       {"description", "One thing that is wrong with an input"},
       {"properties",
        Json::object(
            {{"pointer",
              Json::object({{"type", "string"},
                            {"description", "The JSON pointer of the member; empty: all of it"}})},
             {"parameter", text},
             {"reason", text}})},
       {"required", Json::array({"reason"})}});
  Json problems = Json::object(
      {{"type", Json::array({"array", "null"})}, {"items", reference(k_schemas, "Problem")}});
  Json details = Json::object({{"properties", Json::object({{"details", std::move(problems)}})}});
  Json invalid =
      Json::object({{"title", "InvalidInput"},
                    {"allOf", Json::array({reference(k_schemas, "Error"), std::move(details)})}});
  return Json::object({{"Error", std::move(error)},
                       {"InvalidInput", std::move(invalid)},
                       {"Problem", std::move(problem)}});
}

Json Answers::shared(int status) {
  used_.insert(status);
  return reference(k_responses, shared_answer(status)->name);
}

Json Answers::of(const AnswersOf& operation) {
  std::set<int> own{503, k_default};
  if (operation.may_be_invalid) own.insert(400);
  if (operation.has_body) own.insert(413);
  if (operation.body_is_json) own.insert(415);
  if (operation.is_limited) own.insert(429);
  for (const auto& middleware : *operation.chain) {
    const MiddlewareInfo& info = middleware->info;
    if (info.security) own.insert(401);
    if (info.security && !info.security->scopes.empty()) own.insert(403);
    own.insert(info.statuses.begin(), info.statuses.end());
  }
  std::map<int, std::vector<const http::ErrorAnswer*>> declared;
  for (const http::ErrorAnswer& error : *operation.declared) {
    declared[error.status].push_back(&error);
    own.insert(error.status);
  }

  Json success = Json::object({{"description", reason_of(operation.success_status)}});
  if (!operation.success_content.is_null()) success.set("content", operation.success_content);
  Json responses = Json::object();
  responses.set(status_text(operation.success_status), std::move(success));
  own.erase(k_default);  // it comes last
  for (const int status : own) {
    if (const auto told = declared.find(status); told != declared.end()) {
      std::string description = describe(told->second);
      if (const SharedAnswer* common = shared_answer(status)) {
        description += fmt::format("\n{}", common->description);
      }
      Json content = json_content(reference(k_schemas, "Error"));
      responses.set(status_text(status), Json::object({{"description", std::move(description)},
                                                       {"content", std::move(content)}}));
    } else if (shared_answer(status) != nullptr) {
      responses.set(status_text(status), shared(status));
    } else {
      responses.set(status_text(status),
                    Json::object({{"description", "Failure"},
                                  {"content", json_content(reference(k_schemas, "Error"))}}));
    }
  }
  responses.set(status_text(k_default), shared(k_default));
  return responses;
}

Json Answers::components() const {
  Json components = Json::object();
  for (const SharedAnswer& answer : k_shared) {
    if (!used_.contains(answer.status)) continue;
    Json response = Json::object({{"description", answer.description}});
    if (answer.has_retry_after) {
      Json header = Json::object({{"description", "Seconds to wait before the next try"},
                                  {"schema", Json::object({{"type", "integer"}})}});
      response.set("headers", Json::object({{"Retry-After", std::move(header)}}));
    }
    const std::string_view schema = answer.status == 400 ? "InvalidInput" : "Error";
    response.set("content", json_content(reference(k_schemas, schema)));
    components.set(answer.name, std::move(response));
  }
  return components;
}

namespace {

Json scheme_json(const SecurityScheme& scheme) {
  Json json = Json::object();
  switch (scheme.kind) {
    case SecurityScheme::Kind::bearer:
      json.set("type", "http");
      json.set("scheme", "bearer");
      if (!scheme.format.empty()) json.set("bearerFormat", scheme.format);
      break;
    case SecurityScheme::Kind::basic:
      json.set("type", "http");
      json.set("scheme", "basic");
      break;
    case SecurityScheme::Kind::api_key:
      json.set("type", "apiKey");
      json.set("in", "header");
      json.set("name", scheme.header);
      break;
  }
  if (!scheme.description.empty()) json.set("description", scheme.description);
  return json;
}

}  // namespace

std::string Security::name_of(const SecurityScheme& scheme) {
  std::string name = scheme.name.empty() ? "security" : scheme.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  const Json json = scheme_json(scheme);
  std::string unique = name;
  for (int number = 2;; ++number) {
    const Json* known = schemes_.find(unique);
    if (known == nullptr) break;
    if (*known == json) return unique;
    unique = fmt::format("{}{}", name, number);
  }
  schemes_.set(unique, json);
  return unique;
}

Json Security::of(const eventual::detail::MiddlewareChain& chain) {
  Json requirement;
  for (const auto& middleware : chain) {
    if (!middleware->info.security) continue;
    Json scopes = Json::array();
    for (const std::string& scope : middleware->info.security->scopes) scopes.push_back(scope);
    requirement.set(name_of(*middleware->info.security), std::move(scopes));
  }
  return requirement.is_null() ? requirement : Json::array({std::move(requirement)});
}

}  // namespace eventual::gateway::openapi
