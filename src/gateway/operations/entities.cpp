// Reading entities by key, by partition and through indexes, and calling transactions.
#include <string>
#include <string_view>
#include <utility>

#include "eventual/detail/entity_calls.hpp"
#include "eventual/entity.hpp"
#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::operations {
namespace {

using Operation = eventual::detail::EntityRequest::Operation;

std::string entity_of(const http::Request& request) {
  return require_name("entity", http::find(request.path_parameters, "entity"));
}

/// A query parameter that is JSON, in one line; empty when it is absent.
std::string json_parameter(const http::Request& request, std::string_view name) {
  const std::string_view text = http::find(request.query, name);
  if (text.empty()) return {};
  const Result<Json> json = Json::parse(text);
  if (!json) throw bad_parameter(name, "must be JSON: " + json.error().message());
  return json->dump();
}

bool flag_parameter(const http::Request& request, std::string_view name) {
  const std::string_view text = http::find(request.query, name);
  if (text.empty() || text == "false") return false;
  if (text != "true") throw bad_parameter(name, "must be true or false");
  return true;
}

/// Names with commas between them, as a JSON array; empty when there are none.
std::string names_parameter(const http::Request& request, std::string_view name) {
  std::string_view rest = http::find(request.query, name);
  if (rest.empty()) return {};
  Json names = Json::array();
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    names.push_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return names.dump();
}

/// The page of an entity, whose text has `"cursor":""` at its end where there is no more: over HTTP
/// that is null, as everywhere.
std::string with_null_cursor(std::string page) {
  constexpr std::string_view k_none = R"("cursor":""})";
  if (!page.ends_with(k_none)) return page;
  page.replace(page.size() - 3, 3, "null}");
  return page;
}

void items(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::EntityOperation operation;
  auto& asked = operation.request;
  asked.entity = entity_of(request);
  asked.index = http::find(request.query, "index");
  asked.condition = json_parameter(request, "condition");
  asked.select = names_parameter(request, "select");
  asked.limit =
      static_cast<std::uint32_t>(number_parameter(request, "limit", 100, 1, k_page_items_max));
  asked.cursor = http::find(request.query, "cursor");
  asked.descending = flag_parameter(request, "descending");
  Json partition = Json::array();
  for (const auto& [name, value] : request.query) {
    if (name == "partition") partition.push_back(value);
  }
  asked.operation = partition.size() > 0 ? Operation::query : Operation::scan;
  if (partition.size() > 0) {
    asked.key = partition.dump();
  } else if (!asked.condition.empty()) {
    throw bad_parameter("condition", "needs a partition");
  }
  context.operations.entity(std::move(operation),
                            reply_with<std::string>(respond, [](const std::string& page) {
                              return json_response(200, with_null_cursor(page));
                            }));
}

void item(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::EntityOperation operation;
  operation.request.operation = Operation::get;
  operation.request.entity = entity_of(request);
  // Each segment is a part of the key.
  Json key = Json::array({std::string(http::find(request.path_parameters, "partition"))});
  for (const std::string_view name : {"sort", "more", "last"}) {
    for (const auto& [parameter, value] : request.path_parameters) {
      if (parameter == name) key.push_back(value);
    }
  }
  operation.request.key = key.dump();
  context.operations.entity(
      std::move(operation), reply_with<std::string>(respond, [](const std::string& found) {
        if (found != "null") return json_response(200, found);
        return error_response(404, error_names::k_not_found, "there is no item with this key");
      }));
}

void transact(const Context& context, const http::Request& request,
              const SharedResponder& respond) {
  const Json body = object_body_of(request);
  ports::TransactionRequest call;
  call.transaction =
      require_name("transaction", http::find(request.path_parameters, "transaction"));
  if (const Json* input = body.find("input")) call.input_json = input->dump();
  call.id = text_member(body, "id");
  if (call.id.empty()) call.id = http::find(request.headers, "idempotency-key");
  context.operations.transact(std::move(call), [respond](const Result<std::string>& result) {
    try {
      (*respond)(result ? json_response(200, ObjectWriter().raw("result", *result).finish())
                        : refusal(result.error()));
    } catch (...) {
      (*respond)(answer_of(std::current_exception()));
    }
  });
}

}  // namespace

void add_entities(Endpoints& endpoints) {
  endpoints.insert(
      endpoints.end(),
      {
          {http::Method::get, "/_eventual/entities/:entity", "items", &items},
          {http::Method::get, "/_eventual/entities/:entity/:partition", "item", &item},
          {http::Method::get, "/_eventual/entities/:entity/:partition/:sort", "item", &item},
          {http::Method::get, "/_eventual/entities/:entity/:partition/:sort/:more", "item", &item},
          {http::Method::get, "/_eventual/entities/:entity/:partition/:sort/:more/:last", "item",
           &item},
          {http::Method::post, "/_eventual/transactions/:transaction", "transact", &transact},
      });
}

}  // namespace eventual::gateway::operations
