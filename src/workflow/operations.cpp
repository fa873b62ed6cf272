// The operations of the public headers that are free functions: each asks the runtime whose code
// the thread is running.
#include <limits>
#include <string>
#include <utility>

#include "base/type_name.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/detail/runtime.hpp"
#include "eventual/query.hpp"
#include "eventual/workflow.hpp"

namespace eventual {

Timestamp now() { return detail::Runtime::require("reading the time").now(); }

Future<void> sleep_for(Duration duration, std::source_location location) {
  detail::Runtime& runtime = detail::Runtime::require("sleeping");
  const Timestamp start = runtime.now();
  const bool beyond = duration > Duration(0) && duration > Timestamp::max() - start;
  const Timestamp due = duration <= Duration(0) ? start
                        : beyond                ? Timestamp::max()
                                                : start + duration;
  return Future<void>(runtime.start_timer(due, location));
}

Future<void> sleep_until(Timestamp time, std::source_location location) {
  return Future<void>(detail::Runtime::require("sleeping").start_timer(time, location));
}

Future<bool> condition(std::function<bool()> predicate, const WaitOptions& options,
                       std::source_location location) {
  return Future<bool>(detail::Runtime::require("a condition")
                          .wait_condition(std::move(predicate), options.timeout, location));
}

std::uint64_t random_u64() { return detail::Runtime::require("a random number").random_u64(); }

double random_double() { return static_cast<double>(random_u64() >> 11) * 0x1.0p-53; }

std::string new_id() { return detail::Runtime::require("a new id").make_id(); }

Future<void> cancel(const ExecutionId& execution, std::source_location location) {
  return Future<void>(
      detail::Runtime::require("cancelling an execution").cancel_execution(execution.id, location));
}

std::uint32_t version(std::string_view change, std::uint32_t min, std::uint32_t max,
                      std::source_location location) {
  return detail::Runtime::require("ev::version()").version(change, min, max, location);
}

void deprecate_version(std::string_view change, std::source_location location) {
  detail::Runtime::require("ev::deprecate_version()").deprecate_version(change, location);
}

ExecutionId this_execution() {
  const detail::Runtime& runtime = detail::Runtime::require("this_execution()");
  if (runtime.execution_id().empty()) {
    throw Error(std::string(error_names::k_not_allowed),
                "this_execution() works only in a workflow or in a task that one called");
  }
  return {std::string(runtime.execution_id()), runtime.run()};
}

void log(LogLevel level, std::string_view message) {
  detail::Runtime::require("logging").log(level, message);
}

namespace detail {

SlotRef act_on_schedule(ScheduleCall call) {
  return Runtime::require("acting on a schedule").act_on_schedule(std::move(call));
}

void decode_ids(std::string_view json, void* ids) {
  *static_cast<std::vector<std::string>*>(ids) = decode_value<std::vector<std::string>>(json);
}

Future<Never> continue_as_new_json(std::string input, std::source_location location) {
  return Future<Never>(
      Runtime::require("continuing as new").continue_as_new(std::move(input), location));
}

void publish_json(std::string view) {
  Runtime::require("publishing a view").publish(std::move(view));
}

SlotRef call_entity(EntityCall call) {
  return Runtime::require("an entity's operation").call_entity(std::move(call));
}

SlotRef call_transaction(TransactionCall call) {
  return Runtime::require("calling a transaction").call_transaction(std::move(call));
}

SlotRef settled_slot() {
  Runtime& runtime = Runtime::require("a future");
  SlotRef slot = runtime.make_slot();
  runtime.settle_json(slot.index(), "null");
  return slot;
}

void throw_not_provided(const char* type) {
  throw Error(std::string(error_names::k_not_allowed),
              "the handler asks for " + base::type_name(type) +
                  ", which is not available here; give it with Service::provide");
}

}  // namespace detail

}  // namespace eventual
