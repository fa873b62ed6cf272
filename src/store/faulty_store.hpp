// A store with faults on demand: failing commits and reads, lost writes, corrupt rows. For tests
// and the simulator.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "ports/store.hpp"

namespace eventual::store {

/// What a failing commit leaves behind. The caller gets Unavailable in each case and cannot tell
/// them apart.
enum class CommitFault : std::uint8_t {
  before,    ///< nothing was written
  after,     ///< everything was written and is visible and durable
  unsynced,  ///< written but not durable: invisible until a crash decides, see drop_unsynced and
             ///< keep_unsynced
};

/// How often something fails by chance, each from 0 (never) to 1.
struct FaultRates {
  double commit_before = 0;
  double commit_after = 0;
  double commit_unsynced = 0;
  double read = 0;
};

/// Passes everything on to another store, except what it was told to fail. Faults depend on the
/// calls alone: the same calls with the same script and seed fail alike. Any thread may call any
/// method.
class FaultyStore final : public ports::Store {
 public:
  explicit FaultyStore(std::unique_ptr<ports::Store> inner) : inner_(std::move(inner)) {}

  /// Fails the n-th commit from now (1 is the next one).
  void fail_commit(std::uint64_t nth, CommitFault fault);
  /// Fails every commit from the n-th from now until heal(), as a full disk does.
  void fail_commits_from(std::uint64_t nth);
  /// Fails the n-th get or scan from now (1 is the next one) with Unavailable.
  void fail_read(std::uint64_t nth);
  /// Makes gets and scans that meet the row fail with Corrupt until it is written again.
  void corrupt(ports::Table table, std::string key);
  /// Fails by chance, in addition to the script.
  void fail_by_chance(std::uint64_t seed, FaultRates rates);
  /// Ends all faults that are still to come. Corrupt rows and unsynced commits stay.
  void heal();

  /// Power was lost: what was not durable is gone. A later commit that succeeds has the same
  /// effect.
  void drop_unsynced();
  /// The process died but the machine lived: what was written is there. Fails only as the store
  /// within does.
  Result<void> keep_unsynced();
  bool has_unsynced() const;

  /// Commits and reads asked for, and those failed on purpose.
  struct Counts {
    std::uint64_t commits = 0;
    std::uint64_t commits_failed = 0;
    std::uint64_t reads = 0;
    std::uint64_t reads_failed = 0;
  };
  Counts counts() const;

  ports::Store& inner() { return *inner_; }

  Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override;
  Result<void> scan(ports::Table table, ports::ScanRange range,
                    const ports::RowVisitor& visit) override;
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override;
  Result<void> backup(const std::string& folder) override { return inner_->backup(folder); }
  ports::StoreFigures figures() const override { return inner_->figures(); }

 private:
  std::optional<CommitFault> next_commit_fault();
  Result<void> begin_read();
  bool is_corrupt(ports::Table table, std::string_view key) const;
  void repair(const ports::Write& write);

  const std::unique_ptr<ports::Store> inner_;
  std::mutex
      commit_mutex_;  // held over a whole commit, so that faults and inner commits have one order
  mutable std::mutex mutex_;  // guards everything below; never held while inner_ is called
  std::map<std::uint64_t, CommitFault> commit_faults_;
  std::uint64_t failing_from_ = ~std::uint64_t{0};
  std::set<std::uint64_t> read_faults_;
  std::set<std::pair<ports::Table, std::string>, std::less<>> corrupt_;
  FaultRates rates_;
  base::Random random_{0};
  std::vector<ports::Batch> unsynced_;
  Counts counts_;
};

}  // namespace eventual::store
