// A data folder that cannot be taken into use: the process says why and ends.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "crash/http_client.hpp"
#include "crash/process.hpp"

namespace crash {
namespace {

TEST(DataFolder, ASecondProcessIsRefusedWithTheIdOfTheFirst) {
  const Workspace workspace;
  ServiceProcess first(workspace);
  const auto port = first.wait_ready();
  ASSERT_TRUE(port) << first.output();
  ServiceProcess second(workspace);
  const auto ending = second.wait_ended();
  ASSERT_TRUE(ending) << second.output();
  EXPECT_EQ(ending->exit_code, 1) << second.output();
  EXPECT_NE(second.output().find(workspace.data() + " is in use by process " +
                                 std::to_string(first.id())),
            std::string::npos)
      << second.output();
  EXPECT_EQ(HttpClient(*port).get("/_eventual/health")->status, 200) << "the first goes on";
  first.kill();
  ServiceProcess third(workspace);
  EXPECT_TRUE(third.wait_ready())
      << "a process that was killed leaves nothing that blocks the next\n"
      << third.output();
}

TEST(DataFolder, ANewerFormatIsRefusedAndLeftAsItIs) {
  const Workspace workspace;
  {
    ServiceProcess process(workspace);
    ASSERT_TRUE(process.wait_ready()) << process.output();
    ASSERT_TRUE(process.stop());
  }
  const std::string marker = workspace.data() + "/FORMAT";
  const std::string ours = read_file(marker);
  std::ofstream(marker) << "eventual-data 99\n";
  {
    ServiceProcess process(workspace);
    const auto ending = process.wait_ended();
    ASSERT_TRUE(ending) << process.output();
    EXPECT_EQ(ending->exit_code, 1) << process.output();
    EXPECT_NE(process.output().find("has format 99"), std::string::npos) << process.output();
    EXPECT_NE(process.output().find("newer version"), std::string::npos) << process.output();
  }
  EXPECT_EQ(read_file(marker), "eventual-data 99\n");
  std::ofstream(marker) << ours;
  ServiceProcess process(workspace);
  EXPECT_TRUE(process.wait_ready()) << process.output();
}

TEST(DataFolder, AFolderOfSomebodyElseIsRefused) {
  const Workspace workspace;
  std::filesystem::create_directory(workspace.data());
  std::ofstream(workspace.data() + "/thesis.txt") << "42\n";
  ServiceProcess process(workspace);
  const auto ending = process.wait_ended();
  ASSERT_TRUE(ending) << process.output();
  EXPECT_EQ(ending->exit_code, 1);
  EXPECT_NE(process.output().find("thesis.txt"), std::string::npos) << process.output();
  EXPECT_EQ(read_file(workspace.data() + "/thesis.txt"), "42\n");
}

}  // namespace
}  // namespace crash
