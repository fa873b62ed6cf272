// Updates and child handles, as data.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

struct State {
  std::string address;
};

Future<std::string> look_up(std::string text, State* state) {
  std::string found = co_await A(text);
  state->address = found;
  co_return "moved to " + found;
}

Future<std::string> parcel() {
  State state;
  auto moving = U.on(
      look_up,
      [&state](const std::string& text) {
        if (text.empty()) throw Error("Empty", "an address is needed");
        if (text == state.address) throw Error("Same", text);
      },
      &state);
  co_await Go.expect();
  co_return state.address;
}

TEST(Updates, AreAnsweredByACoroutineWhoseOutcomeIsRecorded) {
  Driver d(parcel);
  d.update("u-1", "Vienna");
  EXPECT_EQ(d.calls(), Calls{"A(\"Vienna\")#0"});
  d.ok(0, "Wien");
  EXPECT_EQ(d.calls(), Calls{"update u-1 gives \"moved to Wien\"#1"});
  EXPECT_EQ(d.signal("Go").outcome(), "succeeded \"Wien\"");
}

TEST(Updates, FailAsTheirHandlerFailsAndTheExecutionGoesOn) {
  Driver d(parcel);
  d.update("u-1", "x").update("u-2", "y");
  d.fail(0, "NoSuchPlace");
  EXPECT_EQ(d.calls(), (Calls{"A(\"x\")#0", "A(\"y\")#1", "update u-1 fails NoSuchPlace#2"}));
  d.ok(1, "Y");
  EXPECT_EQ(d.calls(), Calls{"update u-2 gives \"moved to Y\"#3"});
  EXPECT_EQ(d.outcome(), "open");
}

TEST(Updates, AreRefusedByTheirValidatorWithoutARecord) {
  Driver d(parcel);
  const auto refusal = [&](std::string_view input) {
    const auto error = d.executor().refuses_update("U", input);
    return error ? error->name() : std::string("taken");
  };
  EXPECT_EQ(refusal("\"\""), "Empty");
  EXPECT_EQ(refusal("\"Vienna\""), "taken");
  EXPECT_EQ(d.executor().refuses_update("V", "null")->name(), error_names::k_not_allowed);
  EXPECT_EQ(d.executor().next_seq(), 0U);
  d.update("u-1", "Vienna").ok(0, "Wien");
  EXPECT_EQ(refusal("\"Wien\""), "Same");
  d.signal("Go");
  EXPECT_EQ(refusal("\"x\""), error_names::k_not_allowed);
}

TEST(Updates, AValidatorCannotAskForAnything) {
  Driver d([]() -> Future<void> {
    auto taking = U.on([](std::string text) { return text; },
                       [](const std::string& text) { detach(A(text)); });
    co_await Go.expect();
  });
  EXPECT_EQ(d.executor().refuses_update("U", "\"x\"")->name(), error_names::k_not_allowed);
  EXPECT_TRUE(d.calls().empty());
}

TEST(Updates, APlainHandlerAnswersAtOnceAndMayCapture) {
  Driver d([]() -> Future<std::string> {
    std::string all;
    auto taking = U.on([&all](std::string text) { return all += text; });
    if (!co_await condition([&all] { return all.size() >= 2; }, {.timeout = Duration(100)}))
      co_return "late";
    co_return all;
  });
  d.update("u-1", "a");
  EXPECT_EQ(d.calls(), (Calls{"condition(+100)#0", "update u-1 gives \"a\"#1"}));
  d.update("u-2", "b");
  EXPECT_EQ(d.calls(), Calls{"update u-2 gives \"ab\"#2"});
  EXPECT_EQ(d.outcome(), "succeeded \"ab\"");
}

TEST(Updates, TheNewestHandlerCountsAndOneMayDisposeOfItself) {
  Driver d([]() -> Future<void> {
    auto outer = U.on([](std::string text) { return "outer " + text; });
    Listener inner;
    inner = U.on([&inner](std::string text) {
      inner.dispose();
      return "inner " + text;
    });
    co_await Go.expect();
  });
  d.update("u-1", "x").update("u-2", "y");
  EXPECT_EQ(d.calls(), (Calls{"update u-1 gives \"inner x\"#0", "update u-2 gives \"outer y\"#1"}));
}

TEST(Updates, AnotherAnswerOnReplayIsADifference) {
  Driver d(parcel);
  d.update("u-1", "x").ok(0, "X");
  Turns turns = d.turns();
  std::get<model::UpdateSucceeded>(turns.at(2).calls.at(0)).result.text = "\"moved to Y\"";
  EXPECT_TRUE(d.replayed(turns).starts_with("stuck DeterminismError")) << d.replayed(turns);
}

TEST(Views, AreGivenLiveOnceATurnAndNotOnReplay) {
  Driver d([]() -> Future<void> {
    publish(std::string("one"));
    publish(std::string("two"));
    co_await Go.expect();
    co_await Go.expect();
    publish(std::string("three"));
  });
  EXPECT_EQ(d.executor().take_published(), "\"two\"");
  EXPECT_EQ(d.executor().take_published(), std::nullopt);
  d.signal("Go");
  EXPECT_EQ(d.executor().take_published(), std::nullopt);
  d.evict();
  EXPECT_EQ(d.executor().take_published(), std::nullopt);
  EXPECT_EQ(d.executor().published(), "\"two\"");
  d.signal("Go");
  EXPECT_EQ(d.executor().take_published(), "\"three\"");
}

TEST(ChildHandles, AreSignalledCancelledAndAwaited) {
  Driver d([]() -> Future<std::string> {
    Child<std::string> child = W.start_child("in", {.name = "kid"});
    co_await child.signal(S, "hello");
    co_await child.cancel();
    const Result<std::string> ended = co_await settle(child.result());
    co_return child.id() + " " + (ended ? *ended : ended.error().name());
  });
  EXPECT_EQ(d.calls(), (Calls{"child W(\"in\")#0", "send S(\"hello\")->W/kid#1"}));
  d.delivered(1);
  EXPECT_EQ(d.calls(), Calls{"cancel W/kid#2"});
  d.cancel_delivered(2).child_fail(0, "Cancelled");
  EXPECT_EQ(d.outcome(), "succeeded \"W/kid Cancelled\"");
}

TEST(ChildHandles, KnowTheNameThatTheEngineMakes) {
  Driver d([]() -> Future<std::string> {
    Child<std::string> child = W.start_child("in");
    detach(child.signal(Go));
    co_return child.id();
  });
  EXPECT_EQ(d.outcome(), "succeeded \"W/~seed-1-0\"");
}

}  // namespace
}  // namespace eventual::test
