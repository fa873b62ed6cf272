#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
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

/// A disk of 24 MiB in memory, where the process may mount one.
class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
      GTEST_SKIP() << "mounting a small disk needs root";
    }
    mounted_ = true;
    StoreOptions options;
    options.write_buffer_bytes = 2u << 20;
    options.cache_bytes = 1u << 20;
    options.log = [this](std::string_view message) { log_.emplace_back(message); };
    store_ = open_store("rocksdb", folder_ / "data", options).value();
  }

  void TearDown() override {
    store_.reset();
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }

  static Batch batch(int number) {
    std::string value(20000, '\0');
    unsigned seed = static_cast<unsigned>(number);
    for (char& byte : value) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    Batch result;
    result.put(Table::history, std::to_string(number), value);
    result.put(Table::executions, std::to_string(number), std::to_string(number));
    return result;
  }

  Result<std::vector<ports::PartOutcome>> commit(int number) {
    const Batch part = batch(number);
    return store_->commit({&part, 1});
  }

  void fill() {
    std::ofstream file(folder_ / "ballast", std::ios::binary | std::ios::app);
    const std::string piece(64 << 10, 'x');
    while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())) && file.flush()) {
    }
  }

  void expect_committed(int first, int last) {
    for (int number = first; number < last; ++number) {
      const auto row = store_->get(Table::history, std::to_string(number));
      ASSERT_TRUE(row.ok()) << row.error().message();
      EXPECT_EQ(*row, batch(number).writes[0].value) << number;
      EXPECT_EQ(store_->get(Table::executions, std::to_string(number)).value(),
                std::to_string(number));
    }
  }

  /// Commits until the disk refuses; the number that failed. The store deletes old files whenever
  /// it can: what that frees is filled again.
  int commit_until_full(int number) {
    while (number < 5000) {
      fill();
      const auto result = commit(number);
      if (!result.ok()) {
        EXPECT_EQ(result.error().name(), error_names::k_unavailable);
        EXPECT_NE(result.error().message().find("cannot write"), std::string::npos);
        return number;
      }
      ++number;
    }
    ADD_FAILURE() << "the disk never became full";
    return number;
  }

  TemporaryFolder folder_;
  bool mounted_ = false;
  std::vector<std::string> log_;
  std::unique_ptr<ports::Store> store_;
};

TEST_F(FullDisk, RefusesCommitsKeepsReadingAndRecoversWithSpace) {
  int number = 0;
  for (; number < 50; ++number) ASSERT_TRUE(commit(number).ok());
  for (int round = 0; round < 4; ++round) {
    int failed = number;
    for (int attempt = 0; attempt < 3; ++attempt) {
      failed = commit_until_full(failed);
      expect_committed(0, failed);
      const auto absent = store_->get(Table::history, std::to_string(failed));
      ASSERT_TRUE(absent.ok());
      EXPECT_EQ(*absent, std::nullopt) << "what was refused is not there";
    }
    std::filesystem::remove(folder_ / "ballast");
    int attempts = 0;
    while (!commit(failed).ok()) ASSERT_LT(++attempts, 10);
    number = failed + 1;
    expect_committed(0, number);
  }
  EXPECT_GE(log_.size(), 8u) << "each failure and each recovery is logged";
  store_.reset();
  store_ = open_store("rocksdb", folder_ / "data").value();
  expect_committed(0, number);
}

TEST_F(FullDisk, DoesNotBringBackWhatItRefused) {
  for (int number = 0; number < 20; ++number) ASSERT_TRUE(commit(number).ok());
  const int failed = commit_until_full(20);
  std::filesystem::remove(folder_ / "ballast");
  int attempts = 0;
  while (!commit(failed + 1).ok()) ASSERT_LT(++attempts, 10);
  EXPECT_EQ(store_->get(Table::history, std::to_string(failed)).value(), std::nullopt);
  store_.reset();
  store_ = open_store("rocksdb", folder_ / "data").value();
  EXPECT_EQ(store_->get(Table::history, std::to_string(failed)).value(), std::nullopt);
  expect_committed(failed + 1, failed + 2);
}

TEST_F(FullDisk, RecoversWhileOtherThreadsScan) {
  for (int number = 0; number < 50; ++number) ASSERT_TRUE(commit(number).ok());
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      int rows = 0;
      const auto scanned = store_->scan(Table::executions, {}, [&](auto, auto) {
        ++rows;
        return true;
      });
      if (scanned.ok()) EXPECT_GE(rows, 50);
    }
  });
  const int failed = commit_until_full(50);
  std::filesystem::remove(folder_ / "ballast");
  int attempts = 0;
  while (!commit(failed).ok() && attempts < 10) ++attempts;
  done = true;
  reader.join();
  EXPECT_LT(attempts, 10);
  expect_committed(0, failed + 1);
}

}  // namespace
}  // namespace eventual::store
