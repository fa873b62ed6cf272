// What a Slack app knows: its options and what it handles.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "eventual/slack.hpp"

namespace eventual::slack {

/// Filled while the program starts, read by handlers on any thread afterwards.
struct Slack::State {
  SlackOptions options;
  std::map<std::string, detail::CommandHandler> commands;
  std::map<std::pair<std::string, std::string>, detail::InteractionHandler>
      interactions;  // by kind and id
  std::set<std::string> event_types;

  // incoming.cpp; on the thread of the request
  http::Response answer(const http::Request& request, const ServiceEvent<Event>& taken) const;

  // web_api.cpp; on the thread of the task
  Json call_api(const std::string& method, const Json& arguments) const;
  void reply(const Reply& reply) const;

 private:
  http::Response answer_form(const http::Request& request) const;
  http::Response answer_json(const Json& body, const ServiceEvent<Event>& taken) const;
  http::Response answer_command(const http::Fields& form) const;
  http::Response answer_interaction(const Json& payload) const;
};

}  // namespace eventual::slack
