// Frames that are given up: destroyed once, newest first, and what their destructors ask for does
// nothing. Limits.
#include "base/limits.hpp"
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

int alive = 0;
std::vector<std::string>* destroyed = nullptr;

struct Counted {
  explicit Counted(std::string text) : name(std::move(text)) { ++alive; }
  Counted(const Counted& other) : name(other.name) { ++alive; }
  Counted(Counted&& other) noexcept : name(std::move(other.name)) { ++alive; }
  ~Counted() {
    --alive;
    if (destroyed != nullptr && !name.empty()) destroyed->push_back(name);
  }
  std::string name;
};

/// A destructor that asks for all it can.
struct Meddler {
  Meddler() = default;
  Meddler(const Meddler&) = delete;
  ~Meddler() {
    try {
      detach(A("from a destructor"));
      detach(W("from a destructor"));
      detach(sleep_for(Duration(5)));
      detach(S.send(ExecutionId{"w/x", 0}, "from a destructor"));
      detach(S.expect({.timeout = Duration(5)}));
      detach(condition([] { return false; }, {.timeout = Duration(5)}));
      auto listening = S.on([](std::string) {});
      auto helper = []() -> Future<void> {
        Counted counted("helper");
        (void)co_await B("from a destructor");
      };
      detach(helper());
      Saga saga;
      saga.undo(Undo, std::string("x"));
      log_levels::error("from a destructor");
      (void)now();
      (void)new_id();
    } catch (...) {
      ADD_FAILURE() << "a destructor's call threw";
    }
  }
};

Future<void> waiting_in(std::string name) {
  Counted counted(name);
  co_await Go.expect();
}

TEST(Discard, FramesAreDestroyedOnceNewestFirst) {
  std::vector<std::string> order;
  alive = 0;
  destroyed = &order;
  {
    Driver d([]() -> Future<void> {
      Counted root("root");
      auto one = waiting_in("one");
      auto two = waiting_in("two");
      detach(waiting_in("detached"));
      co_await all(std::move(one), std::move(two));
    });
    d.skip_replay();
    EXPECT_EQ(alive, 4);
  }
  destroyed = nullptr;
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(order, (std::vector<std::string>{"detached", "two", "one", "root"}));
}

TEST(Discard, WhatDestructorsAskForDoesNothing) {
  alive = 0;
  {
    Driver d([]() -> Future<void> {
      Meddler root;
      auto inner = []() -> Future<void> {
        Meddler meddler;
        co_await Go.expect();
      };
      auto listening =
          S.on([meddler = std::make_shared<Meddler>()](std::string) { (void)meddler; });
      detach(inner());
      co_await Go.expect();
    });
    d.evict();
    EXPECT_TRUE(d.calls().empty());
    EXPECT_TRUE(d.log().empty());
    EXPECT_EQ(d.outcome(), "open");
  }
  EXPECT_EQ(alive, 0);
}

TEST(Discard, TheEndOfAnExecutionDestroysWhatIsPendingWithoutCalls) {
  alive = 0;
  {
    Driver d([]() -> Future<void> {
      auto inner = []() -> Future<void> {
        Meddler meddler;
        Counted counted("x");
        co_await Go.expect();
      };
      detach(inner());
      co_return;
    });
    EXPECT_TRUE(d.calls().empty());
    EXPECT_EQ(d.outcome(), "succeeded null");
    d.signal("Go");
    EXPECT_TRUE(d.calls().empty());
  }
  EXPECT_EQ(alive, 0);
}

