// What people are told of a service's declarations after a save.
#include "cli/dev/manifest_changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace eventual::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> told(const char* before, const char* after) {
  std::vector<std::string> lines;
  for (const DeclarationChange& change :
       compare_manifests(Json::parse(before).value(), Json::parse(after).value())) {
    const char* const marks[] = {"+ ", "- ", "~ "};
    lines.push_back(marks[static_cast<int>(change.kind)] + change.what);
    for (const std::string& detail : change.details) lines.push_back("  " + detail);
  }
  return lines;
}

TEST(ManifestChanges, AlikeManifestsHaveNone) {
  const char* const manifest = R"({"service": "s", "tasks": [{"name": "a", "timeout_ms": null}]})";
  EXPECT_THAT(told(manifest, manifest), ElementsAre());
}

TEST(ManifestChanges, DeclarationsComeAndGoByName) {
  EXPECT_THAT(told(R"({"tasks": [{"name": "a"}, {"name": "b"}], "queries": []})",
                   R"({"tasks": [{"name": "b"}, {"name": "c"}], "queries": [{"name": "q"}]})"),
              ElementsAre("- task a", "+ task c", "+ query q"));
}

TEST(ManifestChanges, ListsThatOnlyOneOfThemHasCount) {
  EXPECT_THAT(told(R"({"entities": [{"name": "e"}]})", R"({"events": [{"name": "placed"}]})"),
              ElementsAre("+ event placed", "- entity e"));
}

TEST(ManifestChanges, OptionsShowBothValues) {
  EXPECT_THAT(told(R"({"tasks": [{"name": "a", "timeout_ms": 1000, "retry": {"max": 3}}]})",
                   R"({"tasks": [{"name": "a", "timeout_ms": null, "retry": {"max": 5}}]})"),
              ElementsAre("~ task a", "  timeout_ms: 1000 -> null", "  retry.max: 3 -> 5"));
}

TEST(ManifestChanges, SchemasAreNamedByTheirMembers) {
  EXPECT_THAT(told(R"({"workflows": [{"name": "w", "input":
                {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}}}]})",
                   R"({"workflows": [{"name": "w", "input":
                {"type": "object", "properties": {"id": {"type": "integer"}, "card": {"type": "string"}}}}]})"),
              ElementsAre("~ workflow w", "  input.id.type: string -> integer",
                          "  input.n: removed (integer)", "  input.card: added (string)"));
}

TEST(ManifestChanges, MembersOfTheServiceItselfComeFirst) {
  EXPECT_THAT(
      told(R"({"version": "1", "tasks": []})", R"({"version": "2", "tasks": [{"name": "a"}]})"),
      ElementsAre("~ service", "  version: 1 -> 2", "+ task a"));
}

TEST(ManifestChanges, NothingIsToldWithoutAnEarlierManifest) {
  EXPECT_THAT(compare_manifests(Json(), Json::object({{"service", "s"}})), ElementsAre());
}

}  // namespace
}  // namespace eventual::cli
