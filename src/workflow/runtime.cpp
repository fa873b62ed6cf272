#include "eventual/detail/runtime.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "eventual/future.hpp"
#include "eventual/json.hpp"

namespace eventual::detail {

namespace {

thread_local Runtime* t_current = nullptr;

constexpr std::uint32_t k_none = WaitGroup::k_undecided;

[[noreturn]] void only_in_workflow(std::string_view what) {
  throw Error(std::string(error_names::k_not_allowed),
              std::string(what) + " works only in a workflow");
}
[[noreturn]] void only_in_handler(std::string_view what) {
  throw Error(std::string(error_names::k_not_allowed),
              std::string(what) + " works only in a handler: in a workflow, do it in a task");
}

}  // namespace

struct Runtime::Slot {
  enum class State : std::uint8_t { free, pending, succeeded, failed };

  std::uint32_t references = 0;
  State state = State::free;
  bool cancel_waits = false;
  bool shielded = false;
  bool finishing = false;         ///< the coroutine's own count stands in finished_
  mutable bool observed = false;  ///< somebody has waited for it or read its failure
  std::uint32_t next_free = k_none;
  std::uint32_t call = Runtime::k_no_call;
  std::uint32_t maker =
      k_none;  ///< the slot of the coroutine that made it, while that is the same one
  std::uint64_t maker_order = 0;
  std::coroutine_handle<> frame;  ///< of a coroutine: kept until the slot is free
  std::uint64_t frame_order = 0;
  void* value = nullptr;
  void (*destroy)(void*) = nullptr;
  DecodeFunction decode = nullptr;
  std::string json;
  std::exception_ptr error;
  Waiter* first_waiter = nullptr;
  Waiter* last_waiter = nullptr;
};

WaitGroup::~WaitGroup() {
  if (linked) runtime->unlink(*this);
}

Waiter::~Waiter() {
  if (linked) group->runtime->unlink(*this);
}

Runtime::Runtime() = default;

Runtime::~Runtime() {
  begin_discard();
  destroy_frames();
}

Runtime* Runtime::current() noexcept { return t_current; }

Runtime& Runtime::require(std::string_view operation) {
  if (t_current == nullptr) {
    throw Error(std::string(error_names::k_not_allowed),
                std::string(operation) +
                    " works only in a workflow or in a handler of the service, on its own thread");
  }
  return *t_current;
}

Runtime::Enter::Enter(Runtime& runtime) noexcept : outer_(std::exchange(t_current, &runtime)) {}
Runtime::Enter::~Enter() { t_current = outer_; }

SlotRef Runtime::continue_as_new(std::string, std::source_location) {
  only_in_workflow("continuing as new");
}
std::uint32_t Runtime::version(std::string_view, std::uint32_t, std::uint32_t,
                               std::source_location) {
  only_in_workflow("ev::version()");
}
void Runtime::deprecate_version(std::string_view, std::source_location) {
  only_in_workflow("ev::deprecate_version()");
}
void Runtime::publish(std::string) { only_in_workflow("publishing a view"); }
std::uint64_t Runtime::add_update_handler(std::string_view, UpdateHandler) {
  only_in_workflow("taking updates");
}
SlotRef Runtime::cancel_execution(std::string, std::source_location) {
  only_in_workflow("cancelling an execution");
}
SlotRef Runtime::ask_update(UpdateAsk) { only_in_handler("asking for an update"); }
SlotRef Runtime::ask_query(QueryAsk) { only_in_handler("asking a query"); }

SlotRef Runtime::make_slot(DecodeFunction decode) {
  std::uint32_t index = free_head_;
  if (index != k_none) {
    free_head_ = slots_[index].next_free;
  } else {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.references = 1;
  slot.state = Slot::State::pending;
  slot.cancel_waits = slot.shielded = slot.finishing = slot.observed = false;
  slot.call = k_no_call;
  slot.maker = running_slot_;
  slot.maker_order = running_order_;
  slot.frame_order = 0;
  slot.decode = decode;
  return SlotRef(this, index);
}

void Runtime::retain(std::uint32_t slot) noexcept { ++slots_[slot].references; }

void Runtime::release(std::uint32_t index) noexcept {
  EVENTUAL_ASSERT(slots_[index].references > 0,
                  "a future is released once for each time it was retained");
  if (--slots_[index].references > 0) return;
  // What a slot holds may release the next one, and so on: no recursion.
  dying_.push_back(index);
  if (std::exchange(reaping_, true)) return;
  while (!dying_.empty()) {
    const std::uint32_t next = dying_.back();
    dying_.pop_back();
    free_slot(next);
  }
  reaping_ = false;
}

void Runtime::free_slot(std::uint32_t index) noexcept {
  if (failed(index) && !slots_[index].observed && !discarding_)
    unobserved_failure(slots_[index].error);
  Slot& slot = slots_[index];
  const std::coroutine_handle<> frame = std::exchange(slot.frame, {});
  void* value = std::exchange(slot.value, nullptr);
  const auto destroy = std::exchange(slot.destroy, nullptr);
  slot.state = Slot::State::free;
  slot.json.clear();
  if (slot.json.capacity() > 4096) slot.json.shrink_to_fit();
  slot.error = nullptr;
  slot.first_waiter = slot.last_waiter = nullptr;
  // What the frame or the value holds may release other slots: this one is finished with first.
  if (frame) frame.destroy();
  if (destroy != nullptr) destroy(value);
  slots_[index].next_free = free_head_;
  free_head_ = index;
}

bool Runtime::settled(std::uint32_t slot) const noexcept {
  return slots_[slot].state > Slot::State::pending;
}
bool Runtime::failed(std::uint32_t slot) const noexcept {
  if (watched_ && running_ != nullptr) [[unlikely]]
    going_on();
  return slots_[slot].state == Slot::State::failed;
}
const std::exception_ptr& Runtime::error(std::uint32_t slot) const noexcept {
  slots_[slot].observed = true;
  return slots_[slot].error;
}
void* Runtime::typed_value(std::uint32_t slot) const noexcept { return slots_[slot].value; }
std::string_view Runtime::json_value(std::uint32_t slot) const noexcept {
  return slots_[slot].json;
}
DecodeFunction Runtime::decoder(std::uint32_t slot) const noexcept { return slots_[slot].decode; }
bool Runtime::sole_owner(std::uint32_t slot) const noexcept {
  return slots_[slot].references == (slots_[slot].finishing ? 2U : 1U);
}

void Runtime::going_on() const noexcept {}

void Runtime::set_cancel_waits(std::uint32_t slot) noexcept { slots_[slot].cancel_waits = true; }
bool Runtime::cancel_waits(std::uint32_t slot) const noexcept { return slots_[slot].cancel_waits; }
void Runtime::set_call(std::uint32_t slot, std::uint32_t seq) noexcept { slots_[slot].call = seq; }
std::uint32_t Runtime::call_of(std::uint32_t slot) const noexcept { return slots_[slot].call; }

void Runtime::set_shielded(std::uint32_t slot) noexcept {
  slots_[slot].shielded = true;
  // Who waits for it already is protected as who comes later.
  for (Waiter* waiter = slots_[slot].first_waiter; waiter != nullptr; waiter = waiter->next)
    waiter->group->cancel_waits = true;
}

SlotRef Runtime::emit_event(EmitCall) {
  throw Error(std::string(error_names::k_not_allowed), "events cannot be emitted here");
}

void Runtime::wait_outside(const std::function<void()>& call) { call(); }

SlotRef Runtime::tell_attempt(AttemptNews) {
  throw Error(std::string(error_names::k_not_allowed),
              "a token is used in a handler: do it in a task and await the task");
}

SlotRef Runtime::call_entity(EntityCall) {
  throw Error(std::string(error_names::k_not_allowed), "entities are not available here");
}

SlotRef Runtime::call_transaction(TransactionCall) {
  throw Error(std::string(error_names::k_not_allowed), "transactions are not available here");
}

void Runtime::settle_json(std::uint32_t index, std::string json) {
  Slot& slot = slots_[index];
  if (slot.state != Slot::State::pending) return;
  slot.json = std::move(json);
  slot.state = Slot::State::succeeded;
  notify(slot, false);
}

void Runtime::settle_error(std::uint32_t index, std::exception_ptr error) {
  Slot& slot = slots_[index];
  if (slot.state != Slot::State::pending) return;
  slot.error = std::move(error);
  slot.state = Slot::State::failed;
  notify(slot, true);
}

SlotRef Runtime::make_settled(void* value, void (*destroy)(void*)) {
  SlotRef slot = make_slot();
  slots_[slot.index()].value = value;
  slots_[slot.index()].destroy = destroy;
  slots_[slot.index()].state = Slot::State::succeeded;
  return slot;
}

SlotRef Runtime::adopt(std::coroutine_handle<> frame) {
  SlotRef slot = make_slot();
  slots_[slot.index()].frame = frame;
  slots_[slot.index()].frame_order = ++frames_made_;
  retain(slot.index());  // for as long as it runs
  return slot;
}

void Runtime::start(std::coroutine_handle<> frame, std::uint32_t slot) {
  if (discarding_) return;  // it never runs; its frame goes with the others
  resume(frame, slot);
}

void Runtime::resume(std::coroutine_handle<> frame, std::uint32_t slot) {
  void* const outer = std::exchange(running_, frame.address());
  const std::uint32_t outer_slot = std::exchange(running_slot_, slot);
  const std::uint64_t outer_order = std::exchange(running_order_, slots_[slot].frame_order);
  const int exceptions = std::exchange(exceptions_before_, std::uncaught_exceptions());
  frame.resume();
  running_ = outer;
  running_slot_ = outer_slot;
  running_order_ = outer_order;
  exceptions_before_ = exceptions;
}

bool Runtime::unwinding() const noexcept { return std::uncaught_exceptions() > exceptions_before_; }

void Runtime::finish(std::uint32_t index, void* value, std::exception_ptr error) noexcept {
  Slot& slot = slots_[index];
  slot.value = value;
  const bool is_failure = error != nullptr;
  slot.state = is_failure ? Slot::State::failed : Slot::State::succeeded;
  slot.finishing = true;
  if (!owed_.empty()) {
    std::erase_if(owed_, [&](const Owed& owed) { return owed.frame == slot.frame.address(); });
  }
  slot.error = std::move(error);
  notify(slot, is_failure);
  finished_.push_back(
      index);  // its frame is running this: the count that kept it is given back by drain
}

void Runtime::notify(Slot& slot, bool is_failure) {
  Waiter* waiter = std::exchange(slot.first_waiter, nullptr);
  slot.last_waiter = nullptr;
  while (waiter != nullptr) {
    Waiter* const next = waiter->next;
    waiter->linked = false;
    waiter->previous = waiter->next = nullptr;
    count(*waiter->group, waiter->position, is_failure);
    waiter = next;
  }
}

void Runtime::count(WaitGroup& group, std::uint32_t position, bool is_failure) {
  if (group.fired) return;
  ++group.settled_count;
  if (is_failure) ++group.failed_count;
  const bool last = group.settled_count == group.total;
  bool fire = false;
  switch (group.mode) {
    case WaitMode::all:
      fire = is_failure || last;
      break;
    case WaitMode::any:
      fire = !is_failure || last;
      break;
    case WaitMode::race:
      fire = true;
      break;
    case WaitMode::settled:
      fire = last;
      break;
  }
  if (!fire) return;
  group.fired = true;
  group.decided = position;
  make_ready(group);
}

void Runtime::arm(WaitGroup& group, std::coroutine_handle<> handle, std::uint32_t total) {
  group.runtime = this;
  group.handle = handle;
  group.frame_slot = running_slot_;
  group.total = total;
  group.linked = true;
  group.next = groups_;
  group.previous = nullptr;
  if (groups_ != nullptr) groups_->previous = &group;
  groups_ = &group;
}

void Runtime::wait_on(WaitGroup& group, Waiter& waiter, const SlotRef& ref,
                      std::uint32_t position) {
  EVENTUAL_ASSERT(ref.runtime() == this,
                  "a future is awaited in the execution or handler that made it");
  Slot& slot = slots_[ref.index()];
  waiter.group = &group;
  waiter.slot = ref.index();
  waiter.position = position;
  slot.observed = true;
  if (slot.state != Slot::State::pending) {
    count(group, position, slot.state == Slot::State::failed);
    return;
  }
  if (slot.cancel_waits || slot.shielded) group.cancel_waits = true;
  waiter.linked = true;
  waiter.next = nullptr;
  waiter.previous = slot.last_waiter;
  (slot.last_waiter != nullptr ? slot.last_waiter->next : slot.first_waiter) = &waiter;
  slot.last_waiter = &waiter;
}

void Runtime::unlink(WaitGroup& group) noexcept {
  (group.previous != nullptr ? group.previous->next : groups_) = group.next;
  if (group.next != nullptr) group.next->previous = group.previous;
  group.linked = false;
}

void Runtime::unlink(Waiter& waiter) noexcept {
  Slot& slot = slots_[waiter.slot];
  (waiter.previous != nullptr ? waiter.previous->next : slot.first_waiter) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : slot.last_waiter) = waiter.previous;
  waiter.linked = false;
}

bool Runtime::take_cancellation() noexcept {
  const auto found = std::find_if(owed_.begin(), owed_.end(),
                                  [this](const Owed& owed) { return owed.frame == running_; });
  if (found == owed_.end()) return false;
  const std::uint32_t chain = found->chain;
  std::erase_if(owed_, [chain](const Owed& owed) { return owed.chain == chain; });
  return true;
}

void Runtime::drain() {
  for (;;) {
    while (!finished_.empty()) {
      const std::uint32_t index = finished_.back();
      finished_.pop_back();
      slots_[index].finishing = false;
      release(index);
    }
    if (ready_head_ == ready_.size()) break;
    const Ready next = ready_[ready_head_++];
    if (ready_head_ == ready_.size()) {
      ready_.clear();
      ready_head_ = 0;
    }
    if (!discarding_) resume(next.frame, next.slot);
  }
}

void Runtime::destroy_frames() noexcept {
  EVENTUAL_ASSERT(discarding_, "frames are destroyed in discard mode only");
  Enter entered(*this);
  ready_.clear();
  ready_head_ = 0;
  for (const std::uint32_t index : std::exchange(finished_, {})) release(index);
  // A destructor may make new coroutines, which never start: go round until none is left.
  for (;;) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> frames;
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
      if (slots_[index].state == Slot::State::pending && slots_[index].frame) {
        frames.emplace_back(slots_[index].frame_order, index);
      }
    }
    if (frames.empty()) break;
    std::sort(frames.begin(), frames.end(), std::greater<>());
    for (const auto& [order, index] : frames) {
      const std::coroutine_handle<> frame = std::exchange(slots_[index].frame, {});
      if (frame) frame.destroy();
      release(index);
    }
  }
}

