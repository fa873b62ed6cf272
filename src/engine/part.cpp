#include "engine/part.hpp"

#include <span>
#include <utility>

#include "engine/engine.hpp"

namespace eventual::engine {

namespace {

/// Whether an earlier try wrote this part although it seemed to fail. Each part begins with a row
/// that nobody else writes so, or with the removal of one that it requires.
Result<bool> was_written(ports::Store& store, const ports::Batch& batch) {
  if (batch.writes.empty()) return false;
  const ports::Write& first = batch.writes.front();
  const auto row = store.get(first.table, first.key);
  if (!row) return row.error();
  if (first.kind == ports::Write::Kind::put) return *row == first.value;
  return !row->has_value();
}

}  // namespace

Result<void> commit_output(ports::Store& store, Output& output, bool given_before) {
  if (output.parts.empty()) {
    const auto outcomes = store.commit(std::span(&output.batch, 1));
    if (!outcomes) return outcomes.error();
    if (outcomes->front() != ports::PartOutcome::committed)
      return Error(std::string(error_names::k_unavailable), "another process writes to it");
    return {};
  }
  std::vector<ports::Batch> batches;
  batches.reserve(output.parts.size() + 1);
  batches.push_back(std::move(output.batch));
  for (Part& part : output.parts) batches.push_back(std::move(part.batch));
  const auto outcomes = store.commit(batches);
  output.batch = std::move(batches.front());
  for (std::size_t i = 0; i < output.parts.size(); ++i)
    output.parts[i].batch = std::move(batches[i + 1]);
  if (!outcomes) return outcomes.error();
  for (std::size_t i = 0; i < output.parts.size(); ++i) {
    Part& part = output.parts[i];
    part.committed = outcomes->at(i + 1) == ports::PartOutcome::committed;
    if (part.committed || !given_before) continue;
    const auto written = was_written(store, part.batch);
    if (!written) return written.error();
    part.committed = *written;
  }
  if (outcomes->front() != ports::PartOutcome::committed)
    return Error(std::string(error_names::k_unavailable), "another process writes to it");
  return {};
}

}  // namespace eventual::engine
