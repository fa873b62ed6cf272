// Values for a debugger to look at, at the function look().
#include "eventual/eventual.hpp"
#include "eventual/json.hpp"
#include "workflow/executor.hpp"

namespace ev = eventual;

[[gnu::noinline]] void look() { asm volatile("" ::: "memory"); }

namespace {

ev::Future<int> answer() { co_return 7; }

ev::Future<int> values(int) {
  const ev::Json json = ev::Json::parse(R"({"id":"o-1","items":[1,2.5,true,null]})").value();
  const ev::Error error("Full", "no room");
  const ev::Result<int> good(7);
  const ev::Result<int> bad(error);
  ev::Future<int> given = answer();
  ev::Future<void> sleeping = ev::sleep_for(ev::Duration(1000));
  ev::Future<int> pending = [](ev::Future<void> until) -> ev::Future<int> {
    co_await std::move(until);
    co_return 8;
  }(std::move(sleeping));
  look();
  ev::detach(std::move(pending));
  co_return good.value() + (bad.ok() ? 1 : 0) + static_cast<int>(json.size()) +
      co_await std::move(given);
}

}  // namespace

int main() {
  ev::Service service{"values"};
  service.workflow("values", &values);
  const auto& declarations = service.declarations();
  ev::workflow::Executor executor(declarations, *declarations.find_workflow("values"),
                                  {"values/one", 1, "seed"}, {});
  executor.begin_turn(ev::Timestamp());
  ev::model::ExecutionStarted started;
  started.input.text = "1";
  executor.apply(started);
  executor.end_turn();
  return 0;
}
