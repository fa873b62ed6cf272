// The workflows whose recorded histories stand in fixtures/. Their behaviour never changes: a
// change here, or in the executor, that breaks a fixture would break the executions of every user.
#pragma once

#include <string>
#include <variant>

#include "workflow/driver.hpp"

namespace eventual::test {

/// A charge that is undone when the order is cancelled by signal, by request, or not shipped.
inline Future<std::string> order(std::string id) {
  Saga saga;
  bool cancelled = false;
  auto listening = S.on([&cancelled](std::string) { cancelled = true; });
  std::string charge = co_await Hold(id);
  saga.undo(Undo, charge);
  if (co_await condition([&cancelled] { return cancelled; }, {.timeout = Duration(900'000)}))
    throw Error("OrderCancelled", id);
  co_return co_await A(charge,
                       {.timeout = Duration(30'000), .retry = RetryPolicy{.max_attempts = 5}});
}

/// A child that is waited for, one that is started and told something, and what a refusal of that
/// means.
inline Future<std::string> family(std::string name) {
  Result<std::string> first = co_await settle(W(name));
  Execution<std::string> second = co_await W.start(name, {.name = "second"});
  Result<void> told = co_await settle(S.send(second, "hello"));
  co_return (first ? *first : first.error().name()) + " " + second.id() +
      (told ? "" : " " + told.error().name());
}

struct Purse {
  std::string id;
  std::int64_t coins = 0;
};

/// A transaction that succeeds and one that fails, an item that is put, read and put too late.
inline Future<std::string> teller(std::string name) {
  constexpr Transaction<std::string, std::string> swap("swap");
  constexpr Entity<Purse, std::string> purses("purses");
  const std::string first = co_await swap(name);
  Result<std::string> second = co_await settle(swap(first));
  co_await purses.put({name, 1});
  const auto purse = co_await purses.get(name);
  Result<std::uint64_t> late =
      co_await settle(purses.put({name, purse->coins + 1}, {.expected_version = 7}));
  co_return first + " " + (second ? *second : second.error().name()) + " " +
      std::to_string(purse->coins) + " " + (late ? "put" : late.error().name());
}

/// Time, ids, an expected signal with a deadline, and a race.
inline Future<std::string> patient(std::string name) {
  co_await sleep_for(Duration(60'000));
  const std::string id = new_id();
  detach(B(id + to_iso8601(now())));
  Result<std::string> answer = co_await settle(S.expect({.timeout = Duration(5'000)}));
  std::variant<std::string, std::monostate> first =
      co_await race(C(name), sleep_for(Duration(1'000)));
  co_return answer.ok()
      ? *answer
      : answer.error().name() + (first.index() == 0 ? std::get<0>(first) : " late");
}

/// A marked change, updates that are answered and refused, a child that is cancelled, and the next
/// run.
inline Future<std::string> chat(std::string name) {
  const std::string tone = std::to_string(version("tone", 1, 2));
  auto listening = U.on([name, tone](std::string text) -> std::string {
    if (text == "bad") throw Error("Rude", text);
    return name + tone + text;
  });
  Child<std::string> child = W.start_child(name);
  co_await Go.expect();
  co_await child.cancel();
  Result<std::string> ended = co_await settle(child.result());
  co_return co_await continue_as_new(ended ? *ended : ended.error().name());
}

/// Calls with options of their own, one that is given up, one that time runs out for, one that is
/// protected while the execution is cancelled.
inline Future<std::string> bounded(std::string id) {
  Future<std::string> given_up = A(id, {.on_cancel = OnCancel::abandon,
                                        .delivery = Delivery::at_most_once,
                                        .heartbeat_timeout = Duration(5'000),
                                        .limit_key = "key-" + id});
  Result<std::string> late = co_await settle(with_timeout(Duration(60'000), B(id)));
  given_up.cancel();
  Future<Execution<std::string>> child =
      W.start(id, {.name = "left", .on_parent_close = ParentClose::cancel});
  std::string kept = co_await shield(C(late ? *late : late.error().name()));
  Execution<std::string> left = co_await child;
  co_return kept + left.id();
}

/// Events, with an id of the framework's and with one of its own.
inline Future<std::string> telling(std::string id) {
  co_await E.emit("begun " + id, {.key = id});
  std::string done = co_await A(id);
  co_await E.emit(done, {.id = "end-of-" + id});
  co_return done;
}

}  // namespace eventual::test
