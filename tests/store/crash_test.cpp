#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "conformance/harness.hpp"

namespace eventual::store {
namespace {

using conformance::TemporaryFolder;
using ports::Table;

/// A process that commits numbers into a folder, see tools/commit_numbers.cpp.
class Writer {
 public:
  Writer(const std::string& folder, unsigned long first) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error("Internal", "no pipe");
    const std::string program = std::string(EVENTUAL_BIN_DIR) + "/commit_numbers";
    const std::string number = std::to_string(first);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(program.c_str(), program.c_str(), folder.c_str(), number.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    acknowledged_ = ends[0];
  }
  ~Writer() {
    if (process_ > 0) kill();
    ::close(acknowledged_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  pid_t process() const { return process_; }

  /// Waits for the next acknowledgement; false when the process ended.
  bool next(unsigned long& number) {
    return ::read(acknowledged_, &number, sizeof number) == sizeof number;
  }

  void kill() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
  int acknowledged_ = -1;
};

/// How many rows of each number a table holds.
std::map<unsigned long, int> rows_by_number(ports::Store& store, Table table) {
  std::map<unsigned long, int> rows;
  store
      .scan(table, {},
            [&](std::string_view key, std::string_view) {
              ++rows[std::stoul(std::string(key.substr(0, key.find('/'))))];
              return true;
            })
      .value();
  return rows;
}

TEST(RocksdbCrash, KeepsEveryAcknowledgedCommitAndNoHalfOne) {
  const TemporaryFolder folder;
  std::mt19937 random(20);
  unsigned long acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    unsigned long number = 0;
    {
      Writer writer(folder / "data", acknowledged + 1);
      ASSERT_TRUE(writer.next(number)) << "round " << round << ": the writer did not start";
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60000));
      writer.kill();
      do {
        acknowledged = number;
      } while (writer.next(number));
    }
    auto store = open_store("rocksdb", folder / "data");
    ASSERT_TRUE(store.ok()) << "round " << round << ": " << store.error().message();
    const auto history = rows_by_number(**store, Table::history);
    EXPECT_EQ(history, rows_by_number(**store, Table::executions));
    for (const auto& [committed, rows] : history) {
      EXPECT_EQ(rows, 10) << "commit " << committed << " is half there";
    }
    ASSERT_GE(history.size(), acknowledged);
    EXPECT_LE(history.size(), acknowledged + 1) << "at most one commit was in flight";
    EXPECT_EQ((*store)->get(Table::meta, "last").value(), std::to_string(history.size()));
    acknowledged = history.size();
  }
}

TEST(RocksdbCrash, RefusesAFolderThatAnotherProcessUses) {
  const TemporaryFolder folder;
  Writer writer(folder / "data", 1);
  unsigned long number = 0;
  ASSERT_TRUE(writer.next(number));
  const auto refused = open_store("rocksdb", folder / "data");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), error_names::k_unavailable);
  EXPECT_EQ(refused.error().message(), "the data folder " + (folder / "data") +
                                           " is in use by process " +
                                           std::to_string(writer.process()));
  writer.kill();
  EXPECT_TRUE(open_store("rocksdb", folder / "data").ok());
}

}  // namespace
}  // namespace eventual::store
