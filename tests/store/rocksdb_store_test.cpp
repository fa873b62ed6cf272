#include "store/rocksdb/rocksdb_store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "conformance/harness.hpp"

namespace eventual::store {
namespace {

using conformance::TemporaryFolder;
using ports::Batch;
using ports::Table;

std::unique_ptr<ports::Store> open(const std::string& folder,
                                   std::vector<std::string>* log = nullptr) {
  StoreOptions options;
  options.write_buffer_bytes = 2u << 20;
  options.cache_bytes = 1u << 20;
  if (log != nullptr) options.log = [log](std::string_view message) { log->emplace_back(message); };
  return open_store("rocksdb", folder, options).value();
}

/// A value that does not compress, so that sizes are what they seem.
std::string noise(std::size_t bytes, unsigned seed) {
  std::string value(bytes, '\0');
  for (char& byte : value) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return value;
}

std::string key_of(int number) { return std::to_string(100000 + number); }

void commit_rows(ports::Store& store, int first, int last, std::size_t bytes) {
  for (int number = first; number < last; ++number) {
    Batch batch;
    batch.put(Table::history, key_of(number), noise(bytes, static_cast<unsigned>(number)));
    ASSERT_TRUE(store.commit({&batch, 1}).ok());
  }
}

TEST(RocksdbStore, ANewFolderIsNothingToComplainOf) {
  const TemporaryFolder folder;
  std::vector<std::string> log;
  open(folder / "data", &log);
  EXPECT_EQ(log, std::vector<std::string>{});
}

int count_rows(ports::Store& store) {
  int rows = 0;
  store
      .scan(Table::history, {},
            [&](auto, auto) {
              ++rows;
              return true;
            })
      .value();
  return rows;
}

std::vector<std::string> files_of(const std::string& folder, const std::string& extension) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension && entry.file_size() > 0)
      names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& name, const std::string& bytes) {
  std::ofstream(name, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(OpenStore, NamesTheKindsThatItKnows) {
  const auto unknown = open_store("mongodb", "/nowhere");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().name(), error_names::k_invalid_input);
  EXPECT_EQ(unknown.error().message(), "unknown store \"mongodb\": use \"rocksdb\" or \"memory\"");
  EXPECT_TRUE(open_store("memory", "").ok());
}

TEST(RocksdbStore, CountsASyncForEachCommitAndTheBytesOfItsLog) {
  const TemporaryFolder folder;
  const auto store = open(folder / "data");
  const auto before = store->figures();
  commit_rows(*store, 0, 10, 1000);
  EXPECT_EQ(store->figures().syncs, before.syncs + 10);
  EXPECT_GE(store->figures().bytes_written, before.bytes_written + 10 * 1000);
  EXPECT_LE(store->figures().bytes_written, before.bytes_written + 10 * 1200);
}

TEST(RocksdbStore, BacksUpIntoAFolderThatOpensByItself) {
  const TemporaryFolder folder;
  const auto store = open(folder / "data");
  commit_rows(*store, 0, 50, 1000);
  ASSERT_TRUE(store->backup(folder / "backups/monday").ok());
  commit_rows(*store, 50, 60, 1000);
  EXPECT_EQ(store->backup(folder / "backups/monday").error().name(), error_names::k_already_exists);
  const auto copy = open(folder / "backups/monday");
  EXPECT_EQ(count_rows(*copy), 50);
  commit_rows(*copy, 100, 101, 10);
  EXPECT_EQ(count_rows(*store), 60) << "the copy stands alone";
  EXPECT_FALSE(std::filesystem::exists(folder / "backups/monday.partial"));
}

TEST(RocksdbStore, ABackupThatFailsLeavesNothingBehind) {
  const TemporaryFolder folder;
  const auto store = open(folder / "data");
  write_file(folder / "file", "");
  const auto result = store->backup(folder / "file/below");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().name(), error_names::k_unavailable);
}

/// A store whose rows are in files, one block of which is damaged.
class DamagedFile : public testing::Test {
 protected:
  static constexpr int k_rows = 400;

  void SetUp() override {
    {
      const auto store = open(folder_ / "whole");
      commit_rows(*store, 0, k_rows, 500);
      ASSERT_TRUE(store->backup(folder_ / "data").ok());  // a backup writes all rows to files
    }
    const auto files = files_of(folder_ / "data/store", ".sst");
    ASSERT_FALSE(files.empty());
    std::string bytes = read_file(files.front());
    ASSERT_GT(bytes.size(), 100000u);
    bytes[50000] = static_cast<char>(bytes[50000] ^ 0x40);
    std::filesystem::remove(files.front());  // it is linked with the original
    write_file(files.front(), bytes);
  }

  TemporaryFolder folder_;
};

TEST_F(DamagedFile, IsReportedWithTableAndKeyWhileOtherRowsStayReadable) {
  const auto store = open(folder_ / "data");
  int corrupt = 0;
  for (int number = 0; number < k_rows; ++number) {
    const auto value = store->get(Table::history, key_of(number));
    if (value.ok()) {
      EXPECT_EQ(value.value(), noise(500, static_cast<unsigned>(number)));
      continue;
    }
    ++corrupt;
    EXPECT_EQ(value.error().name(), error_names::k_corrupt);
    EXPECT_EQ(value.error().details_json(),
              R"({"table":"history","key":")" + key_of(number) + "\"}");
  }
  EXPECT_GT(corrupt, 0);
  EXPECT_LT(corrupt, k_rows / 4);
}

