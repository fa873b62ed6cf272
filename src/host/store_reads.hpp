// The store for handlers, which may run longer than it is open.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>

#include "ports/store.hpp"

namespace eventual::host {

/// Reads of a store until it is closed; Unavailable from then on. Any thread.
class StoreReads final : public ports::Store {
 public:
  /// `store` must live until close().
  explicit StoreReads(ports::Store& store) : store_(&store) {}

  /// Waits for reads under way. The store may be destroyed then.
  void close() {
    const std::unique_lock lock(mutex_);
    store_ = nullptr;
  }

  Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return closed();
    return store_->get(table, key);
  }
  Result<void> scan(ports::Table table, ports::ScanRange range,
                    const ports::RowVisitor& visit) override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return closed();
    return store_->scan(table, range, visit);
  }
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch>) override {
    return Error(std::string(error_names::k_not_allowed), "handlers do not write by themselves");
  }
  Result<void> backup(const std::string&) override {
    return Error(std::string(error_names::k_not_allowed), "handlers make no backups");
  }
  ports::StoreFigures figures() const override { return {}; }

 private:
  static Error closed() {
    return Error(std::string(error_names::k_unavailable), "the service has stopped");
  }
  std::shared_mutex mutex_;
  ports::Store* store_;
};

}  // namespace eventual::host
