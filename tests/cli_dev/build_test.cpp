// What a run of ninja took, from its own log.
#include "cli/dev/build.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "cli_dev/support.hpp"

namespace eventual::cli {
namespace {

using namespace std::chrono_literals;

TEST(Build, TheLastRunIsDividedIntoCompilingAndLinking) {
  const Folder folder;
  const BuildFolder build{folder.path(), "dev"};
  std::filesystem::create_directories(build.path());
  const std::string log = build.path() + "/.ninja_log";
  write_text(log, "# ninja log v5\n1\t900\t17\tbin/shop\tabc\n0\t5000\t17\told.o\tabc\n");
  NinjaLog ninja(build);
  ninja.begin();
  write_text(log, read_text(log) +
                      "2\t310\t18\ta.o\tabc\n3\t400\t18\tb.o\tabc\n405\t520\t18\tbin/shop\tabc\n");
  const BuildTimes times = ninja.end("bin/shop");
  EXPECT_EQ(times.compile, 405ms);
  EXPECT_EQ(times.link, 115ms);
}

TEST(Build, WhatDidNothingTookNothing) {
  const Folder folder;
  NinjaLog ninja(BuildFolder{folder.path(), "dev"});
  ninja.begin();
  EXPECT_EQ(ninja.end("bin/shop").compile, 0ms);
  EXPECT_EQ(ninja.end("bin/shop").link, 0ms);
}

TEST(Build, ServicesAreThoseThatTheBuildNoted) {
  const Folder folder;
  const BuildFolder build{folder.path(), "dev"};
  EXPECT_TRUE(services_of(build).empty());
  std::filesystem::create_directories(build.path() + "/eventual-services");
  write_text(build.path() + "/eventual-services/shop", "/p/build/dev/bin/shop\n");
  ASSERT_EQ(services_of(build).size(), 1U);
  EXPECT_EQ(services_of(build)[0].name, "shop");
  EXPECT_EQ(services_of(build)[0].program, "/p/build/dev/bin/shop");
}

TEST(Build, AProjectWithoutThePresetIsConfiguredAllTheSame) {
  const Folder folder;
  write_text(folder / "CMakePresets.json", R"({"configurePresets": [{"name": "dev"}]})");
  EXPECT_EQ(configure_command({folder.path(), "dev"}).command[1], "--preset");
  EXPECT_EQ(configure_command({folder.path(), "other"}).command[1], "-S");
}

TEST(Build, AnEndingSaysWhatHappened) {
  EXPECT_EQ(run_program({"sh", "-c", "exit 3"}, "/").ending.text(), "exit code 3");
  EXPECT_EQ(run_program({"sh", "-c", "kill -SEGV $$"}, "/").ending.text(),
            "SIGSEGV (Segmentation fault)");
  EXPECT_EQ(run_program({"sh", "-c", "echo one; echo two >&2"}, "/").output, "one\ntwo\n");
  EXPECT_FALSE(
      ChildProcess::start({.command = {"/no/such/program"}, .folder = {}, .environment = {}}));
}

}  // namespace
}  // namespace eventual::cli