TEST(Discard, ADeterminismErrorLeavesNothingBehind) {
  alive = 0;
  {
    Driver d([]() -> Future<void> {
      Counted counted("x");
      Meddler meddler;
      (void)co_await A("x");
      (void)co_await B("y");
    });
    d.skip_replay();
    model::Turn turn;
    turn.at = k_start;
    turn.events.emplace_back(model::ExecutionStarted{});
    turn.calls.emplace_back(model::TimerStarted{0, k_start});
    const auto executor = d.make_executor();
    replay_turn(*executor, turn);
    EXPECT_TRUE(outcome_of(*executor).starts_with("stuck DeterminismError"));
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Discard, ParametersAndResultsAreDestroyedOnce) {
  alive = 0;
  {
    Driver d([]() -> Future<std::string> {
      auto helper = [](Counted parameter) -> Future<std::shared_ptr<Counted>> {
        (void)co_await A("x");
        co_return std::make_shared<Counted>(parameter.name + "!");
      };
      auto kept = helper(Counted("kept"));
      {
        auto dropped = helper(Counted("dropped"));
      }
      std::string name = (co_await kept)->name + (co_await kept)->name;
      co_return name;
    });
    d.ok(0, "r").ok(1, "r");
    EXPECT_EQ(d.outcome(), "succeeded \"kept!kept!\"");
  }
  EXPECT_EQ(alive, 0);
}

TEST(Discard, ManyExecutionsLeakNothing) {
  alive = 0;
  for (int i = 0; i < 50; ++i) {
    Driver d([]() -> Future<void> {
      Counted counted("root");
      auto listening = S.on([copy = counted](std::string) {});
      std::vector<Future<void>> all_of_them;
      for (int n = 0; n < 10; ++n) all_of_them.push_back(waiting_in("n"));
      co_await all(all_of_them);
    });
    if (i % 2 == 0) d.signal("Go");
  }
  EXPECT_EQ(alive, 0);
}

TEST(Limits, ARunFromBeforeTheSettingIsRefusedWhatItWasRefusedThen) {
  const auto is_limit = [](const std::string& outcome) {
    return outcome.starts_with("failed LimitExceeded: ");
  };
  Driver task(
      []() -> Future<void> { (void)co_await A(std::string(base::k_payload_limit_default, 'x')); });
  EXPECT_TRUE(is_limit(task.outcome())) << task.outcome();
  EXPECT_TRUE(task.calls().empty());
  EXPECT_EQ(task.executor().next_seq(), 0U) << "a refused call takes no number";
  Driver child(
      []() -> Future<void> { (void)co_await W(std::string(base::k_payload_limit_default, 'x')); });
  EXPECT_TRUE(is_limit(child.outcome())) << child.outcome();
  Driver sent([]() -> Future<void> {
    co_await S.send(ExecutionId{"w/a", 0}, std::string(base::k_payload_limit_default, 'x'));
  });
  EXPECT_TRUE(is_limit(sent.outcome())) << sent.outcome();
  Driver result(
      []() -> Future<std::string> { co_return std::string(base::k_payload_limit_default, 'x'); });
  EXPECT_TRUE(is_limit(result.outcome())) << result.outcome();
}

/// Begun under a limit of 2 KiB.
model::ExecutionStarted begun_under_2_kib() {
  model::ExecutionStarted started;
  started.payload_bytes_max = 2 << 10;
  return started;
}

/// As JSON it has so many bytes.
std::string text_of_bytes(std::size_t bytes) { return std::string(bytes - 2, 'x'); }

TEST(Limits, ARunIsHeldToTheLimitThatItBeganWith) {
  const auto is_refused = [](const std::string& outcome, const std::string& what) {
    return outcome == "failed PayloadTooLarge: " + what +
                          " has 2049 bytes, more than 2048, the payload_limit (--payload-limit)";
  };
  Driver fits([]() -> Future<void> { (void)co_await A(text_of_bytes(2048)); }, begun_under_2_kib());
  EXPECT_EQ(fits.calls().size(), 1U);
  Driver task([]() -> Future<void> { (void)co_await A(text_of_bytes(2049)); }, begun_under_2_kib());
  EXPECT_TRUE(is_refused(task.outcome(), "the input of A")) << task.outcome();
  EXPECT_EQ(task.executor().next_seq(), 0U) << "a refused call takes no number";
  Driver child([]() -> Future<void> { (void)co_await W(text_of_bytes(2049)); },
               begun_under_2_kib());
  EXPECT_TRUE(is_refused(child.outcome(), "the input of W")) << child.outcome();
  Driver sent([]() -> Future<void> { co_await S.send(ExecutionId{"w/a", 0}, text_of_bytes(2049)); },
              begun_under_2_kib());
  EXPECT_TRUE(is_refused(sent.outcome(), "the input of S")) << sent.outcome();
  Driver view(
      []() -> Future<void> {
        publish(text_of_bytes(2049));
        co_return;
      },
      begun_under_2_kib());
  EXPECT_TRUE(is_refused(view.outcome(), "the view")) << view.outcome();
  Driver result([]() -> Future<std::string> { co_return text_of_bytes(2049); },
                begun_under_2_kib());
  EXPECT_TRUE(is_refused(result.outcome(), "the result")) << result.outcome();
}

TEST(Limits, CodeThatGoesOnBehindARefusedCallIsReplayedAlike) {
  // The driver replays it all at the end: the refusal leaves no record, and comes again.
  Driver d(
      []() -> Future<std::string> {
        std::string refusal;
        try {
          co_await A(text_of_bytes(2049));
        } catch (const Error& error) {
          refusal = error.name();
        }
        co_return co_await A(refusal);
      },
      begun_under_2_kib());
  EXPECT_EQ(d.calls(), (Calls{"A(\"PayloadTooLarge\")#0"}));
  d.ok(0, "done");
  EXPECT_EQ(d.outcome(), "succeeded \"done\"");
}

TEST(Limits, TheCallsOfOneTurnHaveALimitTogether) {
  model::ExecutionStarted started;
  started.payload_bytes_max = base::k_payload_limit_most;
  Driver d(
      []() -> Future<std::size_t> {
        const std::string large = text_of_bytes(base::k_payload_limit_most);
        std::size_t made = 0;
        std::vector<Future<std::string>> all_of_them;
        try {
          for (;; ++made) all_of_them.push_back(A(large));
        } catch (const Error& error) {
          if (error.name() != "LimitExceeded") throw;
        }
        for (auto& each : all_of_them) detach(std::move(each));
        co_return made;
      },
      started);
  d.skip_replay();
  EXPECT_EQ(d.outcome(), "succeeded 8");
}

TEST(Limits, MorePendingCallsThanAllowedFailTheNextOne) {
  for (int kind = 0; kind < 5; ++kind) {
    Driver d(
        [](int which) -> Future<std::size_t> {
          std::size_t made = 0;
          try {
            std::vector<Listener> listeners;
            for (; made <= base::k_pending_calls_max; ++made) {
              if (which == 0) detach(A("x"));
              if (which == 1) detach(sleep_for(Duration(5)));
              if (which == 2) detach(W("x"));
              if (which == 3) detach(condition([] { return false; }));
              if (which == 4) listeners.push_back(S.on([](std::string) {}));
            }
          } catch (const Error& error) {
            if (error.name() == error_names::k_limit_exceeded) co_return made;
          }
          co_return 0;
        },
        kind);
    EXPECT_EQ(d.outcome(), "succeeded " + std::to_string(base::k_pending_calls_max)) << kind;
  }
}

TEST(Limits, AnswersMakeRoomAgain) {
  Driver d([]() -> Future<int> {
    int done = 0;
    for (int round = 0; round < 3; ++round) {
      std::vector<Future<std::string>> futures;
      for (std::size_t i = 0; i < base::k_pending_calls_max / 2; ++i) futures.push_back(A("x"));
      (void)co_await all(std::move(futures));
      ++done;
    }
    co_return done;
  });
  for (std::uint32_t seq = 0; seq < 3 * base::k_pending_calls_max / 2; ++seq) d.ok(seq, "r");
  EXPECT_EQ(d.outcome(), "succeeded 3");
}

}  // namespace
}  // namespace eventual::test
