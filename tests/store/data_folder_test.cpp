#include "store/data_folder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "conformance/harness.hpp"

namespace eventual::store {
namespace {

using conformance::TemporaryFolder;

void write_file(const std::string& name, const std::string& text) { std::ofstream(name) << text; }

std::string read_file(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

Error refused(const std::string& path) {
  const auto result = DataFolder::open(path);
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error() : result.error();
}

TEST(DataFolder, IsCreatedWithItsParentsAndMarked) {
  const TemporaryFolder folder;
  const std::string path = folder / "a/b/data";
  ASSERT_TRUE(DataFolder::open(path).ok());
  EXPECT_EQ(read_file(path + "/FORMAT"), "eventual-data 1\n");
  EXPECT_EQ(read_file(path + "/LOCK"), std::to_string(::getpid()) + "\n");
  EXPECT_TRUE(DataFolder::open(path).ok()) << "the lock went with the first";
}

TEST(DataFolder, IsRefusedWhileInUse) {
  const TemporaryFolder folder;
  const auto first = DataFolder::open(folder / "data");
  ASSERT_TRUE(first.ok());
  const Error error = refused(folder / "data");
  EXPECT_EQ(error.name(), error_names::k_unavailable);
  EXPECT_EQ(error.message(), "the data folder " + (folder / "data") + " is in use by process " +
                                 std::to_string(::getpid()));
}

TEST(DataFolder, BelongsToTheServiceThatUsedItFirst) {
  const TemporaryFolder folder;
  const std::string path = folder / "data";
  const auto open = DataFolder::open(path);
  ASSERT_TRUE(open.ok());
  ASSERT_TRUE(claim_data_folder(path, "billing").ok());
  EXPECT_EQ(read_file(path + "/SERVICE"), "billing\n");
  EXPECT_TRUE(claim_data_folder(path, "billing").ok());
  const auto other = claim_data_folder(path, "mailer");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().name(), error_names::k_not_allowed);
  EXPECT_EQ(other.error().message(),
            "the data folder " + path +
                " belongs to the service billing, and this is mailer: give each its own with "
                "--data. Where billing was renamed, write its new name into " +
                path + "/SERVICE");
  write_file(path + "/SERVICE", "mailer");
  EXPECT_TRUE(claim_data_folder(path, "mailer").ok()) << "it was renamed";
  const std::string long_name(256, 'x');
  write_file(path + "/SERVICE", "");
  ASSERT_TRUE(claim_data_folder(path, long_name).ok());
  EXPECT_TRUE(claim_data_folder(path, long_name).ok());
}

TEST(DataFolder, OfANewerFormatIsRefusedNamingBothNumbers) {
  const TemporaryFolder folder;
  write_file(folder / "FORMAT", "eventual-data 7\n");
  const Error error = refused(folder.path());
  EXPECT_EQ(error.name(), error_names::k_not_allowed);
  EXPECT_EQ(error.message(), "the data folder " + folder.path() +
                                 " has format 7, this program reads formats up to 1: use a newer "
                                 "version of the program");
}

TEST(DataFolder, WithAStrangeMarkerIsCorrupt) {
  const TemporaryFolder folder;
  for (const char* marker :
       {"", "hello", "eventual-data x", "eventual-data 0", "eventual-data 1 2"}) {
    write_file(folder / "FORMAT", marker);
    EXPECT_EQ(refused(folder.path()).name(), error_names::k_corrupt) << marker;
  }
}

TEST(DataFolder, WithForeignFilesIsRefusedAndLeftAlone) {
  const TemporaryFolder folder;
  write_file(folder / "thesis.txt", "years of work");
  const Error error = refused(folder.path());
  EXPECT_EQ(error.name(), error_names::k_not_allowed);
  EXPECT_NE(error.message().find("thesis.txt"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "FORMAT"));
}

TEST(DataFolder, ThatIsAFileIsRefused) {
  const TemporaryFolder folder;
  write_file(folder / "data", "");
  EXPECT_EQ(refused(folder / "data").message(),
            "the data folder " + (folder / "data") + " is a file, not a folder");
  EXPECT_EQ(refused(folder / "data/below").name(), error_names::k_unavailable);
  EXPECT_EQ(refused("").name(), error_names::k_not_allowed);
}

TEST(DataFolder, ThatCannotBeWrittenIsRefused) {
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const pid_t child = ::fork();
  if (child == 0) {
    // Root may write anywhere.
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(3);
    const auto existing = DataFolder::open(folder.path());
    const auto missing = DataFolder::open(folder / "new");
    const bool both = !existing.ok() && existing.error().name() == error_names::k_unavailable &&
                      existing.error().message().find("cannot be written") != std::string::npos &&
                      !missing.ok() &&
                      missing.error().message().find("cannot be created") != std::string::npos;
    ::_exit(both ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(DataFolder, SurvivesACrashBeforeItsMarkerWasNamed) {
  const TemporaryFolder folder;
  write_file(folder / "FORMAT.new", "event");
  EXPECT_TRUE(DataFolder::open(folder.path()).ok());
  EXPECT_EQ(read_file(folder / "FORMAT"), "eventual-data 1\n");
}

}  // namespace
}  // namespace eventual::store