/// Marks who waits for `slot`, through any number of coroutines, as one chain; only coroutines of
/// `within`, where that is given.
void Runtime::hold_back_cancellation(std::uint32_t slot, std::uint32_t chain,
                                     const std::vector<bool>* within) {
  std::vector<std::uint32_t> held{slot};
  while (!held.empty()) {
    const std::uint32_t next = held.back();
    held.pop_back();
    for (Waiter* waiter = slots_[next].first_waiter; waiter != nullptr; waiter = waiter->next) {
      WaitGroup& group = *waiter->group;
      if (group.fired) continue;
      if (within != nullptr && !(*within)[group.frame_slot]) continue;
      group.cancel_waits = true;
      void* const frame = group.handle.address();
      const auto known = std::find_if(owed_.begin(), owed_.end(),
                                      [&](const Owed& owed) { return owed.frame == frame; });
      if (known != owed_.end()) {
        for (Owed& owed : owed_) {
          if (owed.chain == known->chain && &owed != &*known) owed.chain = chain;
        }
        known->chain = chain;
        continue;
      }
      owed_.push_back({frame, chain});
      held.push_back(group.frame_slot);
    }
  }
}

/// Wakes the awaits of these coroutines with Cancelled, in the order in which they were begun.
void Runtime::wake_cancelled(const std::vector<bool>& frames) {
  std::vector<WaitGroup*> waiting;  // newest first, as they are listed
  for (WaitGroup* group = groups_; group != nullptr; group = group->next) {
    if (!group->fired && !group->cancel_waits && frames[group->frame_slot])
      waiting.push_back(group);
  }
  for (auto group = waiting.rbegin(); group != waiting.rend(); ++group) {
    (*group)->fired = true;
    (*group)->cancelled = true;
    make_ready(**group);
  }
}

