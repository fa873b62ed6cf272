// Future<T>: the result of every operation. A workflow co_awaits it; an ordinary handler calls
// get().
#pragma once

#include <concepts>
#include <optional>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eventual/detail/runtime.hpp"
#include "eventual/error.hpp"

#if !defined(__clang__)
#error \
    "GCC 12 miscompiles coroutines: build this service with clang 19 (CMAKE_CXX_COMPILER=clang++-19)."
#endif

namespace eventual {

template <class T>
class Future;

namespace detail {

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<Future<T>> = true;

template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Objects that a handler is given by reference and that outlive it; specialised beside each.
template <class T>
inline constexpr bool outlives_coroutine = false;

/// A parameter that stays valid while a coroutine sleeps: a value, or the object of a lambda that
/// captures nothing.
template <class Parameter>
inline constexpr bool coroutine_parameter_ok =
    !std::is_reference_v<Parameter> || outlives_coroutine<std::remove_cvref_t<Parameter>> ||
    (std::is_class_v<std::remove_cvref_t<Parameter>> &&
     std::is_empty_v<std::remove_cvref_t<Parameter>>);

/// The value of a settled future; throws its error.
template <class T>
T take(const SlotRef& slot, bool may_move) {
  Runtime& runtime = *slot.runtime();
  if (runtime.failed(slot.index())) std::rethrow_exception(runtime.error(slot.index()));
  if constexpr (!std::is_void_v<T>) {
    if (void* typed = runtime.typed_value(slot.index())) {
      auto* value = static_cast<T*>(typed);
      if (may_move && runtime.sole_owner(slot.index())) return std::move(*value);
      if constexpr (std::is_copy_constructible_v<T>) {
        return *value;
      } else {
        throw Error(std::string(error_names::k_not_allowed),
                    "a result that cannot be copied was awaited twice");
      }
    }
    if constexpr (std::is_default_constructible_v<T>) {
      T value{};
      runtime.decoder(slot.index())(runtime.json_value(slot.index()), &value);
      return value;
    } else {  // only coroutines give such results, and theirs are typed
      throw Error(std::string(error_names::k_internal), "a future has no value");
    }
  }
}

struct PromiseBase {
  Runtime* runtime = nullptr;
  std::uint32_t slot = 0;
  std::exception_ptr failure;

  struct InitialAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> frame) const {
      frame.promise().runtime->start(frame, frame.promise().slot);
    }
    void await_resume() const noexcept {}
  };
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
      Promise& promise = frame.promise();
      promise.runtime->finish(promise.slot, promise.value_address(), std::move(promise.failure));
    }
    void await_resume() const noexcept {}
  };

  InitialAwaiter initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

/// Waits for one future and gives its value.
template <class T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T>&& future) noexcept
      : slot_(std::move(future).release_slot()), may_move_(true) {}
  explicit FutureAwaiter(const Future<T>& future) noexcept : slot_(future.slot()) {}

  bool await_ready() {
    cancelled_ = slot_.runtime()->take_cancellation();
    return cancelled_ || slot_.runtime()->settled(slot_.index());
  }
  void await_suspend(std::coroutine_handle<> frame) {
    group_.mode = WaitMode::race;
    slot_.runtime()->arm(group_, frame, 1);
    slot_.runtime()->wait_on(group_, waiter_, slot_, 0);
  }
  T await_resume() {
    if (cancelled_ || group_.cancelled) throw Cancelled();
    return take<T>(slot_, may_move_);
  }

 private:
  SlotRef slot_;
  WaitGroup group_;  // outlives its waiter
  Waiter waiter_;
  bool may_move_ = false;
  bool cancelled_ = false;
};

/// Waits for several futures as `mode` says, and gives the position of the one that decided.
class WaitMany {
 public:
  WaitMany(WaitMode mode, std::vector<SlotRef> slots)
      : slots_(std::move(slots)), waiters_(slots_.size()) {
    group_.mode = mode;
  }

  bool await_ready() {
    cancelled_ = !slots_.empty() && slots_.front().runtime()->take_cancellation();
    return cancelled_ || slots_.empty();
  }
  /// Registers with each future; settled ones count at once. It is resumed through the ready queue.
  void await_suspend(std::coroutine_handle<> frame) {
    Runtime& runtime = *slots_.front().runtime();
    runtime.arm(group_, frame, static_cast<std::uint32_t>(slots_.size()));
    for (std::uint32_t position = 0; position < slots_.size() && !group_.fired; ++position) {
      runtime.wait_on(group_, waiters_[position], slots_[position], position);
    }
  }
  std::uint32_t await_resume() {
    if (cancelled_ || group_.cancelled) throw Cancelled();
    return group_.decided;
  }

