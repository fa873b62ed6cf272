#include "client/plain_runtime.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace eventual::client {

using detail::SlotRef;

namespace {

[[noreturn]] void only_in_service(std::string_view what) {
  throw Error(std::string(error_names::k_not_allowed),
              std::string(what) + " works only in a workflow or in a handler of the service");
}

std::exception_ptr to_exception(Error error) {
  try {
    throw_error(std::move(error));
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

class PlainRuntime::Completions {
 public:
  struct Item {
    std::uint64_t id;
    Result<std::string> result;
  };

  void add(std::uint64_t id, Result<std::string> result) {
    const std::lock_guard lock(mutex_);
    items_.push_back({id, std::move(result)});
    arrived_.notify_one();
  }
  std::vector<Item> wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !items_.empty(); });
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Item> items_;
};

PlainRuntime& PlainRuntime::of_this_thread() {
  thread_local PlainRuntime runtime;
  return runtime;
}

PlainRuntime::PlainRuntime() : completions_(std::make_shared<Completions>()) {}

PlainRuntime::~PlainRuntime() {
  begin_discard();
  pending_.clear();
}

SlotRef PlainRuntime::call_outside(detail::DecodeFunction decode,
                                   const std::function<void(Complete)>& begin) {
  SlotRef slot = make_slot(decode);
  const std::uint64_t id = next_pending_++;
  pending_.emplace(id, slot);
  begin([completions = completions_, id](Result<std::string> result) {
    completions->add(id, std::move(result));
  });
  return slot;
}

void PlainRuntime::block_until_settled(std::uint32_t slot) {
  while (!settled(slot)) {
    if (pending_.empty()) {
      throw Error(std::string(error_names::k_not_allowed),
                  "get() would wait for ever: nothing that it depends on is under way");
    }
    for (Completions::Item& item : completions_->wait()) {
      const auto found = pending_.find(item.id);
      if (found == pending_.end()) continue;
      const SlotRef settling = std::move(found->second);
      pending_.erase(found);
      if (item.result) {
        settle_json(settling.index(), std::move(*item.result));
      } else {
        settle_error(settling.index(), to_exception(item.result.error()));
      }
    }
  }
}

void PlainRuntime::cancel_call(std::uint32_t slot, std::source_location) {
  std::erase_if(pending_, [slot](const auto& call) { return call.second.index() == slot; });
  settle_error(slot, to_exception(Cancelled("the call was cancelled")));
}

SlotRef PlainRuntime::call_task(detail::TaskCall) { only_in_service("calling a task"); }
SlotRef PlainRuntime::call_workflow(detail::WorkflowCall) {
  only_in_service("starting a workflow");
}
SlotRef PlainRuntime::start_timer(Timestamp, std::source_location) { only_in_service("a timer"); }
SlotRef PlainRuntime::send_signal(detail::SignalSend) { only_in_service("sending a signal"); }
SlotRef PlainRuntime::expect_signal(std::string_view, Duration, detail::DecodeFunction,
                                    std::source_location) {
  only_in_service("expecting a signal");
}
std::uint64_t PlainRuntime::add_listener(std::string_view, detail::ListenerFunction,
                                         std::source_location) {
  only_in_service("listening to a signal");
}
SlotRef PlainRuntime::wait_condition(std::function<bool()>, Duration, std::source_location) {
  only_in_service("a condition");
}
SlotRef PlainRuntime::wait_result(std::string_view, detail::DecodeFunction, std::source_location) {
  only_in_service("waiting for a result");
}
SlotRef PlainRuntime::act_on_execution(detail::ExecutionAct) {
  only_in_service("acting on an execution");
}
SlotRef PlainRuntime::act_on_schedule(detail::ScheduleCall) {
  only_in_service("acting on a schedule");
}
Timestamp PlainRuntime::now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}
std::uint64_t PlainRuntime::random_u64() { only_in_service("random_u64()"); }
std::string PlainRuntime::make_id() { only_in_service("new_id()"); }

}  // namespace eventual::client
