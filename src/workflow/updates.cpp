// The view that an execution publishes, and the updates that it takes.
#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "workflow/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

void Executor::publish(std::string view_json) {
  if (discarding()) return;
  require_fits(view_json.size(), "the view");
  published_ = std::move(view_json);
  published_new_ = !replaying_;
}

std::uint64_t Executor::add_update_handler(std::string_view update, detail::UpdateHandler handler) {
  const std::uint64_t id = next_receiver_++;
  if (discarding()) return id;
  require_room(0, "an update handler");
  update_handlers_.emplace(
      id, NamedUpdateHandler{std::string(update),
                             std::make_shared<detail::UpdateHandler>(std::move(handler))});
  return id;
}

const Executor::NamedUpdateHandler* Executor::find_update_handler(std::string_view update) const {
  const auto newest =
      std::find_if(update_handlers_.rbegin(), update_handlers_.rend(),
                   [&](const auto& entry) { return entry.second.update == update; });
  return newest == update_handlers_.rend() ? nullptr : &newest->second;
}

std::optional<Error> Executor::refuses_update(std::string_view update,
                                              std::string_view input_json) {
  const NamedUpdateHandler* named = find_update_handler(update);
  if (named == nullptr) {
    return Error(std::string(error_names::k_not_allowed), "execution " + identity_.execution_id +
                                                              " does not take update " +
                                                              std::string(update) + " now");
  }
  if (pending_.size() + updates_running_.size() >= base::k_pending_calls_max)
    return limit_exceeded("execution " + identity_.execution_id + " has too many calls pending");
  const std::shared_ptr<detail::UpdateHandler> handler = named->handler;
  if (!handler->validate) return std::nullopt;
  try {
    handler->validate(input_json);  // not entered: operations throw
  } catch (...) {
    return describe(std::current_exception());
  }
  return std::nullopt;
}

void Executor::start_update(const model::UpdateReceived& update) {
  RunningUpdate running{update.update_id, {}, nullptr, update.update, now_};
  try {
    const NamedUpdateHandler* named = find_update_handler(update.update);
    if (named == nullptr) {
      throw Error(std::string(error_names::k_not_allowed),
                  "the code does not take update " + update.update + " now");
    }
    const std::shared_ptr<detail::UpdateHandler> handler = named->handler;
    running.encode = handler->encode;
    running.slot = handler->run(update.input.text);
  } catch (...) {
    running.slot = make_slot();
    settle_error(running.slot.index(), std::current_exception());
  }
  updates_running_.push_back(std::move(running));
}

model::Event Executor::outcome_of(const RunningUpdate& update) const {
  const std::uint32_t index = update.slot.index();
  try {
    if (failed(index)) std::rethrow_exception(error(index));
    model::UpdateSucceeded success{next_seq_, update.id, {}};
    if (void* value = typed_value(index); value != nullptr && update.encode != nullptr) {
      success.result.text.clear();
      update.encode(value, success.result.text);
    } else if (value == nullptr && !json_value(index).empty()) {
      success.result.text = json_value(index);
    }
    require_fits(success.result.text.size(), "the answer");
    return success;
  } catch (...) {
    return model::UpdateFailed{next_seq_, update.id,
                               model::ErrorRecord(describe(std::current_exception()))};
  }
}

/// Records the outcome of those that have one.
void Executor::finish_updates() {
  for (std::size_t i = 0; i < updates_running_.size() && !discarding();) {
    if (!settled(updates_running_[i].slot.index())) {
      ++i;
      continue;
    }
    const RunningUpdate update = std::move(updates_running_[i]);
    updates_running_.erase(updates_running_.begin() + static_cast<std::ptrdiff_t>(i));
    model::Event outcome = outcome_of(update);
    ++next_seq_;
    record(std::move(outcome), definition_.location, nullptr);
  }
}

}  // namespace eventual::workflow
