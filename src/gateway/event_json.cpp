#include "gateway/event_json.hpp"

#include "eventual/time.hpp"
#include "gateway/execution_json.hpp"

namespace eventual::gateway {
namespace {

template <class Items, class Write>
std::string array_of(const Items& items, Write write) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out + "]";
}

std::string json_string(const std::string& text) {
  // The writer of objects escapes what is not UTF-8.
  const std::string object = ObjectWriter().text("", text).finish();
  return object.substr(4, object.size() - 5);
}

void write_event(ObjectWriter& object, const ports::EventView& event) {
  object.text("name", event.name).text("id", event.id);
  if (!event.key.empty()) object.text("key", event.key);
  if (!event.source.empty()) object.text("source", event.source);
  object.text("at", to_iso8601(event.at)).number("number", event.number);
  object.raw("payload", event.payload_json);
}

}  // namespace

std::string event_json(const ports::EventView& event) {
  ObjectWriter object;
  write_event(object, event);
  return object.finish();
}

std::string events_json(const ports::EventsReply& reply, const std::string& service) {
  return ObjectWriter()
      .raw("events", array_of(reply.events, event_json))
      .number("next", reply.next)
      .number("first", reply.first)
      .text("log_id", reply.log_id)
      .text("service", service)
      .finish();
}

std::string emitted_json(const ports::EmitReply& reply) {
  return ObjectWriter()
      .raw("events", array_of(reply.events,
                              [](const ports::EmitReply::Taken& taken) {
                                return ObjectWriter()
                                    .text("id", taken.id)
                                    .boolean("duplicate", taken.duplicate)
                                    .finish();
                              }))
      .finish();
}

std::string subscriptions_json(const std::vector<ports::SubscriptionView>& views) {
  return ObjectWriter()
      .raw("subscriptions",
           array_of(
               views,
               [](const ports::SubscriptionView& view) {
                 ObjectWriter object;
                 object.text("name", view.name).raw("events", array_of(view.events, json_string));
                 if (!view.description.empty()) object.text("description", view.description);
                 object.number("next", view.next)
                     .number("behind", view.behind)
                     .number("in_flight", view.in_flight)
                     .number("retrying", view.retrying)
                     .number("waiting", view.waiting)
                     .number("dead_letters", view.dead_letters);
                 if (view.stopped.empty()) {
                   object.null("stopped");
                 } else {
                   object.text("stopped", view.stopped);
                 }
                 return object.finish();
               }))
      .finish();
}

std::string dead_letter_json(const ports::DeadLetterView& view) {
  const std::string& details = view.error.details_json();
  return ObjectWriter()
      .text("id", view.id)
      .text("subscription", view.subscription)
      .raw("event", event_json(view.event))
      .number("attempts", view.attempts)
      .raw("error", ObjectWriter()
                        .text("name", view.error.name())
                        .text("message", view.error.message())
                        .raw("details", details.empty() ? "null" : details)
                        .finish())
      .text("at", to_iso8601(view.at))
      .finish();
}

std::string dead_letters_json(const ports::DeadLettersReply& reply) {
  ObjectWriter object;
  object.raw("dead_letters", array_of(reply.dead_letters, dead_letter_json));
  if (reply.cursor.empty()) {
    object.null("cursor");
  } else {
    object.text("cursor", reply.cursor);
  }
  return object.finish();
}

}  // namespace eventual::gateway
