// How the conformance suites open each store.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "store/faulty_store.hpp"
#include "store/memory/memory_store.hpp"
#include "store/open.hpp"

namespace eventual::conformance {

/// A folder of its own under the system's temporary folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "eventual-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error("Internal", "no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class MemoryHarness {
 public:
  ports::Store& store() { return store_; }
  void reopen() {}

 private:
  store::MemoryStore store_;
};

class RocksdbHarness {
 public:
  RocksdbHarness() { open(); }
  ports::Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    open();
  }

 private:
  void open() {
    // Small buffers, so that rows also come from files.
    store_ = store::open_store("rocksdb", folder_ / "data",
                               {.write_buffer_bytes = 1u << 20, .cache_bytes = 1u << 20, .log = {}})
                 .value();
  }
  TemporaryFolder folder_;
  std::unique_ptr<ports::Store> store_;
};

/// Another harness behind a faulty store that has no faults yet.
template <class Inner>
class FaultyHarness {
 public:
  FaultyHarness() : faulty_(std::make_unique<Forward>(inner_)) {}
  ports::Store& store() { return faulty_; }
  store::FaultyStore& faulty() { return faulty_; }
  void reopen() { inner_.reopen(); }

 private:
  /// Lets the faulty store own a store that the harness can replace.
  class Forward final : public ports::Store {
   public:
    explicit Forward(Inner& inner) : inner_(inner) {}
    Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override {
      return inner_.store().get(table, key);
    }
    Result<void> scan(ports::Table table, ports::ScanRange range,
                      const ports::RowVisitor& visit) override {
      return inner_.store().scan(table, range, visit);
    }
    Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override {
      return inner_.store().commit(parts);
    }
    Result<void> backup(const std::string& folder) override {
      return inner_.store().backup(folder);
    }
    ports::StoreFigures figures() const override { return inner_.store().figures(); }

   private:
    Inner& inner_;
  };

  Inner inner_;
  store::FaultyStore faulty_;
};

}  // namespace eventual::conformance
