#include "testing/planted_defects.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace eventual::testing {
namespace {

using ports::Table;
using ports::Write;

/// Leaves out a quarter of the rows that are put into a table.
void forget_rows(ports::Batch& batch, Table table, base::Random& random) {
  std::erase_if(batch.writes, [&](const Write& write) {
    return write.table == table && write.kind == Write::Kind::put && random.one_in(4);
  });
}

/// Rewrites the turns of histories that the batch holds.
void change_turns(ports::Batch& batch, const std::function<void(model::Turn&)>& change) {
  for (Write& write : batch.writes) {
    if (write.table != Table::history || write.kind != Write::Kind::put) continue;
    auto turn = model::decode_turn(write.value, 0);
    if (!turn) continue;
    change(*turn);
    write.value = model::encode(*turn);
  }
}

template <class Event>
void record_twice(model::Turn& turn) {
  const auto found = std::find_if(turn.events.begin(), turn.events.end(), [](const auto& event) {
    return std::holds_alternative<Event>(event);
  });
  if (found != turn.events.end()) turn.events.push_back(model::Event(*found));
}

/// The copied turns of a retried run are in the batch that also holds its execution_forked.
void forget_copied_results(ports::Batch& batch) {
  bool retried = false;
  change_turns(batch, [&](model::Turn& turn) {
    for (const model::Event& event : turn.events) {
      const auto* forked = std::get_if<model::ExecutionForked>(&event);
      retried = retried || (forked != nullptr && !forked->from_call);
    }
  });
  if (!retried) return;
  change_turns(batch, [](model::Turn& turn) {
    std::erase_if(turn.events, [](const model::Event& event) {
      return std::holds_alternative<model::TaskSucceeded>(event);
    });
  });
}

}  // namespace

void spoil(engine::Output& output, PlantedDefect defect, base::Random& random) {
  ports::Batch& batch = output.batch;
  switch (defect) {
    case PlantedDefect::forgets_timers:
      return forget_rows(batch, Table::timers, random);
    case PlantedDefect::forgets_active_rows:
      return forget_rows(batch, Table::active, random);
    case PlantedDefect::forgets_deliveries:
      return forget_rows(batch, Table::deliveries, random);
    case PlantedDefect::forgets_changes:
      for (engine::Part& part : output.parts) {
        if (!random.one_in(8)) continue;
        part.events.clear();
        std::erase_if(part.batch.writes,
                      [](const Write& write) { return write.table == Table::events; });
      }
      return;
    case PlantedDefect::forgets_event_ids:
      return forget_rows(batch, Table::dedupe, random);
    case PlantedDefect::loses_turns:
      return forget_rows(batch, Table::history, random);
    case PlantedDefect::tears_batches:
      if (random.one_in(8)) batch.writes.resize(batch.writes.size() / 2);
      return;
    case PlantedDefect::loses_messages:
      if (random.one_in(4)) output.messages.clear();
      return;
    case PlantedDefect::records_results_twice:
      if (random.one_in(8)) change_turns(batch, record_twice<model::TaskSucceeded>);
      return;
    case PlantedDefect::delivers_twice:
      if (random.one_in(8)) change_turns(batch, record_twice<model::SignalReceived>);
      return;
    case PlantedDefect::retry_loses_results:
      return forget_copied_results(batch);
    case PlantedDefect::skips_preconditions:
      for (engine::Part& part : output.parts) part.batch.preconditions.clear();
      return;
    default:
      return;  // it is not in what is written
  }
}

}  // namespace eventual::testing
