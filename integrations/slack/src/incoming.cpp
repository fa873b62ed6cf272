// What Slack sends: slash commands and interactions as forms, events as JSON.
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "eventual/workflow.hpp"
#include "gateway/text.hpp"
#include "state.hpp"

namespace eventual::slack {
namespace {

/// The fields of a form; nothing when an escape is bad.
std::optional<http::Fields> parse_form(std::string_view body) {
  http::Fields fields;
  while (!body.empty()) {
    const std::size_t end = body.find('&');
    const std::string_view field = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
    const std::size_t equals = field.find('=');
    auto name = gateway::percent_decode(field.substr(0, equals), true);
    auto value = gateway::percent_decode(
        equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

std::string text_at(const Json& json, std::string_view pointer) {
  const Json* found = json.find_at(pointer);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

http::Response not_found() { return http::text_response("not found", 404); }

http::Response response_of(detail::Answer answer) {
  if (answer.empty()) return http::text_response({}, 200);
  return http::json_response(std::move(answer));
}

/// What a handler answers; what it throws is told to who asked.
template <class Handle>
http::Response shown(const Handle& handle) {
  try {
    return response_of(handle());
  } catch (const Error& error) {
    return response_of(detail::text_answer(error.message()));
  } catch (const std::exception& exception) {
    log(LogLevel::error, std::string("a handler of Slack failed: ") + exception.what());
    return response_of(detail::text_answer("That went wrong."));
  }
}

/// Which handler an interaction is for: its kind and id.
std::pair<std::string, std::string> target_of(const Json& payload) {
  const std::string type = text_at(payload, "/type");
  if (type == "block_actions") return {type, text_at(payload, "/actions/0/action_id")};
  if (type == "view_submission" || type == "view_closed") {
    return {type, text_at(payload, "/view/callback_id")};
  }
  if (type == "message_action") return {"shortcut", text_at(payload, "/callback_id")};
  return {type, text_at(payload, "/callback_id")};
}

Event event_of(const Json& body) {
  Event event;
  event.id = text_at(body, "/event_id");
  event.type = text_at(body, "/event/type");
  event.team_id = text_at(body, "/team_id");
  event.user = text_at(body, "/event/user");
  event.channel = text_at(body, "/event/channel");
  event.text = text_at(body, "/event/text");
  event.ts = text_at(body, "/event/ts");
  event.thread_ts = text_at(body, "/event/thread_ts");
  event.inner = body["event"];
  return event;
}

}  // namespace

http::Response Slack::State::answer(const http::Request& request,
                                    const ServiceEvent<Event>& taken) const {
  if (!verify_signature(options.signing_secret.value(),
                        http::find(request.headers, "x-slack-request-timestamp"), request.body,
                        http::find(request.headers, "x-slack-signature"), now())) {
    return not_found();
  }
  const std::string_view type = http::find(request.headers, "content-type");
  if (gateway::to_lower(type).starts_with("application/x-www-form-urlencoded")) {
    return answer_form(request);
  }
  const Result<Json> body = Json::parse(request.body);
  if (!body) return http::text_response("the body is no JSON", 400);
  return answer_json(*body, taken);
}

http::Response Slack::State::answer_form(const http::Request& request) const {
  const std::optional<http::Fields> form = parse_form(request.body);
  if (!form) return http::text_response("the body is no form", 400);
  if (http::find(*form, "ssl_check") == "1") return http::text_response({}, 200);
  const std::string_view payload = http::find(*form, "payload");
  if (payload.empty()) return answer_command(*form);
  const Result<Json> interaction = Json::parse(payload);
  if (!interaction) return http::text_response("the payload is no JSON", 400);
  return answer_interaction(*interaction);
}

http::Response Slack::State::answer_command(const http::Fields& form) const {
  const auto field = [&form](std::string_view name) { return std::string(http::find(form, name)); };
  const auto handler = commands.find(field("command"));
  if (handler == commands.end()) return not_found();
  SlashCommand command;
  command.command = field("command");
  command.text = field("text");
  command.user_id = field("user_id");
  command.user_name = field("user_name");
  command.channel_id = field("channel_id");
  command.channel_name = field("channel_name");
  command.team_id = field("team_id");
  command.response_url = field("response_url");
  command.trigger_id = field("trigger_id");
  return shown([&] { return handler->second(command); });
}

http::Response Slack::State::answer_interaction(const Json& payload) const {
  const auto handler = interactions.find(target_of(payload));
  if (handler == interactions.end()) return not_found();
  Interaction interaction;
  interaction.type = text_at(payload, "/type");
  interaction.id = handler->first.second;
  interaction.value = text_at(payload, "/actions/0/value");
  if (interaction.value.empty()) {
    interaction.value = text_at(payload, "/actions/0/selected_option/value");
  }
  interaction.user_id = text_at(payload, "/user/id");
  interaction.channel_id = text_at(payload, "/channel/id");
  interaction.response_url = text_at(payload, "/response_url");
  interaction.trigger_id = text_at(payload, "/trigger_id");
  interaction.payload = payload;
  return shown([&] { return handler->second(interaction); });
}

http::Response Slack::State::answer_json(const Json& body, const ServiceEvent<Event>& taken) const {
  const std::string type = text_at(body, "/type");
  if (type == "url_verification") {
    return http::json_response(Json::object({{"challenge", body["challenge"]}}).dump());
  }
  if (type != "event_callback") return not_found();
  Event event = event_of(body);
  if (event.id.empty()) return http::text_response("the event has no event_id", 400);
  // What nobody handles is taken all the same: Slack turns off apps that refuse its events.
  if (event_types.contains(event.type)) {
    const std::string id = event.id;
    const std::string key = event.channel;
    taken.emit(event, {.id = id, .key = key}).get();
  }
  return http::text_response({}, 200);
}

}  // namespace eventual::slack
