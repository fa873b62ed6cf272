// Events: emitted and read, as plain JSON or as CloudEvents; subscriptions and their dead letters.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/cloud_events.hpp"
#include "gateway/event_json.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::operations {
namespace {

constexpr std::uint32_t k_limit_default = 100;
constexpr std::uint32_t k_limit_max = 1000;

/// What is wrong with a body, all of it.
class Problems {
 public:
  void add(const std::string& pointer, std::string_view reason) {
    if (list_.empty())
      first_ = (pointer.empty() ? "the body" : pointer) + " " + std::string(reason);
    if (!list_.empty()) list_ += ',';
    list_ += ObjectWriter().text("pointer", pointer).text("reason", reason).finish();
  }
  void raise() const {
    if (!list_.empty())
      throw Error(std::string(error_names::k_invalid_input), first_, "[" + list_ + "]");
  }

 private:
  std::string first_;
  std::string list_;
};

/// The text of a member; absent and null are empty.
std::string text_of(const Json& object, std::string_view name, const std::string& place,
                    Problems& problems) {
  const Json* member = object.find(name);
  if (member == nullptr || member->is_null()) return {};
  if (member->is_string()) return member->as_string();
  problems.add(place + "/" + std::string(name), "must be a string");
  return {};
}

ports::EmittedEvent event_of(const Json& json, const std::string& place, Problems& problems) {
  ports::EmittedEvent event;
  if (!json.is_object()) {
    problems.add(place, "must be an object");
    return event;
  }
  const Json* name = json.find("name");
  if (name == nullptr || !name->is_string() || name->as_string().empty()) {
    problems.add(place + "/name", "must be the name of an event");
  } else {
    event.name = name->as_string();
  }
  event.id = text_of(json, "id", place, problems);
  event.key = text_of(json, "key", place, problems);
  if (const Json* payload = json.find("payload")) event.payload_json = payload->dump();
  return event;
}

ports::EmitRequest plain_events(const http::Request& request) {
  const Json body = body_of(request, Json());
  Problems problems;
  ports::EmitRequest emit;
  emit.is_list = body.is_array();
  if (body.is_array()) {
    for (std::size_t i = 0; i < body.size(); ++i)
      emit.events.push_back(event_of(body.as_array()[i], "/" + std::to_string(i), problems));
  } else if (body.is_object()) {
    emit.events.push_back(event_of(body, "", problems));
  } else {
    problems.add("", "must be an event or a list of events");
  }
  problems.raise();
  return emit;
}

void emit(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::EmitRequest emitted;
  const cloud_events::Form form = cloud_events::form_of(request);
  if (form == cloud_events::Form::none) {
    emitted = plain_events(request);
  } else {
    auto events = cloud_events::read(request);
    if (!events && events.error().name() == cloud_events::k_unsupported) {
      return (*respond)(
          error_response(415, error_names::k_invalid_input, events.error().message()));
    }
    emitted.events = std::move(events).value();
    emitted.is_list = form == cloud_events::Form::batch;
    if (emitted.events.empty())  // an empty batch is one
      return (*respond)(json_response(200, emitted_json({})));
  }
  context.operations.emit(std::move(emitted),
                          reply_with<ports::EmitReply>(respond, [](const auto& reply) {
                            return json_response(200, emitted_json(reply));
                          }));
}

http::Response as_cloud_events(const ports::EventsReply& reply, const std::string& source) {
  http::Response response = json_response(200, cloud_events::write_batch(reply.events, source));
  std::erase_if(response.headers, [](const auto& header) {
    return equals_ignoring_case(header.first, "content-type");
  });
  response.headers.emplace_back("content-type", std::string(cloud_events::k_batch_type));
  response.headers.emplace_back("eventual-next", std::to_string(reply.next));
  response.headers.emplace_back("eventual-log-id", reply.log_id);
  return response;
}

void read(const Context& context, const http::Request& request, const SharedResponder& respond) {
  constexpr auto k_number_max =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  ports::EventsRequest events;
  events.after = number_parameter(request, "after", 0, 0, k_number_max);
  events.tail = http::find(request.query, "tail") == "true";
  events.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_limit_default, 1, k_limit_max));
  const auto wait_ms = number_parameter(request, "wait_ms", 0, 0, k_number_max);
  events.wait =
      std::min(Duration(static_cast<std::int64_t>(wait_ms)), context.options.result_wait_max);
  std::string_view names = http::find(request.query, "names");
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    if (const std::string_view name = names.substr(0, comma); !name.empty())
      events.names.emplace_back(name);
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  if (events.wait > Duration(0)) respond->mark_waiting();
  const bool cloud = http::find(request.headers, "accept").find(cloud_events::k_batch_type) !=
                     std::string_view::npos;
  context.operations.read_events(
      std::move(events),
      reply_with<ports::EventsReply>(
          respond, [cloud, source = context.options.event_source](const auto& reply) {
            return cloud ? as_cloud_events(reply, source)
                         : json_response(200, events_json(reply, source));
          }));
}

