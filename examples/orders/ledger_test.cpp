#include "ledger.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    folder_ = (std::filesystem::temp_directory_path() / "ledger-test-XXXXXX").string();
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/ledger.tsv"; }

  std::string folder_;
};

ledger::Request charge(const std::string& key, const std::string& card) {
  return {.operation = "charge", .key = key, .subject = card, .amount_cents = 100, .process = 1};
}

TEST_F(LedgerTest, AKeyIsChargedOnceAndEveryAttemptIsKept) {
  ledger::Ledger books(path());
  const ledger::Answer first = books.apply(charge("key", "card"));
  const ledger::Answer second = books.apply(charge("key", "card"));
  EXPECT_TRUE(first.accepted);
  EXPECT_EQ(first.text, second.text);
  const auto entries = ledger::read_file(path());
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_FALSE(entries[0].repeated);
  EXPECT_TRUE(entries[1].repeated);
  EXPECT_EQ(entries[1].request.subject, "card");
}

TEST_F(LedgerTest, KeysOfDifferentOperationsAreDifferent) {
  ledger::Ledger books(path());
  books.apply(charge("key", "card"));
  books.apply({.operation = "refund", .key = "key", .subject = "key"});
  EXPECT_FALSE(ledger::read_file(path())[1].repeated);
}

TEST_F(LedgerTest, KnowsItsKeysAfterARestart) {
  const std::string first = ledger::Ledger(path()).apply(charge("key", "card")).text;
  ledger::Ledger books(path());
  EXPECT_EQ(books.apply(charge("key", "card")).text, first);
  EXPECT_NE(books.apply(charge("other", "card")).text, first);
  EXPECT_EQ(ledger::read_file(path()).size(), 3U);
}

TEST_F(LedgerTest, ALineThatACrashCutDidNotHappen) {
  ledger::Ledger(path()).apply(charge("key", "card"));
  std::ofstream(path(), std::ios::app) << "2\t2026-11-22T12";
  EXPECT_EQ(ledger::read_file(path()).size(), 1U);
  ledger::Ledger(path()).apply(charge("other", "card"));
  EXPECT_EQ(ledger::read_file(path()).size(), 2U);
}

TEST_F(LedgerTest, RefusesWhatTheNamesSay) {
  ledger::Ledger books("");
  EXPECT_FALSE(books.apply(charge("key", "declined-1")).accepted);
  EXPECT_TRUE(books.apply({.operation = "book", .key = "1", .subject = "unshippable-1"}).accepted);
  EXPECT_FALSE(books.apply({.operation = "book", .key = "2", .subject = "1-unshippable"}).accepted);
}

TEST_F(LedgerTest, FieldsMayHoldTabsAndLineEnds) {
  const std::vector<std::string> fields{"a\tb", "", "100%25\n", "\r"};
  EXPECT_EQ(ledger::split_fields(ledger::join_fields(fields)), fields);
}

TEST_F(LedgerTest, AFileThatIsNoLedgerIsLeftAlone) {
  std::ofstream(path()) << "something else\n";
  EXPECT_THROW(ledger::Ledger{path()}, std::runtime_error);
}

}  // namespace
