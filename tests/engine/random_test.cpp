// Many executions under a seeded order of everything that may happen, and kills. EVENTUAL_SEEDS and
// EVENTUAL_FIRST_SEED choose.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/mixed.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using namespace mixed;
using ports::Table;

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed)
      : random_(seed),
        world_(service(), {.shards = 4,
                           .live_executions_max = 1 + random_.below(4),
                           .timer_window = Duration(30),
                           .seed = seed}) {
    world_.run_tasks = false;
    for (std::uint64_t i = 0, n = 1 + random_.below(3); i < n; ++i) {
      Flow flow;
      for (std::uint64_t s = 0, steps = random_.below(5); s < steps; ++s) {
        flow.plan.steps.push_back(
            static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(Step::count))));
      }
      flow.plan.fails = random_.one_in(3);
      flow.name = std::to_string(i);
      flow.poked.resize(static_cast<std::size_t>(count_of(flow.plan, Step::signal)));
      flows_.push_back(std::move(flow));
    }
    flows_.reserve(16);  // replies keep references
  }

  /// What all seeds met together: a run that meets nothing proves nothing.
  struct Met {
    std::uint64_t kills = 0;
    std::uint64_t parked = 0;
    std::uint64_t pauses = 0;
    std::uint64_t terminated = 0;
    std::uint64_t retries = 0;
    std::uint64_t forks = 0;
    std::uint64_t replays = 0;
  };
  Met met;

  void run() {
    kills_left_ = random_.below(4);
    for (int step = 0; step < 3000 && !settled(); ++step) act();
    meddling_ = false;  // what was paused or terminated is let go on, and everything ends
    for (int step = 0; step < 6000 && !settled(); ++step) act();
    check();
    note_met();
  }

 private:
  void note_met() {
    const Figures figures = world_.engine().figures();
    met.parked += figures.parked;
    met.replays += figures.replays;
  }

  struct Flow {
    std::string name;
    Plan plan;
    bool started = false;
    std::vector<bool> poked;                 ///< acknowledged
    std::optional<ports::ForkRequest> fork;  ///< how it began, where it is one
    std::string id() const { return "mix/" + name; }
  };

  bool requests_done() const {
    if (!sink_started_) return false;
    for (const Flow& flow : flows_) {
      if (!flow.started) return false;
      for (const bool poked : flow.poked) {
        if (!poked) return false;
      }
    }
    return true;
  }

  bool settled() {
    return requests_done() && !broken_ && !in_flight_ && !world_.engine().has_output() &&
           world_.attempts.empty() && world_.rows(Table::timers).empty() &&
           world_.rows(Table::messages).empty() && all_ended();
  }

  /// Flows that a retry has begun again need their signals again.
  bool all_ended() {
    bool ended = true;
    for (Flow& flow : flows_) {
      const model::Status status = world_.stored(flow.id()).record.status;
      if (status == model::Status::succeeded || status == model::Status::failed) continue;
      ended = false;
      flow.poked.assign(flow.poked.size(), false);
    }
    return ended;
  }

  void act() {
    switch (random_.below(8)) {
      case 0:
      case 1:
        return request();
      case 2:
      case 3:
        return commit_step();
      case 4:
      case 5:
        return finish_attempt();
      case 6:
        if (kills_left_ > 0 && random_.one_in(6)) {
          --kills_left_;
          ++met.kills;
          note_met();
          in_flight_.reset();
          broken_ = random_.one_in(3);
          world_.restart(broken_ ? broken_service() : service());
          return;
        }
        if (broken_ && random_.one_in(4)) {
          broken_ = false;
          note_met();
          in_flight_.reset();
          world_.restart(service());
          return;
        }
        return duplicate();
      default:
        // Time moves when nothing else is left, or now and then.
        if (world_.attempts.empty() || random_.one_in(4)) {
          if (const auto due = world_.engine().next_due()) world_.now = std::max(world_.now, *due);
        }
        world_.engine().tick(world_.now);
    }
  }

  void request() {
    if (!sink_started_) {
      if (broken_) return;
      world_.engine().start(
          {"sink", "one", "null", {}}, [this](auto reply) { sink_started_ = reply.ok(); },
          world_.now);
      return;
    }
    if (requests_done() && meddling_ && !random_.one_in(10)) return;
    Flow& flow = flows_[random_.below(flows_.size())];
    if (!flow.started && broken_) return;  // it would begin with the wrong code
    if (flow.fork && (!flow.started || random_.one_in(8))) {
      ++met.forks;
      world_.engine().fork(
          *flow.fork, [&flow](auto reply) { flow.started = flow.started || reply.ok(); },
          world_.now);
      return;
    }
    if (!flow.started || random_.one_in(8)) {
      world_.engine().start(
          {"mix", flow.name, to_json(flow.plan), {}},
          [&flow](auto reply) { flow.started = flow.started || reply.ok(); }, world_.now);
      return;
    }
    if (random_.one_in(5)) {
      world_.engine().describe(
          {"mix", flow.name, 0}, [](auto view) { EXPECT_TRUE(view.ok()); }, world_.now);
      return;
    }
    if (random_.one_in(4)) return meddle(flow);
    if (flow.poked.empty()) return;
    const std::size_t which = random_.below(flow.poked.size());
    world_.engine().signal(
        {{"mix", flow.name, 0}, "poke", "null", "p" + std::to_string(which)},
        [&flow, which](auto reply) {
          if (reply.ok() || reply.error().name() == "Closed") flow.poked[which] = true;
        },
        world_.now);
  }

  /// What operators do to an execution.
  void meddle(Flow& flow) {
    const ports::ExecutionRef execution{"mix", flow.name, 0};
    const auto nothing = [](auto) {};
    const std::uint64_t what = random_.below(8);
    if (meddling_ && what < 3) {
      ++met.pauses;
      world_.engine().pause(execution, "for a while", nothing, world_.now);
    } else if (meddling_ && what == 3 && random_.one_in(2)) {
      ++met.terminated;
      world_.engine().terminate(execution, "by mistake", nothing, world_.now);
    } else if (what == 4 && !broken_) {
      retry(flow);
    } else if (meddling_ && what == 5 && !broken_ && !flow.fork && flows_.size() < 8) {
      begin_fork(flow);
    } else {
      world_.engine().resume(execution, nothing, world_.now);
    }
  }

  /// A flow that failed as planned is retried while there is time for it, a terminated one always.
  void retry(Flow& flow) {
    const auto stored = read_execution(world_.store(), 4, flow.id(), 0);
    if (!stored) return;
    const bool terminated = stored->record.status == model::Status::terminated;
    if (!terminated && !(meddling_ && stored->record.run < 3)) return;
    world_.engine().retry(
        {"mix", flow.name, 0},
        [this, &flow](auto reply) {
          if (!reply.ok()) return;
          ++met.retries;
          flow.poked.assign(flow.poked.size(), false);
        },
        world_.now);
  }

  void begin_fork(const Flow& source) {
    const auto stored = read_execution(world_.store(), 4, source.id(), 0);
    if (!stored) return;
    std::uint32_t calls = 0;
    for (const model::Turn& turn : stored->turns) {
      for (const model::Event& call : turn.calls)
        calls = std::max(calls, model::seq_of(call).value() + 1);
    }
    if (calls == 0) return;
    Flow flow;
    flow.name = "fork-" + std::to_string(flows_.size());
    flow.plan = source.plan;
    flow.poked.resize(source.poked.size());
    flow.fork = ports::ForkRequest{{"mix", source.name, stored->record.run},
                                   static_cast<std::uint32_t>(random_.below(calls)),
                                   flow.name};
    flows_.push_back(std::move(flow));
  }

  /// Taking, writing and telling are three steps: inputs come between them, and kills.
  void commit_step() {
    if (!in_flight_) {
      if (!world_.engine().has_output()) return;
      in_flight_ = world_.engine().take_output();
      written_ = false;
      if (random_.one_in(2)) return;
    }
    if (!written_) {
      if (!in_flight_->batch.empty()) world_.store().commit({&in_flight_->batch, 1}).value();
      written_ = true;
      if (random_.one_in(2)) return;
    }
    Output output = std::move(*in_flight_);
    in_flight_.reset();
    for (auto& reply : output.replies) reply();
    for (Attempt& attempt : output.attempts) world_.attempts.push_back(std::move(attempt));
    world_.engine().committed(output, world_.now);
  }

  void finish_attempt() {
    if (world_.attempts.empty()) return;
    const std::size_t which = random_.below(world_.attempts.size());
    const auto place = world_.attempts.begin() + static_cast<std::ptrdiff_t>(which);
    const Attempt attempt = *place;
    world_.attempts.erase(place);
    AttemptResult result = world_.result_of(attempt);
    if (results_.size() < 20) results_.push_back(result);
    world_.engine().attempt_finished(std::move(result), world_.now);
  }

  void duplicate() {
    if (results_.empty()) return;
    world_.engine().attempt_finished(results_[random_.below(results_.size())], world_.now);
  }

  void check() {
    ASSERT_TRUE(requests_done()) << "stuck: a request was not answered" << open_flows();
    std::set<std::string> notes;  // by message id: what the sink has acknowledged
    for (const Flow& flow : flows_) {
      const auto view = world_.view(flow.id());
      ASSERT_EQ(view.status, flow.plan.fails ? "failed" : "succeeded")
          << flow.id() << " " << to_json(flow.plan) << waits(view);
      if (flow.plan.fails) {
        EXPECT_EQ(view.error->name(), "Planned");
        EXPECT_EQ(view.error->message(), expected(flow.plan));
        EXPECT_GE(undone()[flow.id()], 1);
      } else {
        EXPECT_EQ(view.result_json, to_json(expected(flow.plan)));
      }
      add_notes(flow, notes);
    }
    world_.run_tasks = true;
    world_.signal("sink/one", "finish").value();
    EXPECT_EQ(world_.view("sink/one").result_json, std::to_string(notes.size()))
        << "each signal once";
    for (const auto& [key, row] : world_.rows(Table::executions)) {
      const std::string id = key.substr(2);
      if (id.find('\0') == std::string::npos) check_history(id);  // the latest run
    }
    EXPECT_TRUE(world_.rows(Table::active).empty());
    EXPECT_TRUE(world_.rows(Table::messages).empty());
    EXPECT_TRUE(world_.rows(Table::timers).empty());
    EXPECT_EQ(world_.engine().figures().attempts_in_flight, 0U);
    EXPECT_EQ(world_.engine().figures().timers_in_memory_only, 0U);
  }

  /// Every signal that a run of it has sent, whether or not the run lived to hear of its delivery.
  void add_notes(const Flow& flow, std::set<std::string>& notes) {
    const std::uint32_t last = world_.stored(flow.id()).record.run;
    for (std::uint32_t run = 1; run <= last; ++run) {
      const StoredExecution stored = read_execution(world_.store(), 4, flow.id(), run).value();
      for (const model::Turn& turn : stored.turns) {
        for (const model::Event& call : turn.calls) {
          if (const auto* sent = std::get_if<model::SignalSent>(&call))
            notes.insert(sent->message_id);
        }
      }
    }
  }

  void check_history(const std::string& id) {
    const StoredExecution stored = world_.stored(id);
    EXPECT_TRUE(model::is_closed(stored.record.status)) << id;
    std::map<std::uint32_t, int> answers;
    for (std::size_t i = 0; i < stored.turns.size(); ++i) {
      EXPECT_EQ(stored.turns[i].number, i) << id;
      for (const model::Event& call : stored.turns[i].calls)
        answers.emplace(model::seq_of(call).value(), 0);
      for (const model::Event& event : stored.turns[i].events) {
        if (std::holds_alternative<model::TaskAttemptFailed>(event) ||
            std::holds_alternative<model::TaskAttemptStarted>(event))
          continue;
        if (const auto seq = model::seq_of(event)) ++answers[*seq];
      }
    }
    for (const auto& [seq, count] : answers) EXPECT_EQ(count, 1) << id << " call " << seq;
    EXPECT_EQ(world_.replay_difference(id), "") << id;
  }

  std::string open_flows() {
    std::string text;
    for (const Flow& flow : flows_) {
      text += "\n  " + flow.id() + (flow.started ? "" : " (not started)");
      world_.engine().describe(
          {"mix", flow.name, 0},
          [&](Result<ports::ExecutionView> view) {
            text += view ? " " + view->status + waits(*view) : " " + view.error().name();
          },
          world_.now);
      world_.settle();
    }
    return text;
  }

  static std::string waits(const ports::ExecutionView& view) {
    std::string text = " waits for:";
    for (const auto& entry : view.waiting_for) text += " " + entry.kind + entry.details.dump();
    return text;
  }

  base::Random random_;
  World world_;
  std::vector<Flow> flows_;
  bool sink_started_ = false;
  std::optional<Output> in_flight_;
  bool written_ = false;
  bool meddling_ = true;
  bool broken_ = false;  ///< this process runs code that does not agree with the histories
  std::vector<AttemptResult> results_;
  std::uint64_t kills_left_ = 0;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(RandomTest, WhateverTheOrderAndTheKillsEverythingEndsAsItShould) {
  const std::uint64_t first = number_from("EVENTUAL_FIRST_SEED", 1);
  const std::uint64_t seeds = number_from("EVENTUAL_SEEDS", 500);
  Chaos::Met met;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    undone().clear();
    attempts_seen().clear();
    Chaos chaos(seed);
    chaos.run();
    met.kills += chaos.met.kills;
    met.parked += chaos.met.parked;
    met.pauses += chaos.met.pauses;
    met.terminated += chaos.met.terminated;
    met.retries += chaos.met.retries;
    met.forks += chaos.met.forks;
    met.replays += chaos.met.replays;
    if (HasFailure()) {
      FAIL() << "seed " << seed << "; again with EVENTUAL_FIRST_SEED=" << seed
             << " EVENTUAL_SEEDS=1";
    }
  }
  if (seeds >= 500) {
    EXPECT_GT(met.kills, seeds / 2);
    EXPECT_GT(met.parked, seeds / 20);
    EXPECT_GT(met.pauses, seeds / 2);
    EXPECT_GT(met.terminated, seeds / 20);
    EXPECT_GT(met.retries, seeds / 20);
    EXPECT_GT(met.forks, seeds / 20);
    EXPECT_GT(met.replays, seeds);
  }
}

}  // namespace
}  // namespace eventual::engine