void subscriptions(const Context& context, const http::Request&, const SharedResponder& respond) {
  context.operations.subscriptions(reply_with<std::vector<ports::SubscriptionView>>(
      respond, [](const auto& views) { return json_response(200, subscriptions_json(views)); }));
}

void dead_letters(const Context& context, const http::Request& request,
                  const SharedResponder& respond) {
  ports::DeadLettersRequest list;
  list.subscription = http::find(request.query, "subscription");
  list.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_limit_default, 1, k_limit_max));
  list.cursor = http::find(request.query, "cursor");
  context.operations.dead_letters(
      std::move(list), reply_with<ports::DeadLettersReply>(respond, [](const auto& reply) {
        return json_response(200, dead_letters_json(reply));
      }));
}

void act(ports::DeadLetterAct::Kind kind, const Context& context, const http::Request& request,
         const SharedResponder& respond) {
  const Json body = body_of(request, Json());
  Problems problems;
  ports::DeadLetterAct act;
  act.kind = kind;
  if (!body.is_object()) {
    problems.add("", "must be an object with \"ids\" or \"subscription\"");
    problems.raise();
  }
  act.subscription = text_of(body, "subscription", "", problems);
  if (const Json* ids = body.find("ids"); ids != nullptr && !ids->is_null()) {
    if (!ids->is_array()) problems.add("/ids", "must be a list of ids of dead letters");
    for (std::size_t i = 0; ids->is_array() && i < ids->size(); ++i) {
      const Json& id = ids->as_array()[i];
      if (id.is_string()) {
        act.ids.push_back(id.as_string());
      } else {
        problems.add("/ids/" + std::to_string(i), "must be a string");
      }
    }
    if (ids->is_array() && ids->size() > k_limit_max)
      problems.add("/ids", fmt::format("must have at most {} ids", k_limit_max));
  }
  problems.raise();
  if (act.subscription.empty() == act.ids.empty())
    problems.add("", "must have either \"ids\" or \"subscription\"");
  problems.raise();
  context.operations.act_on_dead_letters(
      std::move(act), reply_with<ports::DeadLetterActReply>(respond, [](const auto& reply) {
        Json missing = Json::array();
        for (const std::string& id : reply.not_found) missing.push_back(id);
        return json_response(
            200,
            ObjectWriter().number("count", reply.count).raw("not_found", missing.dump()).finish());
      }));
}

void redrive(const Context& context, const http::Request& request, const SharedResponder& respond) {
  act(ports::DeadLetterAct::Kind::redrive, context, request, respond);
}

void discard(const Context& context, const http::Request& request, const SharedResponder& respond) {
  act(ports::DeadLetterAct::Kind::discard, context, request, respond);
}

}  // namespace

void add_events(Endpoints& endpoints) {
  endpoints.insert(
      endpoints.end(),
      {
          {http::Method::post, "/_eventual/events", "emit", &emit},
          {http::Method::get, "/_eventual/events", "read events", &read},
          {http::Method::get, "/_eventual/subscriptions", "subscriptions", &subscriptions},
          {http::Method::get, "/_eventual/dead-letters", "dead letters", &dead_letters},
          {http::Method::post, "/_eventual/dead-letters/redrive", "redrive", &redrive},
          {http::Method::post, "/_eventual/dead-letters/discard", "discard", &discard},
      });
}

}  // namespace eventual::gateway::operations
