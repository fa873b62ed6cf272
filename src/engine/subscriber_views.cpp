// What people see of a subscription.
#include "engine/subscriber.hpp"

namespace eventual::engine {

ports::SubscriptionView Subscriber::view() const {
  ports::SubscriptionView view;
  view.name = name();
  for (const detail::EventSource& source : definition_.sources) view.events.push_back(source.name);
  view.description = definition_.options.description;
  view.next = begun_to();
  view.behind = host_.log.end() - view.next;
  for (const auto& [number, unit] : units_) view.in_flight += unit.items.size();
  view.retrying = retrying_.size();
  view.waiting = in_lines_ + ready_.size();
  view.dead_letters = dead_letters_;
  if (dead_letters_ >= definition_.options.dead_letters_max) {
    view.stopped =
        "it has " + std::to_string(dead_letters_) + " dead letters, and dead_letters_max is " +
        std::to_string(definition_.options.dead_letters_max) + ": redrive or discard some";
  }
  return view;
}

std::vector<std::string> Subscriber::waiting_for() const {
  std::vector<std::string> lines;
  for (const auto& [number, unit] : units_) {
    const model::StoredEvent& event = unit.items.front().event->event;
    std::string line = "delivery of " + event.name + " " + event.id;
    if (unit.items.size() > 1) line += " and " + std::to_string(unit.items.size() - 1) + " more";
    lines.push_back(line + " (attempt " + std::to_string(unit.attempt) + "), running");
  }
  for (const auto& [number, item] : retrying_) {
    lines.push_back("delivery of event " + std::to_string(number) + " (attempt " +
                    std::to_string(item.attempt) + " at " + to_iso8601(item.due) + " after " +
                    item.error.name() + ": " + item.error.message() + ")");
  }
  if (in_lines_ > 0)
    lines.push_back(std::to_string(in_lines_) +
                    " events that wait for an earlier one of their key");
  if (!queue_.empty()) lines.push_back(std::to_string(queue_.size()) + " events in the queue");
  if (const std::string stopped = view().stopped; !stopped.empty()) lines.push_back(stopped);
  return lines;
}

}  // namespace eventual::engine
