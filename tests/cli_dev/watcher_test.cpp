// Which saves are seen.
#include "cli/dev/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cli_dev/support.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class WatcherTest : public testing::Test {
 protected:
  WatcherTest() {
    fs::create_directories(folder_ / "src/deep");
    fs::create_directories(folder_ / "build/dev");
    fs::create_directories(folder_ / ".git");
    watcher_.emplace(Watcher::start(folder_.path(), {folder_ / "build"}).value());
  }

  /// Events are there as soon as the call that caused them has returned.
  std::vector<std::string> changes() {
    std::vector<std::string> relative;
    for (const std::string& path : watcher_->take_changes())
      relative.push_back(path.substr(folder_.path().size() + 1));
    return relative;
  }

  Folder folder_;
  std::optional<Watcher> watcher_;
};

TEST_F(WatcherTest, ASavedFileIsSeenOnce) {
  write_text(folder_ / "src/deep/a.cpp", "1");
  write_text(folder_ / "src/deep/a.cpp", "2");
  write_text(folder_ / "main.cpp", "1");
  EXPECT_THAT(changes(), ElementsAre("main.cpp", "src/deep/a.cpp"));
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(WatcherTest, AFileThatIsPutInItsPlaceIsSeen) {
  write_text(folder_ / ".a.cpp.new", "1");
  fs::rename(folder_ / ".a.cpp.new", folder_ / "a.cpp");
  EXPECT_THAT(changes(), ElementsAre("a.cpp"));
  fs::remove(folder_ / "a.cpp");
  EXPECT_THAT(changes(), ElementsAre("a.cpp"));
}

TEST_F(WatcherTest, FoldersThatAreMadeLaterAreWatchedWithWhatIsInThem) {
  Folder elsewhere;
  fs::create_directories(elsewhere / "new/below");
  write_text(elsewhere / "new/below/a.cpp", "1");
  fs::rename(elsewhere / "new", folder_ / "new");
  EXPECT_THAT(changes(), ElementsAre("new/below/a.cpp"));
  write_text(folder_ / "new/below/b.cpp", "1");
  EXPECT_THAT(changes(), ElementsAre("new/below/b.cpp"));
}

TEST_F(WatcherTest, BuildsHiddenFilesAndWhatEditorsLeaveAreNotSeen) {
  write_text(folder_ / "build/dev/a.o", "1");
  write_text(folder_ / ".git/index", "1");
  for (const char* name : {".a.cpp.swp", "a.cpp~", "#a.cpp#", ".#a.cpp", "4913", "a.cpp.tmp"})
    write_text(folder_ / name, "1");
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(WatcherTest, ReadingAFileIsNoChange) {
  write_text(folder_ / "a.cpp", "1");
  changes();
  read_text(folder_ / "a.cpp");
  EXPECT_THAT(changes(), IsEmpty());
}

}  // namespace
}  // namespace eventual::cli
