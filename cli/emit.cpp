// `eventual emit`: publishes an event.
#include <fmt/format.h>

#include <memory>

#include "cli/nearest_name.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string event;
  std::string payload = "null";
  std::string id;
  std::string key;
};

int emit(Context& context, const Options& options) {
  ev::Json event = ev::Json::object(
      {{"name", options.event},
       {"payload", required(ev::Json::parse(json_argument("payload", options.payload)))}});
  if (!options.id.empty()) event.set("id", options.id);
  if (!options.key.empty()) event.set("key", options.key);
  const ev::Json answer = required_of(
      context, context.service().post("/_eventual/events", event.dump(), !options.id.empty()),
      "event", "events", options.event);
  if (context.json()) {
    context.print_json(answer);
    return k_exit_done;
  }
  for (const ev::Json& one : answer["events"].as_array()) {
    const bool duplicate = one["duplicate"] == ev::Json(true);
    context.say(fmt::format("{} {}", duplicate ? "known already:" : "emitted", text_of(one, "id")));
  }
  return k_exit_done;
}

}  // namespace

Verb add_emit(CLI::App& program) {
  CLI::App* app = add_verb(program, "emit", "Publishes an event to the service's subscriptions",
                           k_group_service,
                           {"eventual emit orderPlaced '{\"id\": \"o-1\"}'",
                            "eventual emit orderPlaced @order.json --id order-1-placed --key o-1"});
  auto options = std::make_shared<Options>();
  app->add_option("event", options->event, "its name")->required()->type_name("");
  app->add_option("payload", options->payload, "JSON, @file, or - for standard input [null]")
      ->type_name("");
  app->add_option("--id", options->id, "emitting it twice counts once")->type_name("ID");
  app->add_option("--key", options->key, "events of one key are delivered in order")
      ->type_name("KEY");
  return {app, [options](Context& context) { return emit(context, *options); }};
}

}  // namespace eventual::cli
