#include "eventual/secret.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "eventual/error.hpp"

namespace eventual {
namespace {

std::string failure_of(const Secret& secret) {
  try {
    (void)secret.value();
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "Unavailable");
    return error.message();
  }
}

TEST(Secret, ComesFromTheEnvironment) {
  ::setenv("EVENTUAL_TEST_SECRET", "s3cret", 1);
  const Secret secret = Secret::environment("EVENTUAL_TEST_SECRET");
  EXPECT_EQ(secret.value(), "s3cret");
  ::unsetenv("EVENTUAL_TEST_SECRET");
  EXPECT_EQ(secret.value(), "s3cret") << "it is read once";
  EXPECT_EQ(failure_of(Secret::environment("EVENTUAL_TEST_SECRET")),
            "a secret cannot be had: the environment variable EVENTUAL_TEST_SECRET is empty or not "
            "there");
}

TEST(Secret, ComesFromAFileWithoutItsLineBreak) {
  const auto path =
      std::filesystem::temp_directory_path() / ("secret-" + std::to_string(::getpid()));
  std::ofstream(path) << "line one\nline two\r\n";
  EXPECT_EQ(Secret::file(path.string()).value(), "line one\nline two");
  std::ofstream(path) << std::string(Secret::k_bytes_max + 1, 'x');
  EXPECT_NE(failure_of(Secret::file(path.string())).find("more than 1048576 bytes"),
            std::string::npos);
  std::filesystem::remove(path);
  EXPECT_NE(failure_of(Secret::file(path.string())).find("cannot be opened"), std::string::npos);
}

TEST(Secret, ComesFromACommandThatSucceeds) {
  EXPECT_EQ(Secret::command("echo s3cret").value(), "s3cret");
  EXPECT_NE(failure_of(Secret::command("echo s3cret; exit 3")).find("failed"), std::string::npos);
  EXPECT_NE(failure_of(Secret::command("true")).find("is empty"), std::string::npos);
}

TEST(Secret, IsReadAgainAfterAFailure) {
  const auto path =
      std::filesystem::temp_directory_path() / ("late-secret-" + std::to_string(::getpid()));
  const Secret secret = Secret::file(path.string());
  const Secret copy = secret;
  EXPECT_NE(failure_of(secret), "");
  std::ofstream(path) << "now";
  EXPECT_EQ(copy.value(), "now");
  std::filesystem::remove(path);
  EXPECT_EQ(secret.value(), "now") << "copies share it";
}

TEST(Secret, IsNeverShown) {
  const Secret secret = Secret::literal("s3cret");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(to_string(secret), "***");
  EXPECT_EQ(secret.origin(), "the program");
  EXPECT_FALSE(Secret());
  EXPECT_NE(failure_of(Secret()), "");
}

}  // namespace
}  // namespace eventual