 private:
  std::vector<SlotRef> slots_;
  WaitGroup group_;  // outlives its waiters
  std::vector<Waiter> waiters_;
  bool cancelled_ = false;
};

template <class T>
struct Promise;

/// What may be awaited, shared by all promises.
template <class Self>
struct AwaitRules : PromiseBase {
  template <class U>
  FutureAwaiter<U> await_transform(Future<U>&& future) {
    return FutureAwaiter<U>(std::move(future));
  }
  template <class U>
  FutureAwaiter<U> await_transform(const Future<U>& future) {
    return FutureAwaiter<U>(future);
  }
  template <class U>
  FutureAwaiter<U> await_transform(Future<U>& future) {
    return FutureAwaiter<U>(std::as_const(future));
  }
  WaitMany&& await_transform(WaitMany&& many) noexcept { return std::move(many); }

  template <class Other>
    requires(!is_future<std::remove_cvref_t<Other>> &&
             !std::is_same_v<std::remove_cvref_t<Other>, WaitMany>)
  auto await_transform(Other&&) {
    static_assert(is_future<Other>,
                  "only an ev::Future can be awaited here: a workflow must be able to replay what "
                  "it waits for. "
                  "Do the work in a task and await the task.");
    return std::suspend_never{};
  }
};

template <class T>
struct Promise : AwaitRules<Promise<T>> {
  std::optional<T> value;

  Future<T> get_return_object();
  template <class U>
    requires std::convertible_to<U&&, T>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  void* value_address() noexcept { return value.has_value() ? &*value : nullptr; }
};

template <>
struct Promise<void> : AwaitRules<Promise<void>> {
  Future<void> get_return_object();
  void return_void() noexcept {}
  void* value_address() noexcept { return nullptr; }
};

}  // namespace detail

/// The result of an operation that has already begun. Copies share it; dropping it cancels nothing.
///
/// Thread rule: it belongs to the execution or handler that made it. Replay: the same values in the
/// same order.
template <class T = void>
class [[nodiscard]] Future {
 public:
  using value_type = T;

  explicit Future(detail::SlotRef slot) noexcept : slot_(std::move(slot)) {}

  /// Waits and gives the value, or throws the failure. In handlers only: it blocks. A workflow
  /// writes co_await; there it throws NotAllowed.
  T get() && {
    slot_.runtime()->block_until_settled(slot_.index());
    return detail::take<T>(slot_, true);
  }
  T get() & {
    slot_.runtime()->block_until_settled(slot_.index());
    return detail::take<T>(slot_, false);
  }

  /// Gives up waiting for it: it fails with Cancelled, and who awaits it is told. Nothing where it
  /// is settled.
  ///
  /// A task's attempt gets its stop token and its result is ignored (with `.on_cancel =
  /// ev::OnCancel::wait` the call still delivers its outcome); a timer or a wait ends; a child is
  /// asked to cancel. A coroutine's pending await throws Cancelled, and what it was waiting for is
  /// cancelled too, down to shields. Signals that are on their way cannot be called back. Replay:
  /// recorded as a call of its own.
  void cancel(std::source_location location = std::source_location::current()) const {
    slot_.runtime()->cancel(slot_.index(), location);
  }

  /// Whether it has a value or a failure by now.
  bool ready() const noexcept { return slot_.runtime()->settled(slot_.index()); }

  const detail::SlotRef& slot() const noexcept { return slot_; }
  detail::SlotRef release_slot() && noexcept { return std::move(slot_); }

 private:
  detail::SlotRef slot_;
};

namespace detail {

template <class T>
Future<T> Promise<T>::get_return_object() {
  this->runtime = &Runtime::require("a coroutine");
  SlotRef slot_ref = this->runtime->adopt(std::coroutine_handle<Promise>::from_promise(*this));
  this->slot = slot_ref.index();
  return Future<T>(std::move(slot_ref));
}
inline Future<void> Promise<void>::get_return_object() {
  runtime = &Runtime::require("a coroutine");
  SlotRef slot_ref = runtime->adopt(std::coroutine_handle<Promise>::from_promise(*this));
  slot = slot_ref.index();
  return Future<void>(std::move(slot_ref));
}

/// A settled future without a value.
SlotRef settled_slot();

template <class T>
Future<T> ready_future(T value) {
  Runtime& runtime = Runtime::require("a future");
  auto* held = new T(std::move(value));
  return Future<T>(
      runtime.make_settled(held, [](void* object) { delete static_cast<T*>(object); }));
}

}  // namespace detail

}  // namespace eventual

