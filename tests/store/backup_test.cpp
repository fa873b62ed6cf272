// Backups and what is made of them, on the RocksDB store.
#include "store/backup.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "model/records.hpp"
#include "store/memory/memory_store.hpp"
#include "store/open.hpp"
#include "store/rocksdb/rocksdb_reader.hpp"
#include "store/rocksdb/rocksdb_store.hpp"

namespace eventual::store {
namespace {

namespace fs = std::filesystem;

class Backup : public testing::Test {
 protected:
  Backup() {
    path_ = (fs::temp_directory_path() / "eventual-backup-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Backup() override {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  static void put(ports::Store& store, const std::string& name, model::Status status) {
    model::ExecutionRecord record;
    record.status = status;
    ports::Batch batch;
    batch.put(ports::Table::executions, model::keys::execution(1, "w/" + name),
              model::encode(record));
    ASSERT_TRUE(store.commit(std::span(&batch, 1)).ok());
  }
  static std::size_t rows(ports::Store& store) {
    std::size_t count = 0;
    EXPECT_TRUE(store
                    .scan(ports::Table::executions, {},
                          [&](auto, auto) {
                            ++count;
                            return true;
                          })
                    .ok());
    return count;
  }

  std::string path_;
};

TEST_F(Backup, IsRestoredIntoAFolderThatIsNewOrEmpty) {
  {
    auto store = open_rocksdb_store(*this / "data", {}).value();
    put(*store, "one", model::Status::running);
    put(*store, "two", model::Status::failed);
    const auto reply = back_up(*store, *this / "backups/../backup/").value();
    EXPECT_EQ(reply.folder, *this / "backup");
    EXPECT_GT(reply.bytes, 0U);
    put(*store, "three", model::Status::running);
  }
  fs::create_directory(*this / "empty");
  for (const char* target : {"new", "empty"}) {
    const auto report = restore(*this / "backup", *this / target);
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->executions, 2U);
    EXPECT_EQ(report->open, 1U);
    auto store = open_rocksdb_store(*this / target, {}).value();
    EXPECT_EQ(rows(*store), 2U);
    put(*store, "four", model::Status::running);
  }
  EXPECT_EQ(check_backup(*this / "backup")->executions, 2U) << "the backup is not changed";
  EXPECT_FALSE(fs::exists(*this / "new.partial"));
}

TEST_F(Backup, IsNotRestoredOverSomethingElse) {
  {
    auto store = open_rocksdb_store(*this / "data", {}).value();
  }
  fs::create_directory(*this / "full");
  std::ofstream(*this / "full/file") << "x";
  std::ofstream(*this / "file") << "x";
  EXPECT_EQ(restore(*this / "data", *this / "full").error().name(), error_names::k_already_exists);
  EXPECT_EQ(restore(*this / "data", *this / "file").error().name(), error_names::k_already_exists);
  EXPECT_TRUE(fs::exists(*this / "full/file"));
}

TEST_F(Backup, OfANewerFormatOrOfSomethingElseIsRefused) {
  {
    auto store = open_rocksdb_store(*this / "data", {}).value();
  }
  fs::create_directory(*this / "photos");
  EXPECT_EQ(check_backup(*this / "none").error().name(), error_names::k_not_found);
  EXPECT_EQ(check_backup(*this / "photos").error().name(), error_names::k_not_allowed);
  std::ofstream(*this / "data/FORMAT") << "eventual-data 2\n";
  const auto newer = restore(*this / "data", *this / "new");
  EXPECT_EQ(newer.error().name(), error_names::k_not_allowed);
  EXPECT_NE(newer.error().message().find("has format 2, this program reads formats up to 1"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(*this / "new"));
}

TEST_F(Backup, ThatWasDamagedIsNotRestored) {
  {
    auto store = open_rocksdb_store(*this / "data", {}).value();
    for (int i = 0; i < 200; ++i)
      put(*store, std::string(200, 'x') + std::to_string(i), model::Status::running);
    ASSERT_TRUE(back_up(*store, *this / "backup").ok());
  }
  ASSERT_TRUE(check_backup(*this / "backup").ok());
  bool damaged = false;
  for (const auto& entry : fs::directory_iterator(*this / "backup/store")) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file << "damage";
    damaged = true;
  }
  ASSERT_TRUE(damaged);
  const auto report = restore(*this / "backup", *this / "new");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().name(), error_names::k_corrupt) << report.error().message();
  EXPECT_FALSE(fs::exists(*this / "new"));
}

TEST_F(Backup, TheMemoryStoreHasNone) {
  MemoryStore store;
  EXPECT_EQ(back_up(store, *this / "backup").error().name(), error_names::k_not_allowed);
}

TEST_F(Backup, AFolderInUseIsReadWithoutBeingTouched) {
  auto store = open_rocksdb_store(*this / "data", {}).value();
  put(*store, "one", model::Status::running);
  const auto reader = open_rocksdb_reader(*this / "data").value();
  EXPECT_EQ(rows(*reader), 1U);
  ports::Batch batch;
  batch.put(ports::Table::meta, "key", "value");
  EXPECT_EQ(reader->commit(std::span(&batch, 1)).error().name(), error_names::k_not_allowed);
  put(*store, "two", model::Status::running);
  EXPECT_EQ(rows(*store), 2U) << "the service goes on";
  EXPECT_EQ(rows(*open_rocksdb_reader(*this / "data").value()), 2U);
}

}  // namespace
}  // namespace eventual::store
