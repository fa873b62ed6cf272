// Saga: what was done is undone when its scope is left by an exception.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

std::string text(const char* value) { return value; }

Future<std::string> two_steps() {
  Saga saga;
  std::string a = co_await A("1");
  saga.undo(Undo, a);
  std::string b = co_await B("2");
  saga.undo(Undo, b);
  co_return co_await C("3");
}

TEST(Saga, RunsNothingOnSuccess) {
  Driver d(two_steps);
  d.ok(0, "a").ok(1, "b");
  d.calls();
  EXPECT_EQ(d.ok(2, "c").outcome(), "succeeded \"c\"");
  EXPECT_TRUE(d.calls().empty());
}

TEST(Saga, UndoesNewestFirstOneAfterTheOther) {
  Driver d(two_steps);
  d.ok(0, "a").ok(1, "b");
  d.calls();
  d.fail(2, "Bad");
  EXPECT_EQ(d.calls(), Calls{"Undo(\"b\")#3"});
  EXPECT_EQ(d.outcome(), "open");
  d.ok(3);
  EXPECT_EQ(d.calls(), Calls{"Undo(\"a\")#4"});
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(4).outcome(), "failed Bad: message");
}

TEST(Saga, UndoesOnlyWhatWasDone) {
  Driver d(two_steps);
  d.ok(0, "a");
  d.calls();
  d.fail(1, "Bad");
  EXPECT_EQ(d.calls(), Calls{"Undo(\"a\")#2"});
  EXPECT_EQ(d.ok(2).outcome(), "failed Bad: message");
  EXPECT_EQ(Driver(two_steps).fail(0, "Bad").outcome(), "failed Bad: message");
}

TEST(Saga, KeepForgetsWhatWasDone) {
  Driver d([]() -> Future<void> {
    Saga saga;
    saga.undo(Undo, text("a"));
    saga.keep();
    saga.undo(Undo, text("b"));
    throw Error("Bad", "");
    co_return;
  });
  EXPECT_EQ(d.calls(), Calls{"Undo(\"b\")#0"});
}

TEST(Saga, NestedScopesAreUndoneInnerFirst) {
  Driver d([]() -> Future<void> {
    Saga outer;
    outer.undo(Undo, text("outer"));
    auto inner = []() -> Future<void> {
      Saga saga;
      saga.undo(Undo, text("inner1"));
      {
        Saga innermost;
        innermost.undo(Undo, text("innermost"));
        saga.undo(Undo, text("inner2"));
        (void)co_await A("x");
      }
    };
    co_await inner();
  });
  d.calls();
  d.fail(0, "Bad");
  Calls undone;
  for (std::uint32_t seq = 1; d.outcome() == "open"; ++seq) {
    const Calls calls = d.calls();
    undone.insert(undone.end(), calls.begin(), calls.end());
    d.ok(seq);
  }
  EXPECT_EQ(undone, (Calls{"Undo(\"innermost\")#1", "Undo(\"inner2\")#2", "Undo(\"inner1\")#3",
                           "Undo(\"outer\")#4"}));
  EXPECT_EQ(d.outcome(), "failed Bad: message");
}

TEST(Saga, InsideTryAndCatchItUndoesWhileTheCodeGoesOn) {
  Driver d([]() -> Future<std::string> {
    std::string name;
    try {
      Saga saga;
      saga.undo(Undo, text("a"));
      (void)co_await A("x");
    } catch (const Error& error) {
      name = error.name();
    }
    co_return co_await B(name);
  });
  d.calls();
  d.fail(0, "Bad");
  EXPECT_EQ(d.calls(), (Calls{"B(\"Bad\")#1", "Undo(\"a\")#2"}));
  d.ok(1, "b");
  EXPECT_EQ(d.outcome(), "open") << "it closes only when all is undone";
  EXPECT_EQ(d.ok(2).outcome(), "succeeded \"b\"");
}

TEST(Saga, AScopeThatIsLeftNormallyUndoesNothing) {
  Driver d([]() -> Future<void> {
    {
      Saga saga;
      saga.undo(Undo, text("a"));
    }
    throw Error("Bad", "");
    co_return;
  });
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.outcome(), "failed Bad: ");
}

