#include "host/manifest.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "eventual/schema.hpp"
#include "model/event_filter.hpp"

namespace eventual::host {
namespace {

Json schema_of_type(const detail::TypeSchema* type) {
  return type == nullptr ? Json() : detail::schema_json(*type, nullptr);
}

Json milliseconds(Duration duration) {
  return duration == k_forever ? Json() : Json(duration.count());
}

Json texts_json(const std::vector<std::string>& texts) {
  Json items = Json::array();
  for (const std::string& text : texts) items.push_back(text);
  return items;
}

Json begin(const detail::Declaration& declaration, const std::string& description) {
  Json json = Json::object({{"name", declaration.name}});
  if (!description.empty()) json.set("description", description);
  json.set("input", schema_of_type(declaration.input));
  json.set("output", schema_of_type(declaration.output));
  return json;
}

Json retry_json(const RetryPolicy& retry) {
  Json names = Json::array();
  for (const std::string& name : retry.non_retryable) names.push_back(name);
  return Json::object({{"max_attempts", retry.max_attempts},
                       {"initial_interval_ms", milliseconds(retry.initial_interval)},
                       {"multiplier", retry.multiplier},
                       {"max_interval_ms", milliseconds(retry.max_interval)},
                       {"jitter", retry.jitter},
                       {"non_retryable", std::move(names)}});
}

Json task_json(const detail::TaskDefinition& task) {
  const TaskOptions& options = task.options;
  Json json = begin(task, options.description);
  json.set("timeout_ms", milliseconds(options.timeout));
  json.set("deadline_ms", milliseconds(options.deadline));
  json.set("retry", retry_json(options.retry));
  json.set("on_cancel", options.on_cancel == OnCancel::wait ? "wait" : "abandon");
  json.set("delivery",
           options.delivery == Delivery::at_most_once ? "at_most_once" : "at_least_once");
  json.set("pure", options.pure);
  return json;
}

Json workflow_json(const detail::WorkflowDefinition& workflow) {
  Json json = begin(workflow, workflow.options.description);
  json.set("timeout_ms", milliseconds(workflow.options.timeout));
  return json;
}

Json signal_json(const detail::SignalDefinition& signal) {
  return Json::object({{"name", signal.name}, {"payload", schema_of_type(signal.input)}});
}

Json schedule_json(const detail::ScheduleDefinition& schedule) {
  Json json = Json::object({{"name", schedule.name}, {"workflow", schedule.workflow}});
  if (!schedule.options.description.empty()) json.set("description", schedule.options.description);
  if (schedule.when.cron.empty()) {
    json.set("every_ms", milliseconds(schedule.when.interval));
  } else {
    json.set("cron", schedule.when.cron);
    json.set("time_zone", schedule.when.time_zone);
  }
  return json;
}

Json query_json(const detail::QueryDefinition& query) {
  return Json::object({{"name", query.name},
                       {"view", schema_of_type(query.view)},
                       {"input", schema_of_type(query.input)},
                       {"output", schema_of_type(query.output)}});
}

Json update_json(const detail::UpdateDefinition& update) { return begin(update, {}); }

Json key_json(const detail::KeyDefinition& key) {
  const auto names = [](const std::vector<detail::KeyPart>& parts) {
    Json list = Json::array();
    for (const detail::KeyPart& part : parts) list.push_back(part.name);
    return list;
  };
  return Json::object({{"partition", names(key.partition)}, {"sort", names(key.sort)}});
}

Json entity_json(const detail::EntityDefinition& entity) {
  Json json = Json::object({{"name", entity.name}});
  if (!entity.description.empty()) json.set("description", entity.description);
  json.set("item", schema_of_type(entity.input));
  json.set("key", key_json(entity.key));
  Json indexes = Json::array();
  for (const detail::IndexDefinition& index : entity.indexes)
    indexes.push_back(Json::object({{"name", index.name}, {"key", key_json(index.key)}}));
  json.set("indexes", std::move(indexes));
  return json;
}

Json transaction_json(const detail::TransactionDefinition& transaction) {
  return begin(transaction, transaction.description);
}

std::string_view name_of(http::In in) {
  switch (in) {
    case http::In::path:
      return "path";
    case http::In::query:
      return "query";
    case http::In::header:
      return "header";
    case http::In::body:
      return "body";
  }
  return "body";
}

Json parameter_json(const http::Parameter& parameter) {
  Json json = Json::object({{"member", parameter.member},
                            {"in", std::string(name_of(parameter.in))},
                            {"name", parameter.name.empty() ? parameter.member : parameter.name}});
  if (!parameter.description.empty()) json.set("description", parameter.description);
  return json;
}

Json security_json(const SecurityScheme& scheme) {
  Json json = Json::object({{"name", scheme.name}});
  switch (scheme.kind) {
    case SecurityScheme::Kind::bearer:
      json.set("kind", "bearer");
      break;
    case SecurityScheme::Kind::basic:
      json.set("kind", "basic");
      break;
    case SecurityScheme::Kind::api_key:
      json.set("kind", "api_key");
      json.set("header", scheme.header);
      break;
  }
  if (!scheme.format.empty()) json.set("format", scheme.format);
  if (!scheme.scopes.empty()) json.set("scopes", texts_json(scheme.scopes));
  return json;
}

/// What commands and routes have in common.
template <class Options>
void add_endpoint(Json& json, const Options& options, const detail::MiddlewareChain& chain) {
  if (!options.summary.empty()) json.set("summary", options.summary);
  if (options.deprecated) json.set("deprecated", true);
  json.set("tags", texts_json(options.tags));
  json.set("timeout_ms", milliseconds(options.timeout));
  if (options.concurrency != 0) json.set("concurrency", options.concurrency);
  if (options.body_bytes_max != 0) json.set("body_bytes_max", options.body_bytes_max);
  Json middleware = Json::array();
  Json security = Json::array();
  for (const auto& each : chain) {
    if (!each->info.name.empty()) middleware.push_back(each->info.name);
    if (each->info.security) security.push_back(security_json(*each->info.security));
  }
  if (middleware.size() > 0) json.set("middleware", std::move(middleware));
  if (security.size() > 0) json.set("security", std::move(security));
}

Json route_json(const detail::RouteDefinition& route) {
  Json json =
      Json::object({{"method", std::string(http::to_string(route.method))}, {"path", route.path}});
  if (!route.options.description.empty()) json.set("description", route.options.description);
  json.set("output", schema_of_type(route.output));
  add_endpoint(json, route.options, route.middleware);
  if (route.streams_request) json.set("reads_in_pieces", true);
  if (route.streams_response) json.set("answers_in_pieces", true);
  return json;
}

Json event_json(const detail::EventDefinition& event) {
  Json json = Json::object({{"name", event.name}});
  if (!event.options.description.empty()) json.set("description", event.options.description);
  json.set("payload", schema_of_type(event.input));
  json.set("received", event.received);
  return json;
}

Json subscription_json(const detail::SubscriptionDefinition& subscription) {
  const SubscriptionOptions& options = subscription.options;
  Json json = Json::object({{"name", subscription.name}});
  if (!options.description.empty()) json.set("description", options.description);
  Json events = Json::array();
  for (const detail::EventSource& source : subscription.sources) {
    events.push_back(
        Json::object({{"event", source.name}, {"filter", model::to_json_view(source.filter)}}));
  }
  json.set("events", std::move(events));
  json.set("timeout_ms", milliseconds(options.timeout));
  json.set("retry", retry_json(options.retry));
  json.set("order", options.order == EventOrder::per_key ? "per_key" : "any");
  json.set("batch_max", options.batch.max);
  json.set("batch_wait_ms", milliseconds(options.batch.wait));
  json.set("in_flight_max", options.in_flight_max);
  return json;
}

Json command_json(const detail::CommandDefinition& command) {
  const CommandOptions& options = command.options;
  Json json = begin(command, options.description);
  if (command.input != nullptr)
    json.set("input", detail::schema_json(*command.input, &options.input));
  json.set("rpc_path", "/rpc/" + command.name);
  if (!options.path.empty()) {
    json.set("method", std::string(http::to_string(options.method)));
    json.set("path", options.path);
    json.set("success_status", options.success_status);
  }
  if (!options.parameters.empty()) {
    Json parameters = Json::array();
    for (const http::Parameter& parameter : options.parameters) {
      parameters.push_back(parameter_json(parameter));
    }
    json.set("parameters", std::move(parameters));
  }
  add_endpoint(json, options, command.middleware);
  return json;
}

template <class Definitions, class ToJson>
Json list(const Definitions& definitions, ToJson to_json_of) {
  Json items = Json::array();
  for (const auto& definition : definitions) {
    if (!definition.name.starts_with('~'))  // the framework's own
      items.push_back(to_json_of(definition));
  }
  return items;
}

}  // namespace

std::string_view framework_version() noexcept { return "0.1.0"; }

Json manifest(const detail::Declarations& declarations, const ServiceOptions& options) {
  Json json = Json::object({{"service", declarations.name()}, {"version", options.version}});
  if (!options.description.empty()) json.set("description", options.description);
  json.set("eventual_version", std::string(framework_version()));
  json.set("commands", list(declarations.commands(), command_json));
  json.set("routes", list(declarations.routes(), route_json));
  json.set("workflows", list(declarations.workflows(), workflow_json));
  json.set("tasks", list(declarations.tasks(), task_json));
  json.set("signals", list(declarations.signals(), signal_json));
  json.set("schedules", list(declarations.schedules(), schedule_json));
  json.set("queries", list(declarations.queries(), query_json));
  json.set("updates", list(declarations.updates(), update_json));
  json.set("entities", list(declarations.entities(), entity_json));
  json.set("transactions", list(declarations.transactions(), transaction_json));
  json.set("events", list(declarations.events(), event_json));
  json.set("subscriptions", list(declarations.subscriptions(), subscription_json));
  return json;
}

}  // namespace eventual::host
