// The end of a run that goes on as the next one.
#include <exception>
#include <string>
#include <utility>

#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

using detail::SlotRef;

SlotRef Executor::continue_as_new(std::string input, std::source_location) {
  SlotRef slot = make_slot();
  if (discarding()) return slot;
  if (take_cancellation()) {
    settle_error(slot.index(), std::make_exception_ptr(Cancelled()));
    return slot;
  }
  if (root_.valid() && settled(root_.index())) {
    throw Error(std::string(error_names::k_not_allowed),
                "the run has ended: it cannot continue as a new one");
  }
  require_room(input.size(), "the next run");
  if (definition_.normalise != nullptr) input = definition_.normalise(input);
  finish_updates();
  if (discarding()) return slot;  // code and history differ
  closing_ = model::ExecutionContinued{{std::move(input)}, identity_.run + 1};
  begin_discard();
  return slot;
}

std::optional<model::JsonText> Executor::carried_signals() const {
  if (unread_.empty()) return std::nullopt;
  std::string text = "[";
  for (const Unread& unread : unread_) {
    if (text.size() > 1) text += ',';
    text += "{\"signal\":" + to_json(unread.signal) + ",\"payload\":" + unread.payload + "}";
  }
  return model::JsonText{text + "]"};
}

void Executor::take_carried_signals(const std::optional<model::JsonText>& carried) {
  if (!carried) return;
  const Json signals = Json::parse(carried->text).value();
  for (const Json& signal : signals.as_array()) {
    unread_.push_back({signal["signal"].as_string(), signal["payload"].dump()});
    unread_bytes_ += unread_.back().payload.size();
  }
}

}  // namespace eventual::workflow
