// Recorded histories replay for ever. Fixtures are only added: {"workflow": …, "run": 1, "turns":
// [{"at", "events", "calls"}]}.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "replay/fixtures.hpp"

namespace eventual::test {
namespace {

struct Recorded {
  std::string workflow;
  std::uint32_t run = 0;
  Turns turns;
};

Recorded read(const std::string& name) {
  std::ifstream file(fixture_path(name + ".json"));
  std::stringstream text;
  text << file.rdbuf();
  const Json json = Json::parse(text.str()).value();
  Recorded recorded;
  recorded.workflow = json["workflow"].as_string();
  recorded.run = static_cast<std::uint32_t>(json["run"].as_uint64());
  for (const Json& item : json["turns"].as_array()) {
    model::Turn turn;
    turn.number = static_cast<std::uint32_t>(recorded.turns.size());
    turn.at = parse_iso8601(item["at"].as_string()).value();
    for (const Json& event : item["events"].as_array())
      turn.events.push_back(model::from_json_view(event).value());
    for (const Json& call : item["calls"].as_array())
      turn.calls.push_back(model::from_json_view(call).value());
    recorded.turns.push_back(std::move(turn));
  }
  return recorded;
}

class Replay : public testing::TestWithParam<std::string> {};

TEST_P(Replay, GivesTheSameCallsAndTheSameEnd) {
  const Recorded recorded = read(GetParam());
  Workflows workflows;
  const auto* definition = workflows.service.declarations().find_workflow(recorded.workflow);
  ASSERT_NE(definition, nullptr);
  const auto make = [&] {
    return std::make_unique<workflow::Executor>(workflows.service.declarations(), *definition,
                                                workflow::Identity{"w/one", recorded.run, "seed-1"},
                                                workflow::Executor::LogSink());
  };
  const auto executor = make();
  for (const model::Turn& turn : recorded.turns) {
    replay_turn(*executor, turn);
    const bool parked =
        std::any_of(turn.events.begin(), turn.events.end(), [](const model::Event& event) {
          return std::holds_alternative<model::ExecutionParked>(event);
        });
    ASSERT_EQ(executor->stuck().has_value(), parked)
        << "turn " << turn.number << ": " << outcome_of(*executor);
  }
  const std::string_view last = model::type_of(recorded.turns.back().events.back());
  if (last == "execution_succeeded" || last == "execution_failed" ||
      last == "execution_cancelled" || last == "execution_continued") {
    ASSERT_TRUE(executor->closing());
    EXPECT_EQ(model::type_of(*executor->closing()), last);
  } else {
    EXPECT_FALSE(executor->closing());
  }

  // Fed live, it makes the recorded calls.
  const auto live = make();
  for (const model::Turn& turn : recorded.turns) {
    live->begin_turn(turn.at);
    for (const model::Event& event : turn.events) live->apply(event);
    live->end_turn();
    EXPECT_EQ(describe_calls(live->take_calls(), turn.at), describe_calls(turn.calls, turn.at))
        << "turn " << turn.number;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Replay, testing::ValuesIn(fixtures()),
                         [](const auto& info) { return as_test_name(info.param); });

template <std::size_t Index = 0>
void expect_each_kind(const std::set<std::string_view>& seen) {
  if constexpr (Index < std::variant_size_v<model::Event>) {
    const std::string_view type = std::variant_alternative_t<Index, model::Event>::k_type;
    EXPECT_TRUE(seen.contains(type)) << "no fixture has a " << type;
    expect_each_kind<Index + 1>(seen);
  }
}

TEST(ReplayFixtures, ThereIsOneForEachKindOfEvent) {
  std::set<std::string_view> seen;
  for (const std::string& name : fixtures()) {
    for (const model::Turn& turn : read(name).turns) {
      for (const model::Event& event : turn.events) seen.insert(model::type_of(event));
      for (const model::Event& call : turn.calls) seen.insert(model::type_of(call));
    }
  }
  expect_each_kind(seen);
}

TEST(ReplayFixtures, ADamagedOneIsNotAccepted) {
  for (const std::string& name : fixtures()) {
    Recorded recorded = read(name);
    Workflows workflows;
    const auto* definition = workflows.service.declarations().find_workflow(recorded.workflow);
    for (std::size_t i = 0; i < recorded.turns.size(); ++i) {
      if (recorded.turns[i].calls.empty()) continue;
      Turns turns = recorded.turns;
      turns[i].calls.pop_back();
      workflow::Executor executor(workflows.service.declarations(), *definition,
                                  {"w/one", recorded.run, "seed-1"}, {});
      for (const model::Turn& turn : turns) replay_turn(executor, turn);
      EXPECT_TRUE(outcome_of(executor).starts_with("stuck DeterminismError"))
          << name << " without a call of turn " << i;
    }
  }
}

}  // namespace
}  // namespace eventual::test
