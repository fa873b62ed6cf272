#include "store/faulty_store.hpp"

#include "store/errors.hpp"

namespace eventual::store {

using ports::Batch;
using ports::PartOutcome;
using ports::Table;
using ports::Write;

void FaultyStore::fail_commit(std::uint64_t nth, CommitFault fault) {
  const std::scoped_lock lock(mutex_);
  commit_faults_[counts_.commits + nth] = fault;
}

void FaultyStore::fail_commits_from(std::uint64_t nth) {
  const std::scoped_lock lock(mutex_);
  failing_from_ = counts_.commits + nth;
}

void FaultyStore::fail_read(std::uint64_t nth) {
  const std::scoped_lock lock(mutex_);
  read_faults_.insert(counts_.reads + nth);
}

void FaultyStore::corrupt(Table table, std::string key) {
  const std::scoped_lock lock(mutex_);
  corrupt_.emplace(table, std::move(key));
}

void FaultyStore::fail_by_chance(std::uint64_t seed, FaultRates rates) {
  const std::scoped_lock lock(mutex_);
  random_ = base::Random(seed);
  rates_ = rates;
}

void FaultyStore::heal() {
  const std::scoped_lock lock(mutex_);
  commit_faults_.clear();
  failing_from_ = ~std::uint64_t{0};
  read_faults_.clear();
  rates_ = {};
}

void FaultyStore::drop_unsynced() {
  const std::scoped_lock commit_lock(commit_mutex_);
  const std::scoped_lock lock(mutex_);
  unsynced_.clear();
}

Result<void> FaultyStore::keep_unsynced() {
  const std::scoped_lock commit_lock(commit_mutex_);
  std::vector<Batch> parts;
  {
    const std::scoped_lock lock(mutex_);
    parts.swap(unsynced_);
  }
  if (parts.empty()) return {};
  auto kept = inner_->commit(parts);
  return kept ? Result<void>() : Result<void>(std::move(kept).error());
}

bool FaultyStore::has_unsynced() const {
  const std::scoped_lock lock(mutex_);
  return !unsynced_.empty();
}

FaultyStore::Counts FaultyStore::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

std::optional<CommitFault> FaultyStore::next_commit_fault() {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t number = ++counts_.commits;
  const auto decide = [&]() -> std::optional<CommitFault> {
    if (const auto scripted = commit_faults_.extract(number)) return scripted.mapped();
    if (number >= failing_from_) return CommitFault::before;
    if (rates_.commit_before + rates_.commit_after + rates_.commit_unsynced <= 0) return {};
    double drawn = random_.unit();
    if (drawn < rates_.commit_before) return CommitFault::before;
    drawn -= rates_.commit_before;
    if (drawn < rates_.commit_after) return CommitFault::after;
    drawn -= rates_.commit_after;
    if (drawn < rates_.commit_unsynced) return CommitFault::unsynced;
    return {};
  };
  const std::optional<CommitFault> fault = decide();
  if (fault) ++counts_.commits_failed;
  return fault;
}

Result<void> FaultyStore::begin_read() {
  const std::scoped_lock lock(mutex_);
  ++counts_.reads;
  const bool fails =
      read_faults_.erase(counts_.reads) > 0 || (rates_.read > 0 && random_.unit() < rates_.read);
  if (!fails) return {};
  ++counts_.reads_failed;
  return unavailable("injected fault: the read failed");
}

bool FaultyStore::is_corrupt(Table table, std::string_view key) const {
  const std::scoped_lock lock(mutex_);
  return !corrupt_.empty() && corrupt_.contains({table, std::string(key)});
}

void FaultyStore::repair(const Write& write) {
  if (write.kind != Write::Kind::remove_range) {
    corrupt_.erase({write.table, write.key});
    return;
  }
  std::erase_if(corrupt_, [&](const auto& row) {
    return row.first == write.table && row.second >= write.key && row.second < write.value;
  });
}

Result<std::optional<std::string>> FaultyStore::get(Table table, std::string_view key) {
  if (auto begun = begin_read(); !begun) return std::move(begun).error();
  if (is_corrupt(table, key)) return corrupt_row(table, key, "injected fault");
  return inner_->get(table, key);
}

Result<void> FaultyStore::scan(Table table, ports::ScanRange range,
                               const ports::RowVisitor& visit) {
  if (auto begun = begin_read(); !begun) return begun;
  std::optional<Error> met;
  auto scanned = inner_->scan(table, range, [&](std::string_view key, std::string_view value) {
    if (is_corrupt(table, key)) {
      met = corrupt_row(table, key, "injected fault");
      return false;
    }
    return visit(key, value);
  });
  if (met) return *std::move(met);
  return scanned;
}

Result<std::vector<PartOutcome>> FaultyStore::commit(std::span<const Batch> parts) {
  const std::scoped_lock commit_lock(commit_mutex_);
  const std::optional<CommitFault> fault = next_commit_fault();
  if (fault == CommitFault::before) {
    return unavailable("injected fault: the commit was not written");
  }
  if (fault == CommitFault::unsynced) {
    const std::scoped_lock lock(mutex_);
    unsynced_.assign(parts.begin(), parts.end());
    return unavailable("injected fault: the commit was not synced");
  }
  auto outcomes = inner_->commit(parts);
  if (!outcomes) return outcomes;
  {
    const std::scoped_lock lock(mutex_);
    unsynced_.clear();
    for (std::size_t part = 0; !corrupt_.empty() && part < parts.size(); ++part) {
      if ((*outcomes)[part] != PartOutcome::committed) continue;
      for (const Write& write : parts[part].writes) repair(write);
    }
  }
  if (fault == CommitFault::after) {
    return unavailable("injected fault: the commit was written but its answer was lost");
  }
  return outcomes;
}

}  // namespace eventual::store