std::vector<bool> Runtime::shielded_slots() const {
  std::vector<bool> shielded(slots_.size());
  std::vector<std::uint32_t> found;
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].state != Slot::State::pending || !slots_[index].shielded) continue;
    shielded[index] = true;
    found.push_back(index);
  }
  if (found.empty()) return shielded;
  // What a coroutine waits for, and what it made.
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> below;
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    const Slot& slot = slots_[index];
    if (slot.state != Slot::State::pending) continue;
    for (const Waiter* waiter = slot.first_waiter; waiter != nullptr; waiter = waiter->next)
      below[waiter->group->frame_slot].push_back(index);
    if (slot.maker != k_none && slots_[slot.maker].frame_order == slot.maker_order &&
        slots_[slot.maker].state == Slot::State::pending) {
      below[slot.maker].push_back(index);
    }
  }
  while (!found.empty()) {
    const auto under = below.find(found.back());
    found.pop_back();
    if (under == below.end()) continue;
    for (const std::uint32_t index : under->second) {
      if (shielded[index]) continue;
      shielded[index] = true;
      found.push_back(index);
    }
  }
  return shielded;
}

void Runtime::deliver_cancellation() {
  owed_.clear();
  std::vector<bool> frames = shielded_slots();
  frames.flip();
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].state != Slot::State::pending) continue;
    if (slots_[index].cancel_waits || slots_[index].shielded)
      hold_back_cancellation(index, index, &frames);
  }
  wake_cancelled(frames);
}

