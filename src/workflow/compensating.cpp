// What a saga has left to undo, one after the other, before the execution can close.
#include <exception>
#include <string>
#include <utility>

#include "workflow/executor.hpp"

namespace eventual::workflow {

using detail::SlotRef;

void Executor::defer_compensations(std::vector<std::function<SlotRef()>> undo_in_order) {
  if (discarding()) return;
  compensated_ = true;
  for (auto undo = undo_in_order.rbegin(); undo != undo_in_order.rend(); ++undo) {
    compensations_.push_back(std::move(*undo));
  }
}

bool Executor::advance_compensations() {
  if (compensation_slot_.valid()) {
    if (!settled(compensation_slot_.index())) return false;
    if (failed(compensation_slot_.index())) {
      const Error cause = describe(error(compensation_slot_.index()));
      compensation_slot_ = {};
      stuck_ = Error("CompensationFailed",
                     "a compensation failed for good: " + cause.name() + ": " + cause.message());
      return false;
    }
    compensation_slot_ = {};
    compensation_running_ = nullptr;
  }
  if (compensations_.empty()) return false;
  compensation_running_ = std::move(compensations_.front());
  compensations_.erase(compensations_.begin());
  try {
    compensation_slot_ = compensation_running_();
  } catch (...) {
    compensation_slot_ = make_slot();
    settle_error(compensation_slot_.index(), std::current_exception());
  }
  set_shielded(compensation_slot_.index());  // what is being undone is undone to the end
  return true;
}

bool Executor::unpark() {
  {
    Enter entered(*this);
    stuck_.reset();
    compensations_.insert(compensations_.begin(), std::exchange(compensation_running_, nullptr));
    run_to_rest();
  }
  std::vector<model::Event> held = std::exchange(held_, {});
  for (const model::Event& event : held)
    apply(event);  // it may be stuck again: the rest is held again
  return true;
}

}  // namespace eventual::workflow