TEST_F(DamagedFile, EndsAScanWithAnError) {
  const auto store = open(folder_ / "data");
  for (const bool reverse : {false, true}) {
    const auto scanned =
        store->scan(Table::history, {"", "", reverse}, [](auto, auto) { return true; });
    ASSERT_FALSE(scanned.ok());
    EXPECT_EQ(scanned.error().name(), error_names::k_corrupt);
    EXPECT_NE(scanned.error().message().find("history"), std::string::npos);
  }
}

TEST_F(DamagedFile, LeavesTheStoreWritableEvenWhenItsFilesAreMerged) {
  std::vector<std::string> log;
  const auto store = open(folder_ / "data", &log);
  // Enough rows between the damaged ones that files must be merged with the damaged one.
  int failures = 0;
  for (int number = 0; number < 12000; number += 40) {
    Batch batch;
    for (int row = number; row < number + 40; ++row) {
      batch.put(Table::history, key_of(row % k_rows) + "/" + std::to_string(row), noise(3000, 1));
    }
    int attempts = 0;
    while (true) {
      const auto result = store->commit({&batch, 1});
      if (result.ok()) break;
      ++failures;
      ASSERT_LT(++attempts, 5) << result.error().message();
    }
  }
  EXPECT_EQ(store->get(Table::history, key_of(0) + "/0").value(), noise(3000, 1));
  EXPECT_LT(failures, 5);
}

/// The newest log of a store that was left as a power failure leaves it, opened after `damage`.
class TornLog : public testing::Test {
 protected:
  static constexpr int k_rows = 20;

  /// A copy of the folder of a running store: as after SIGKILL.
  std::string copy(std::size_t bytes) {
    const auto store = open(folder_ / "data");
    commit_rows(*store, 0, k_rows, bytes);
    // A log that is no longer needed is removed in the background.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (files_of(folder_ / "data/store", ".log").size() > 1 &&
           std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    const std::string killed = folder_ / "killed";
    std::filesystem::create_directory(killed);
    std::filesystem::copy(folder_ / "data", killed, std::filesystem::copy_options::recursive);
    return killed;
  }

  static std::size_t end_of(const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; }

  TemporaryFolder folder_;
};

TEST_F(TornLog, IsReadAsIsAfterAKill) {
  const auto store = open(copy(1000));
  EXPECT_EQ(count_rows(*store), k_rows);
}

TEST_F(TornLog, LosesOnlyItsUnfinishedLastWrite) {
  for (const std::size_t row_bytes : {std::size_t{1000}, std::size_t{100000}}) {
    std::filesystem::remove_all(folder_ / "data");
    std::filesystem::remove_all(folder_ / "killed");
    const std::string killed = copy(row_bytes);
    const auto logs = files_of(killed + "/store", ".log");
    ASSERT_EQ(logs.size(), 1u);
    const std::string whole = read_file(logs.front());
    const std::size_t end = end_of(whole);
    const std::string pristine = folder_ / "pristine";
    std::filesystem::remove_all(pristine);
    std::filesystem::copy(killed, pristine, std::filesystem::copy_options::recursive);

    const auto expect_all_but_the_last = [&](const std::string& bytes, const std::string& what) {
      std::filesystem::remove_all(killed);
      std::filesystem::copy(pristine, killed, std::filesystem::copy_options::recursive);
      write_file(logs.front(), bytes);
      const auto store = open_store("rocksdb", killed);
      ASSERT_TRUE(store.ok()) << what << ": " << store.error().message();
      EXPECT_EQ(count_rows(**store), k_rows - 1) << what;
      commit_rows(**store, 500, 501, 10);
    };
    for (const std::size_t lost : {std::size_t{1}, row_bytes / 2, row_bytes}) {
      expect_all_but_the_last(whole.substr(0, end - lost), "cut");
      std::string zeros = whole;
      std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(end - lost), zeros.end(), '\0');
      expect_all_but_the_last(zeros, "zeros at the end");
      std::string hole = whole;
      std::fill_n(hole.begin() + static_cast<std::ptrdiff_t>(end - lost), lost / 2 + 1, '\0');
      expect_all_but_the_last(hole, "a hole");
    }
  }
}

TEST_F(TornLog, IsRefusedWhenCommitsFollowTheDamage) {
  const std::string killed = copy(1000);
  const auto logs = files_of(killed + "/store", ".log");
  std::string bytes = read_file(logs.front());
  for (const std::size_t offset : {std::size_t{200}, std::size_t{5000}, end_of(bytes) - 2500}) {
    std::string damaged = bytes;
    damaged[offset] = static_cast<char>(damaged[offset] ^ 1);
    write_file(logs.front(), damaged);
    const auto refused = open_store("rocksdb", killed);
    ASSERT_FALSE(refused.ok()) << offset;
    EXPECT_EQ(refused.error().name(), error_names::k_corrupt);
    EXPECT_NE(refused.error().message().find(logs.front()), std::string::npos);
    EXPECT_EQ(read_file(logs.front()), damaged) << "what is refused is left as it is";
  }
  write_file(logs.front(), bytes);
  EXPECT_EQ(count_rows(*open(killed)), k_rows);
}

}  // namespace
}  // namespace eventual::store
