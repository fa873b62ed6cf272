// `eventual new`, as people run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/project.hpp"
#include "cli_dev/support.hpp"
#include "eventual/json.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Finished eventual_new(const Folder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {eventual_program(), "new"});
  return run_program(arguments, folder.path());
}

/// Makes a project of a template, builds it and runs its tests. That of `orders` is built against
/// an installation, below.
class EachTemplate : public ::testing::TestWithParam<const char*> {};

TEST_P(EachTemplate, BuildsAndPassesItsOwnTestAtOnce) {
  const Folder folder;
  const Finished made = eventual_new(folder, {"hello", "--template", GetParam()});
  ASSERT_EQ(made.ending.exit_code, 0) << made.output;
  EXPECT_THAT(made.output, HasSubstr("cd hello"));
  EXPECT_THAT(made.output, HasSubstr("eventual dev"));
  for (const std::vector<std::string>& step : {std::vector<std::string>{"cmake", "--preset", "dev"},
                                               {"cmake", "--build", "--preset", "dev"},
                                               {"ctest", "--preset", "dev"}}) {
    const Finished done = run_program(step, folder / "hello");
    ASSERT_EQ(done.ending.exit_code, 0) << done.output;
  }
  const Finished version = run_program({"build/dev/bin/hello", "version"}, folder / "hello");
  EXPECT_THAT(version.output, HasSubstr("hello 1"));
}

INSTANTIATE_TEST_SUITE_P(New, EachTemplate,
                         ::testing::Values("minimal", "choreography", "approval"),
                         [](const auto& name) { return std::string(name.param); });

TEST(New, NoTemplateIsForgottenByTheTestsAbove) {
  EXPECT_THAT(template_names(),
              ::testing::UnorderedElementsAre("minimal", "orders", "choreography", "approval"));
}

TEST(New, AProjectBuildsAgainstAnInstallationToo) {
  const Folder folder;
  const Finished installed = run_program(
      {"cmake", "--install", build_folder(), "--prefix", folder / "prefix"}, folder.path());
  ASSERT_EQ(installed.ending.exit_code, 0) << installed.output;
  // The installed command knows where it is installed.
  const Finished made = run_program(
      {folder / "prefix/bin/eventual", "new", "shop", "--template", "orders"}, folder.path());
  ASSERT_EQ(made.ending.exit_code, 0) << made.output;
  EXPECT_THAT(read_text(folder / "shop/eventual.local.cmake"), HasSubstr(folder / "prefix"));
  for (const std::vector<std::string>& step : {std::vector<std::string>{"cmake", "--preset", "dev"},
                                               {"cmake", "--build", "--preset", "dev"},
                                               {"ctest", "--preset", "dev"}}) {
    const Finished done = run_program(step, folder / "shop");
    ASSERT_EQ(done.ending.exit_code, 0) << done.output;
  }
}

TEST(New, ACheckoutIsFoundByTheSameProject) {
  const Folder folder;
  ASSERT_EQ(eventual_new(folder, {"hello"}).ending.exit_code, 0);
  const Finished done = run_program(
      {"cmake", "--preset", "dev", "-DEventual_ROOT=" EVENTUAL_SOURCE_DIR}, folder / "hello");
  ASSERT_EQ(done.ending.exit_code, 0) << done.output;
  const Finished plan =
      run_program({"ninja", "-C", "build/dev", "-t", "query", "bin/hello"}, folder / "hello");
  EXPECT_THAT(plan.output, HasSubstr("| lib/libeventual_engine.a"))
      << "the library is built within the project";
}

TEST(New, AnotherCompilerIsRefusedWithTheWayOut) {
  const Folder folder;
  ASSERT_EQ(eventual_new(folder, {"hello"}).ending.exit_code, 0);
  const Finished done = run_program(
      {"cmake", "-S", ".", "-B", "build/other", "-DCMAKE_CXX_COMPILER=g++"}, folder / "hello");
  EXPECT_NE(done.ending.exit_code, 0);
  EXPECT_THAT(done.output, HasSubstr("clang 19"));
  EXPECT_THAT(done.output, HasSubstr("cmake --preset dev"));
}

TEST(New, EveryTemplateHasItsFilesWithTheNameInThem) {
  for (const std::string& name : template_names()) {
    const Folder folder;
    const Finished made =
        eventual_new(folder, {"my-shop", "--template", name, "--dir", "a b/shop", "--json"});
    ASSERT_EQ(made.ending.exit_code, 0) << made.output;
    const auto report = Json::parse(made.output);
    ASSERT_TRUE(report) << made.output;
    EXPECT_EQ((*report)["folder"], Json(folder / "a b/shop"));
    std::vector<std::string> files;
    for (const Json& file : (*report)["files"].as_array()) files.push_back(file.as_string());
    for (const char* file : {"CMakeLists.txt", "CMakePresets.json", "README.md", ".clang-format",
                             ".gitignore", ".vscode/launch.json", ".vscode/tasks.json", "main.cpp",
                             "service.hpp", "service_test.cpp"}) {
      EXPECT_THAT(files, Contains(file)) << name;
    }
    for (const std::string& file : files) {
      const std::string text = read_text(folder / ("a b/shop/" + file));
      EXPECT_FALSE(text.empty()) << file;
      EXPECT_THAT(text, Not(HasSubstr("@name@"))) << file;
      EXPECT_THAT(text, Not(HasSubstr("@sources@"))) << file;
      if (file.ends_with(".json")) {
        EXPECT_TRUE(Json::parse(text)) << file;
      }
    }
    EXPECT_THAT(read_text(folder / "a b/shop/service.hpp"),
                HasSubstr("Service service{\"my-shop\"}"));
  }
}

TEST(New, AFolderThatHoldsAnythingIsLeftAlone) {
  const Folder folder;
  fs::create_directories(folder / "hello");
  write_text(folder / "hello/notes.txt", "mine");
  const Finished refused = eventual_new(folder, {"hello"});
  EXPECT_EQ(refused.ending.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("hello is not empty"));
  EXPECT_THAT(refused.output, HasSubstr("--dir"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "hello"), {}), 1);
  EXPECT_EQ(eventual_new(folder, {"hello", "--dir", "hello/notes.txt"}).ending.exit_code, 2);
}

TEST(New, AnEmptyFolderIsTaken) {
  const Folder folder;
  fs::create_directories(folder / "hello");
  EXPECT_EQ(eventual_new(folder, {"hello"}).ending.exit_code, 0);
}

TEST(New, NamesThatNoProgramOrTargetCanHaveAreRefused) {
  const Folder folder;
  for (const char* name : {"Hello", "1st", "a/b", "..", "a b", "test", "all", "eventual",
                           "eventual_engine", "h\xc3\xa9llo", ""}) {
    const Finished refused = eventual_new(folder, {name});
    EXPECT_EQ(refused.ending.exit_code, 2) << name;
  }
  EXPECT_EQ(eventual_new(folder, {std::string(65, 'a')}).ending.exit_code, 2);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(New, AnUnknownTemplateIsAnsweredWithThoseThatThereAre) {
  const Folder folder;
  const Finished refused = eventual_new(folder, {"hello", "--template", "nope"});
  EXPECT_EQ(refused.ending.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("minimal"));
  EXPECT_THAT(refused.output, HasSubstr("approval"));
}

}  // namespace
}  // namespace eventual::cli
