// One attempt of a transaction: reads from the store, its own writes over them, and in the end one
// batch that is written only if nothing that was read has changed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "model/entities.hpp"
#include "model/events.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

class EntityTransaction {
 public:
  enum class Kind : std::uint8_t {
    transaction,  ///< what it reads must not change before it is committed
    plain,        ///< a single operation: scans are allowed
  };

  /// `store` and `declarations` must outlive it. `stamp` is drawn at random: it marks what this
  /// attempt writes.
  EntityTransaction(ports::Store& store, const detail::Declarations& declarations,
                    std::uint64_t stamp, Kind kind)
      : store_(store), declarations_(declarations), stamp_(stamp), kind_(kind) {}

  /// One operation and its result as JSON: of get null or {"value", "version"}, of put the version,
  /// of remove whether there was an item, of query and scan {"items": […], "cursor": …}. `item` is
  /// what put stores, or null: then it is read from the request's value. NotFound, InvalidInput,
  /// UnexpectedVersion, LimitExceeded, NotAllowed, Unavailable, Corrupt. A failed operation changes
  /// nothing.
  Result<std::string> perform(const detail::EntityRequest& request, const void* item = nullptr);

  /// A row as this attempt first saw it; it must be so when the batch is committed.
  Result<std::optional<std::string>> read(ports::Table table, const std::string& key);
  /// Writes beside those of entities. They come first in the batch.
  void put(ports::Table table, std::string key, std::string value) {
    rows_.put(table, std::move(key), std::move(value));
  }
  void remove(ports::Table table, std::string key) { rows_.remove(table, std::move(key)); }

  /// Something is to be written.
  bool changes() const;
  /// Nothing that was read has changed: what was seen is the state at one instant.
  Result<bool> still_valid();
  /// What to commit; nothing else may be asked afterwards. LimitExceeded.
  Result<ports::Batch> take_batch();

  /// What it does to one item.
  struct Change {
    const detail::EntityDefinition* entity;
    const model::EntityRecord* before;  ///< null: there was none
    const model::EntityRecord* after;   ///< null: it is removed
  };
  std::vector<Change> item_changes() const;

 private:
  struct Item {
    const detail::EntityDefinition* entity = nullptr;
    std::string key;  ///< bytes
    std::optional<model::EntityRecord> before;
    std::optional<model::EntityRecord> now;
    bool changed = false;
  };
  struct Range;

  Result<Item*> find_item(const detail::EntityDefinition& entity, const std::string& key);
  Result<std::string> get(const detail::EntityDefinition& entity,
                          const detail::EntityRequest& request);
  Result<std::string> put_item(const detail::EntityDefinition& entity,
                               const detail::EntityRequest& request, const void* item);
  Result<std::string> remove_item(const detail::EntityDefinition& entity,
                                  const detail::EntityRequest& request);
  Result<std::string> query(const detail::EntityDefinition& entity,
                            const detail::EntityRequest& request);
  Result<void> check_version(const Item& item, const detail::EntityRequest& request) const;
  Result<void> guard(const detail::EntityDefinition& entity, std::string_view index,
                     std::string_view partition);
  Result<void> collect(const detail::EntityDefinition& entity, const Range& range,
                       std::vector<std::pair<std::string, model::EntityRecord>>& found,
                       std::size_t wanted);
  void touch_guards(const Item& item, ports::Batch& batch);
  void write_item(const Item& item, ports::Batch& batch);

  ports::Store& store_;
  const detail::Declarations& declarations_;
  const std::uint64_t stamp_;
  const Kind kind_;
  std::map<std::pair<ports::Table, std::string>, std::optional<std::string>> reads_;
  std::map<std::string, Item> items_;  // by row; references stay good
  ports::Batch rows_;
};

/// The event that tells of a change: an EntityChange. Its key is the item's.
model::StoredEvent event_of(const EntityTransaction::Change& change);

}  // namespace eventual::engine
