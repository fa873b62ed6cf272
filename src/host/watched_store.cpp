#include "host/watched_store.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "gateway/change_feed.hpp"
#include "model/events.hpp"
#include "model/records.hpp"
#include "model/stored_keys.hpp"

namespace eventual::host {
namespace {

using ports::Batch;
using ports::PartOutcome;
using ports::Table;
namespace keys = model::keys;

/// Published views lie in the same table; what follows the id tells them apart.
bool is_record(std::string_view execution_key, std::string_view id) {
  constexpr std::size_t k_shard_bytes = 2;
  constexpr std::string_view k_view("\0view", 5);
  const std::string_view rest = execution_key.substr(k_shard_bytes + id.size());
  return rest.empty() || (rest.size() == k_view.size() && rest != k_view);
}

class WatchedStore final : public ports::Store {
 public:
  WatchedStore(std::unique_ptr<ports::Store> store, gateway::ChangeFeed& feed)
      : store_(std::move(store)), feed_(feed) {}

  Result<std::optional<std::string>> get(Table table, std::string_view key) override {
    return store_->get(table, key);
  }
  Result<void> scan(Table table, ports::ScanRange range, const ports::RowVisitor& visit) override {
    return store_->scan(table, range, visit);
  }
  Result<std::vector<PartOutcome>> commit(std::span<const Batch> parts) override {
    auto outcomes = store_->commit(parts);
    if (!outcomes || !feed_.watched()) return outcomes;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if ((*outcomes)[i] != PartOutcome::committed) continue;
      for (const ports::Write& write : parts[i].writes) {
        if (write.kind == ports::Write::Kind::put) tell(write);
      }
    }
    return outcomes;
  }
  Result<void> backup(const std::string& folder) override { return store_->backup(folder); }
  ports::StoreFigures figures() const override { return store_->figures(); }

 private:
  void tell(const ports::Write& write) {
    using Kind = gateway::ChangeFeed::Kind;
    if (write.table == Table::executions) {
      if (!feed_.watched(Kind::execution) && !feed_.watched(Kind::history)) return;
      const std::string_view id = keys::id_in(write.key);
      if (id.empty() || !is_record(write.key, id)) return;
      if (const auto record = model::decode_execution(write.value)) {
        feed_.history_grew(id, record->run);
        feed_.stored(id, *record);
      }
    } else if (write.table == Table::history) {
      if (!feed_.watched(Kind::history)) return;
      const std::string_view run = keys::run_in(write.key);
      if (run.size() < sizeof(std::uint32_t)) return;
      base::ByteReader number(run.substr(run.size() - sizeof(std::uint32_t)));
      feed_.history_grew(keys::id_in(write.key), number.big_endian<std::uint32_t>().value_or(1));
    } else if (write.table == Table::events) {
      if (!feed_.watched(Kind::event)) return;
      // The log's rows; others wait for their place in it, or say how far it goes.
      const std::uint64_t number = keys::event_number(write.key);
      if (write.key != keys::event(number)) return;
      if (const auto event = model::decode_event(write.value)) feed_.emitted(number, *event);
    }
  }

  const std::unique_ptr<ports::Store> store_;
  gateway::ChangeFeed& feed_;
};

}  // namespace

std::unique_ptr<ports::Store> watch_store(std::unique_ptr<ports::Store> store,
                                          gateway::ChangeFeed& feed) {
  return std::make_unique<WatchedStore>(std::move(store), feed);
}

}  // namespace eventual::host