namespace eventual::detail {

/// The promise of a coroutine that was declared with these parameters. They are checked in a
/// function's body, which is looked at when everything is declared: within a coroutine lambda its
/// own closure is still incomplete.
template <class T, class... Parameters>
struct CheckedPromise : Promise<T> {
  Future<T> get_return_object() {
    static_assert((coroutine_parameter_ok<Parameters> && ...),
                  "a coroutine outlives the call that made it: take parameters by value, and let a "
                  "coroutine lambda capture "
                  "nothing (pass what it needs as parameters, they are copied into its frame)");
    return Promise<T>::get_return_object();
  }
};

}  // namespace eventual::detail

/// Coroutines of this library: their parameters are checked.
template <class T, class... Parameters>
struct std::coroutine_traits<eventual::Future<T>, Parameters...> {
  using promise_type = eventual::detail::CheckedPromise<T, Parameters...>;
};

namespace eventual {

/// Says that the result of a call is not waited for. The call goes on; its failure is logged.
template <class T>
void detach(Future<T> future) {
  (void)std::move(future).release_slot();
}

/// Protects a future from cancellation: who awaits it is not interrupted, and nothing of it is
/// cancelled; a cancellation that arrives meanwhile is thrown by the next await after it. `co_await
/// ev::shield(commit(order));`
template <class T>
Future<T> shield(Future<T> future) {
  future.slot().runtime()->set_shielded(future.slot().index());
  return future;
}

/// Waits for a value or a failure, without throwing the failure.
template <class T>
Future<Result<T>> settle(Future<T> future) {
  std::vector<detail::SlotRef> slots{future.slot()};
  co_await detail::WaitMany(detail::WaitMode::settled, std::move(slots));
  try {
    if constexpr (std::is_void_v<T>) {
      detail::take<void>(future.slot(), false);
      co_return Result<void>();
    } else {
      co_return Result<T>(detail::take<T>(future.slot(), true));
    }
  } catch (...) {
    co_return Result<T>(describe(std::current_exception()));
  }
}

namespace detail {

template <class T>
Stored<T> take_stored(const SlotRef& slot) {
  if constexpr (std::is_void_v<T>) {
    take<void>(slot, false);
    return {};
  } else {
    return take<T>(slot, true);
  }
}

template <class T>
Result<T> take_result(const SlotRef& slot) {
  try {
    if constexpr (std::is_void_v<T>) {
      take<void>(slot, false);
      return {};
    } else {
      return take<T>(slot, true);
    }
  } catch (...) {
    return describe(std::current_exception());
  }
}

template <class... T>
std::vector<SlotRef> slots_of(const Future<T>&... futures) {
  return {futures.slot()...};
}
template <class T>
std::vector<SlotRef> slots_of_all(const std::vector<Future<T>>& futures) {
  std::vector<SlotRef> slots;
  slots.reserve(futures.size());
  for (const auto& future : futures) slots.push_back(future.slot());
  return slots;
}

/// One type when they are all alike, else a variant by position (std::monostate for void).
template <class First, class... Rest>
struct OneOf {
  static constexpr bool alike = (std::is_same_v<First, Rest> && ...);
  using type = std::conditional_t<alike, First, std::variant<Stored<First>, Stored<Rest>...>>;
};

template <class Variant, std::size_t Index, class T>
Variant take_alternative(const SlotRef& slot) {
  return Variant(std::in_place_index<Index>, take_stored<T>(slot));
}

template <class... T>
typename OneOf<T...>::type take_decided(std::uint32_t position, const std::vector<SlotRef>& slots) {
  using Value = typename OneOf<T...>::type;
  if constexpr (OneOf<T...>::alike) {
    return take<Value>(slots[position], true);
  } else {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) -> Value {
      using Function = Value (*)(const SlotRef&);
      constexpr Function functions[] = {&take_alternative<Value, Index, T>...};
      return functions[position](slots[position]);
    }(std::index_sequence_for<T...>{});
  }
}

[[noreturn]] void throw_all_failed(const std::vector<SlotRef>& slots);

}  // namespace detail