void Runtime::cancel(std::uint32_t slot, std::source_location location) {
  if (discarding_ || settled(slot) || slots_[slot].shielded) return;
  if (!slots_[slot].frame) return cancel_call(slot, location);
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> waits_for;
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].state != Slot::State::pending) continue;
    for (const Waiter* waiter = slots_[index].first_waiter; waiter != nullptr;
         waiter = waiter->next) {
      if (!waiter->group->fired) waits_for[waiter->group->frame_slot].push_back(index);
    }
  }
  std::vector<bool> frames(slots_.size());
  std::vector<std::uint32_t> found{slot};
  std::vector<std::uint32_t> calls;
  std::vector<std::uint32_t> kept;
  frames[slot] = true;
  while (!found.empty()) {
    const auto under = waits_for.find(found.back());
    found.pop_back();
    if (under == waits_for.end()) continue;
    for (const std::uint32_t index : under->second) {
      const Slot& next = slots_[index];
      if (next.shielded || (!next.frame && next.cancel_waits)) kept.push_back(index);
      if (next.shielded) continue;
      if (!next.frame) {
        calls.push_back(index);
      } else if (!frames[index]) {
        frames[index] = true;
        found.push_back(index);
      }
    }
  }
  for (const std::uint32_t index : kept) hold_back_cancellation(index, index, &frames);
  // Coroutines that are about to go on are told at their next await.
  std::vector<bool> waiting(slots_.size());
  for (const WaitGroup* group = groups_; group != nullptr; group = group->next) {
    if (!group->fired && group->frame_slot != k_none) waiting[group->frame_slot] = true;
  }
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (frames[index] && !waiting[index]) owed_.push_back({slots_[index].frame.address(), index});
  }
  wake_cancelled(frames);
  // In the order in which they were made, whatever their places in the table.
  std::sort(calls.begin(), calls.end(), [this](std::uint32_t left, std::uint32_t right) {
    return std::pair(slots_[left].call, left) < std::pair(slots_[right].call, right);
  });
  calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
  for (const std::uint32_t index : calls) {
    if (slots_[index].state == Slot::State::pending) cancel_call(index, location);
  }
}

void throw_all_failed(const std::vector<SlotRef>& slots) {
  Json details = Json::array();
  std::string names;
  for (const SlotRef& slot : slots) {
    const Error error = describe(slot.runtime()->error(slot.index()));
    if (!names.empty()) names += ", ";
    names += error.name();
    details.push_back(Json::object({{"name", error.name()}, {"message", error.message()}}));
  }
  throw Error(std::string(error_names::k_all_failed),
              slots.empty() ? "there was nothing to wait for"
                            : "all " + std::to_string(slots.size()) + " failed: " + names,
              details.dump());
}

}  // namespace eventual::detail
