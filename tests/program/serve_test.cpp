// What keeps a service from beginning, as people see it.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "store/data_folder.hpp"

namespace eventual::program {
namespace {

struct Ran {
  int exit_code = -1;
  std::string output;  ///< both streams
};

/// A service that begins all the same is ended after a minute, with 124.
Ran run(const std::string& variables, const std::string& arguments) {
  Ran ran;
  const std::string command =
      variables + " timeout 60 " EVENTUAL_BIN_DIR "/needs_ledger " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ran.output.append(buffer.data(), read);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ran;
}

TEST(Serve, RefusesToBeginWithoutWhatAHandlerAsksFor) {
  const Ran served = run("", "serve --store memory --listen 127.0.0.1:0");
  EXPECT_EQ(served.exit_code, 2) << served.output;
  EXPECT_NE(served.output.find("needs_ledger.cpp:14: task \"book\" asks for Ledger&, which nobody "
                               "provides: call provide<Ledger>(…)"),
            std::string::npos)
      << served.output;
  EXPECT_EQ(run("", "manifest").exit_code, 0) << "it can be described all the same";
}

TEST(Serve, LeavesTheDataFolderOfAnotherServiceAlone) {
  std::string folder = ::testing::TempDir() + "/eventual-serve-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    const auto open = store::DataFolder::open(folder);
    EXPECT_TRUE(open.ok());
    EXPECT_TRUE(store::claim_data_folder(folder, "mailer").ok());
  }
  const Ran served = run("NEEDS_LEDGER_PROVIDED=1", "serve --listen 127.0.0.1:0 --data " + folder);
  EXPECT_EQ(served.exit_code, 1) << served.output;
  EXPECT_NE(served.output.find("belongs to the service mailer, and this is shop"),
            std::string::npos)
      << served.output;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

}  // namespace
}  // namespace eventual::program
