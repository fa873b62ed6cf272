// The test environment needs no framework: a program with a main of its own uses it.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace {

TEST(AnyFramework, APlainProgramUsesTheTestEnvironment) {
  const std::string program = std::string(EVENTUAL_BIN_DIR) + "/plain_test";
  std::FILE* const output = popen(program.c_str(), "r");
  ASSERT_NE(output, nullptr);
  std::array<char, 256> text{};
  std::string all;
  while (std::fgets(text.data(), text.size(), output) != nullptr) all += text.data();
  EXPECT_EQ(pclose(output), 0) << all;
  EXPECT_EQ(all, "ok\n");
}

}  // namespace
