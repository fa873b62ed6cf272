// Every kind of history is told and walked through: those that replay for ever (tests/replay).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "program/replay/stops.hpp"
#include "program/replay/story.hpp"
#include "replay/fixtures.hpp"

namespace eventual::test {
namespace {

/// A fixture as the file that a service would export.
model::ExportedHistory read(const std::string& name) {
  std::ifstream file(fixture_path(name + ".json"));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Json json = Json::parse(text).value();
  json.set("format", "eventual-history");
  json.set("version", 1);
  json.set("execution_id", json["workflow"].as_string() + "/one");
  return model::read_history(json.dump()).value();
}

class EveryHistory : public testing::TestWithParam<std::string> {};

TEST_P(EveryHistory, IsToldStepByStepAndReadsTheSameAfterAnExport) {
  const model::ExportedHistory history = read(GetParam());
  ASSERT_TRUE(model::check_history(history).ok());
  const std::string written = model::write_history(history);
  EXPECT_EQ(model::write_history(model::read_history(written).value()), written);

  Workflows workflows;
  std::vector<std::string> lines;
  program::Story story({.payload_bytes = 20},
                       [&](std::string_view line) { lines.emplace_back(line); });
  const auto difference = engine::replay(workflows.service.declarations(), history.execution_id,
                                         history.run, history.turns, &story);
  EXPECT_FALSE(difference.has_value()) << difference->message();
  std::uint64_t steps = 0;
  for (const std::string& line : lines) steps += line.starts_with("  #") ? 1 : 0;
  EXPECT_EQ(steps, program::Walk::steps_of(history));
  for (const model::Turn& turn : history.turns) {
    for (const auto* events : {&turn.events, &turn.calls}) {
      for (const model::Event& event : *events) {
        const std::string type(model::type_of(event));
        EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
          return line.find(type) != std::string::npos;
        })) << type;
      }
    }
  }
}

TEST_P(EveryHistory, DiffersAsSoonAsACallIsMissing) {
  const model::ExportedHistory history = read(GetParam());
  Workflows workflows;
  for (std::size_t i = 0; i < history.turns.size(); ++i) {
    if (history.turns[i].calls.empty()) continue;
    model::ExportedHistory damaged = history;
    damaged.turns[i].calls.pop_back();
    std::vector<std::string> lines;
    program::Story story({}, [&](std::string_view line) { lines.emplace_back(line); });
    const auto difference = engine::replay(workflows.service.declarations(), damaged.execution_id,
                                           damaged.run, damaged.turns, &story);
    ASSERT_TRUE(difference.has_value()) << "turn " << i;
    EXPECT_EQ(difference->name(), "DeterminismError");
    EXPECT_TRUE(std::find(lines.begin(), lines.end(), "  code and history differ") != lines.end());
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EveryHistory, testing::ValuesIn(fixtures()),
                         [](const auto& info) { return as_test_name(info.param); });

}  // namespace
}  // namespace eventual::test