/// All values in argument order (std::monostate for void), or the first failure at once; the others
/// go on.
template <class... T>
  requires(sizeof...(T) > 0)
Future<std::tuple<detail::Stored<T>...>> all(Future<T>... futures) {
  std::vector<detail::SlotRef> slots = detail::slots_of(futures...);
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::all, slots);
  if (slots[decided].runtime()->failed(slots[decided].index()))
    detail::take<void>(slots[decided], false);
  slots.clear();
  co_return std::tuple<detail::Stored<T>...>{detail::take_stored<T>(futures.slot())...};
}
template <class T>
Future<std::vector<T>> all(std::vector<Future<T>> futures) {
  std::vector<detail::SlotRef> slots = detail::slots_of_all(futures);
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::all, slots);
  std::vector<T> values;
  if (futures.empty()) co_return values;
  if (slots[decided].runtime()->failed(slots[decided].index()))
    detail::take<void>(slots[decided], false);
  slots.clear();
  values.reserve(futures.size());
  for (const auto& future : futures) values.push_back(detail::take<T>(future.slot(), true));
  co_return values;
}
inline Future<void> all(std::vector<Future<void>> futures) {
  std::vector<detail::SlotRef> slots = detail::slots_of_all(futures);
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::all, slots);
  if (!slots.empty()) detail::take<void>(slots[decided], false);
}

/// The first success; when all fail, an Error named AllFailed whose details list the failures.
template <class... T>
  requires(sizeof...(T) > 0)
Future<typename detail::OneOf<T...>::type> any(Future<T>... futures) {
  std::vector<detail::SlotRef> slots{std::move(futures).release_slot()...};
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::any, slots);
  if (slots[decided].runtime()->failed(slots[decided].index())) detail::throw_all_failed(slots);
  co_return detail::take_decided<T...>(decided, slots);
}
template <class T>
Future<T> any(std::vector<Future<T>> futures) {
  std::vector<detail::SlotRef> slots = detail::slots_of_all(futures);
  futures.clear();
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::any, slots);
  if (slots.empty() || slots[decided].runtime()->failed(slots[decided].index()))
    detail::throw_all_failed(slots);
  co_return detail::take<T>(slots[decided], true);
}

/// The first to settle, value or failure. Futures of different types give a variant by position.
template <class... T>
  requires(sizeof...(T) > 0)
Future<typename detail::OneOf<T...>::type> race(Future<T>... futures) {
  std::vector<detail::SlotRef> slots{std::move(futures).release_slot()...};
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::race, slots);
  co_return detail::take_decided<T...>(decided, slots);
}
template <class T>
Future<T> race(std::vector<Future<T>> futures) {
  std::vector<detail::SlotRef> slots = detail::slots_of_all(futures);
  futures.clear();
  const std::uint32_t decided = co_await detail::WaitMany(detail::WaitMode::race, slots);
  if (slots.empty()) detail::throw_all_failed(slots);
  co_return detail::take<T>(slots[decided], true);
}

/// Every outcome in argument order; never fails.
template <class... T>
  requires(sizeof...(T) > 0)
Future<std::tuple<Result<T>...>> all_settled(Future<T>... futures) {
  co_await detail::WaitMany(detail::WaitMode::settled, detail::slots_of(futures...));
  co_return std::tuple<Result<T>...>{detail::take_result<T>(futures.slot())...};
}
template <class T>
Future<std::vector<Result<T>>> all_settled(std::vector<Future<T>> futures) {
  co_await detail::WaitMany(detail::WaitMode::settled, detail::slots_of_all(futures));
  std::vector<Result<T>> results;
  results.reserve(futures.size());
  for (const auto& future : futures) results.push_back(detail::take_result<T>(future.slot()));
  co_return results;
}

/// Calls `function` for each item at once and gives all results in the order of the items, as all()
/// does.
template <class Items, class Function>
auto map(Items&& items, Function&& function) {
  using FutureType = std::invoke_result_t<Function&, decltype(*std::begin(items))>;
  static_assert(detail::is_future<FutureType>,
                "ev::map needs a function that returns an ev::Future: a task or a coroutine");
  std::vector<FutureType> futures;
  for (auto&& item : items) futures.push_back(function(item));
  return all(std::move(futures));
}

}  // namespace eventual
