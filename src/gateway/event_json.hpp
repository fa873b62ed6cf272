// The JSON shapes of events, subscriptions and dead letters, as docs/events.md promises them.
#pragma once

#include <string>
#include <vector>

#include "ports/events.hpp"

namespace eventual::gateway {

std::string event_json(const ports::EventView& event);
/// `service` is who emitted those without a source.
std::string events_json(const ports::EventsReply& reply, const std::string& service);
std::string emitted_json(const ports::EmitReply& reply);
std::string subscriptions_json(const std::vector<ports::SubscriptionView>& views);
std::string dead_letter_json(const ports::DeadLetterView& view);
std::string dead_letters_json(const ports::DeadLettersReply& reply);

}  // namespace eventual::gateway
