// What a build complains about, in what people are shown of it.
#include "cli/dev/diagnostics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/dev/build.hpp"

namespace eventual::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* k_unknown_name = R"(ninja: Entering directory `/p/build/dev'
[1/2] Building CXX object CMakeFiles/shop.dir/main.cpp.o
FAILED: CMakeFiles/shop.dir/main.cpp.o 
/usr/bin/clang++-19 -I/e/include -g -std=c++20 -o CMakeFiles/shop.dir/main.cpp.o -c /p/main.cpp
In file included from /p/main.cpp:1:
/p/service.hpp:20:56: error: use of undeclared identifier 'retrun'
   20 |                     [](Person person) { retrun "Hello, "; });
      |                                         ^
/p/service.hpp:31:3: warning: unused variable 'x' [-Wunused-variable]
   31 |   int x = 0;
      |       ^
1 warning and 1 error generated.
ninja: build stopped: subcommand failed.
)";

constexpr const char* k_in_a_header =
    R"(In file included from /p/main.cpp:1:
/e/include/eventual/workflow.hpp:210:19: error: static assertion failed: a workflow is a coroutine
  210 |     static_assert(is_future<R>,
      |                   ^~~~~~~~~~~~
/e/include/eventual/service.hpp:90:5: note: in instantiation of member function 'check' requested here
   90 |     check();
      |     ^
/p/service.hpp:41:13: note: in instantiation of function template specialization requested here
   41 |     service.workflow("w", [](int) { return 1; });
      |             ^
/p/main.cpp:3:1: note: and once more
)";

TEST(Diagnostics, AnErrorHasItsPlaceItsMessageAndItsSourceLine) {
  const auto found = read_diagnostics(k_unknown_name, "/p");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, Diagnostic::Kind::error);
  EXPECT_EQ(found[0].file, "service.hpp");
  EXPECT_EQ(found[0].line, 20U);
  EXPECT_EQ(found[0].column, 56U);
  EXPECT_EQ(found[0].message, "use of undeclared identifier 'retrun'");
  ASSERT_EQ(found[0].excerpt.size(), 2U);
  EXPECT_THAT(found[0].excerpt[0], HasSubstr("20 |"));
  EXPECT_EQ(found[1].kind, Diagnostic::Kind::warning);
}

TEST(Diagnostics, WhatFailsInAHeaderIsNamedByTheInnermostPlaceOfTheProject) {
  const auto found = read_diagnostics(k_in_a_header, "/p");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, "/e/include/eventual/workflow.hpp");
  EXPECT_EQ(found[0].asked_by, "service.hpp:41:13");
  ASSERT_EQ(found[0].asked_by_excerpt.size(), 2U);
}

TEST(Diagnostics, AHeadersErrorIsToldOnceForAllFilesThatIncludeIt) {
  const std::string log = std::string(k_unknown_name) + k_unknown_name;
  EXPECT_EQ(read_diagnostics(log, "/p").size(), 2U);
}

TEST(Diagnostics, LinkersAreUnderstood) {
  const auto found = read_diagnostics(
      "FAILED: bin/shop \n"
      "ld.lld-19: error: undefined symbol: charge(int)\n"
      ">>> referenced by service.hpp:20\n"
      ">>>               main.cpp.o:(main)\n"
      "clang++-19: error: linker command failed with exit code 1 (use -v to see invocation)\n",
      "/p");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Diagnostic::Kind::link);
  EXPECT_EQ(found[0].message, "undefined symbol: charge(int)");
  EXPECT_THAT(found[0].excerpt,
              ElementsAre("referenced by service.hpp:20", "              main.cpp.o:(main)"));
}

TEST(Diagnostics, CMakeIsUnderstood) {
  const auto found = read_diagnostics(
      "-- Detecting\n"
      "CMake Error at CMakeLists.txt:7 (find_package):\n"
      "  By not providing \"FindX.cmake\" this project has\n"
      "  asked CMake.\n"
      "\n"
      "  More of it.\n"
      "\n"
      "-- Configuring incomplete, errors occurred!\n",
      "/p");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, "CMakeLists.txt");
  EXPECT_EQ(found[0].line, 7U);
  EXPECT_EQ(found[0].message, "By not providing \"FindX.cmake\" this project has asked CMake.");
}

TEST(Diagnostics, AFailureShowsTheErrorFirstAndNoWarningsAndNoCommand) {
  const std::string shown = show_failure(k_unknown_name, "/p", Terminal{}, "/p/build/dev/log");
  EXPECT_THAT(shown, StartsWith("service.hpp:20:56: error: use of undeclared identifier"));
  EXPECT_THAT(shown, HasSubstr("retrun \"Hello, \"; });"));
  EXPECT_THAT(shown, HasSubstr("/p/build/dev/log"));
  EXPECT_THAT(shown, Not(HasSubstr("clang++")));
  EXPECT_THAT(shown, Not(HasSubstr("warning")));
}

TEST(Diagnostics, ManyErrorsAreCounted) {
  std::string log;
  for (int i = 1; i <= 9; ++i) log += "/p/a.cpp:" + std::to_string(i) + ":1: error: no\n";
  const std::string shown = show_failure(log, "/p", Terminal{}, "log");
  EXPECT_THAT(shown, HasSubstr("a.cpp:5:1"));
  EXPECT_THAT(shown, Not(HasSubstr("a.cpp:6:1")));
  EXPECT_THAT(shown, HasSubstr("and 4 more errors"));
}

TEST(Diagnostics, AFailureThatNobodyKnowsShowsTheEndOfTheLog) {
  const std::string shown =
      show_failure("one\nninja: error: no such target\n", "/p", Terminal{}, "log");
  EXPECT_THAT(shown, StartsWith("one\nninja: error: no such target\n"));
}

TEST(Diagnostics, WarningsOfAGoodBuildAreShown) {
  EXPECT_THAT(show_warnings(k_unknown_name, "/p", Terminal{}),
              StartsWith("service.hpp:31:3: warning: unused variable"));
  EXPECT_EQ(show_warnings("[1/1] Linking\n", "/p", Terminal{}), "");
}

TEST(Diagnostics, ColoursOfTheCompilerAreNoPartOfWhatItSays) {
  EXPECT_EQ(without_colours("\x1b[1m/p/a.cpp:1:2: \x1b[0;31merror: \x1b[0mno\x1b["),
            "/p/a.cpp:1:2: error: no");
}

}  // namespace
}  // namespace eventual::cli