struct RunsHelperWhenDestroyed {
  ~RunsHelperWhenDestroyed() {
    auto helper = []() -> Future<void> {
      Saga saga;
      saga.undo(Undo, text("must not run"));
      co_return;
    };
    detach(helper());
  }
};

TEST(Saga, OneThatIsLeftNormallyDuringAnotherExceptionUndoesNothing) {
  Driver d([]() -> Future<void> {
    RunsHelperWhenDestroyed runs;
    throw Error("Bad", "");
    co_return;
  });
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.outcome(), "failed Bad: ");
}

TEST(Saga, ACompensationMayBeACoroutineWithCopiedArguments) {
  Driver d([]() -> Future<void> {
    Saga saga;
    std::string value = "copied";
    saga.undo(
        [](std::string copied) -> Future<void> {
          std::string more = co_await A(copied);
          co_await Undo(more);
        },
        value);
    value = "changed";
    throw Error("Bad", "");
    co_return;
  });
  EXPECT_EQ(d.calls(), Calls{"A(\"copied\")#0"});
  d.ok(0, "more");
  EXPECT_EQ(d.calls(), Calls{"Undo(\"more\")#1"});
  EXPECT_EQ(d.ok(1).outcome(), "failed Bad: ");
}

TEST(Saga, ACompensationThatFailsParksTheExecutionUntilItIsRepaired) {
  Driver d(two_steps);
  d.ok(0, "a").ok(1, "b").fail(2, "Bad");
  d.calls();
  d.fail(3, "NoRefund");
  EXPECT_EQ(d.outcome(),
            "stuck CompensationFailed: a compensation failed for good: NoRefund: message");
  EXPECT_TRUE(d.calls().empty());
  d.unpark();
  EXPECT_EQ(d.calls(), Calls{"Undo(\"b\")#4"});
  EXPECT_EQ(d.outcome(), "open");
  d.fail(4, "NoRefund");
  EXPECT_TRUE(d.outcome().starts_with("stuck CompensationFailed"));
  d.unpark().ok(5);
  EXPECT_EQ(d.calls(), (Calls{"Undo(\"b\")#5", "Undo(\"a\")#6"}));
  EXPECT_EQ(d.ok(6).outcome(), "failed Bad: message");
}

TEST(Saga, ACompensationThatCannotEvenBeginParksToo) {
  Driver d([]() -> Future<void> {
    Saga saga;
    saga.undo([]() -> Future<void> {
      throw Error("Broken", "");
      co_return;
    });
    throw Error("Bad", "");
    co_return;
  });
  EXPECT_TRUE(
      d.outcome().starts_with("stuck CompensationFailed: a compensation failed for good: Broken"));
  d.unpark();
  EXPECT_TRUE(d.outcome().starts_with("stuck CompensationFailed"));
}

TEST(Saga, EventsThatArriveWhileParkedAreAppliedAfterTheRepair) {
  Driver d([]() -> Future<std::string> {
    std::string log;
    auto listening = S.on([&log](std::string said) { log += said; });
    try {
      Saga saga;
      saga.undo(Undo, text("a"));
      (void)co_await A("x");
    } catch (const Error&) {
    }
    std::string b = co_await B("y");
    co_return log + b;
  });
  d.fail(0, "Bad");
  EXPECT_EQ(d.calls().back(), "Undo(\"a\")#2");
  d.feed({Driver::task_failed(2, "NoRefund"), Driver::received("S", "heard "),
          Driver::task_ok(1, "b")});
  EXPECT_TRUE(d.outcome().starts_with("stuck CompensationFailed"));
  d.unpark();
  EXPECT_EQ(d.calls(), Calls{"Undo(\"a\")#3"});
  EXPECT_EQ(d.ok(3).outcome(), "succeeded \"heard b\"");
}

TEST(Saga, UnparkingWhatIsNotParkedChangesNothing) {
  Driver d(two_steps);
  d.unpark();
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.outcome(), "open");
}

TEST(Saga, AnExecutionThatIsGivenUpUndoesNothing) {
  Driver d(two_steps);
  d.ok(0, "a");
  d.calls();
  d.evict();  // destroys the live frames
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.outcome(), "open");
}

}  // namespace
}  // namespace eventual::test
