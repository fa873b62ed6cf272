// A store in memory: for tests, for services that need no durability, and the model that other
// stores are compared with.
#pragma once

#include <memory>

#include "ports/store.hpp"

namespace eventual::store {

/// Keeps everything until it is destroyed; `commit` never fails. Scans see the instant they began
/// at, hold no lock while they visit, and may be used to commit.
class MemoryStore final : public ports::Store {
 public:
  MemoryStore();
  ~MemoryStore() override;

  Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override;
  Result<void> scan(ports::Table table, ports::ScanRange range,
                    const ports::RowVisitor& visit) override;
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override;
  Result<void> backup(const std::string& folder) override;
  ports::StoreFigures figures() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eventual::store
