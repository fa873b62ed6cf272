#include "engine/entity_transaction.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "engine/errors.hpp"
#include "eventual/schema.hpp"
#include "eventual/transaction.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using Operation = detail::EntityRequest::Operation;
using ports::Table;

namespace {

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

/// The key of a get or remove as bytes behind the entity's prefix.
Result<std::string> item_key(const detail::EntityDefinition& entity, const std::string& json) {
  const Result<Json> values = Json::parse(json);
  if (!values) return values.error();
  std::vector<detail::KeyPart> parts = entity.key.partition;
  parts.insert(parts.end(), entity.key.sort.begin(), entity.key.sort.end());
  return model::key_bytes(parts, *values);
}

std::string versioned_json(const model::EntityRecord& record) {
  std::string json = "{\"value\":";
  json.append(record.value);
  json.append(",\"version\":").append(std::to_string(record.version)).push_back('}');
  return json;
}

}  // namespace

// --- rows and items ---

Result<std::optional<std::string>> EntityTransaction::read(Table table, const std::string& key) {
  const auto known = reads_.find({table, key});
  if (known != reads_.end()) return known->second;
  if (reads_.size() >= base::k_transaction_rows_max) {
    return limit_exceeded("a transaction reads more than " +
                          std::to_string(base::k_transaction_rows_max) + " rows");
  }
  auto row = store_.get(table, key);
  if (!row) return row.error();
  return reads_.emplace(std::pair(table, key), std::move(*row)).first->second;
}

Result<EntityTransaction::Item*> EntityTransaction::find_item(
    const detail::EntityDefinition& entity, const std::string& key) {
  std::string row = keys::entity(entity.name) + key;
  const auto known = items_.find(row);
  if (known != items_.end()) return &known->second;
  const auto bytes = read(Table::entities, row);
  if (!bytes) return bytes.error();
  Item item;
  item.entity = &entity;
  item.key = key;
  if (*bytes) {
    auto record = model::decode_entity(**bytes);
    if (!record)
      return Error(record.error().name(),
                   record.error().message() + " (entity " + entity.name + ")");
    item.before = std::move(*record);
    item.now = item.before;
  }
  return &items_.emplace(std::move(row), std::move(item)).first->second;
}

Result<void> EntityTransaction::check_version(const Item& item,
                                              const detail::EntityRequest& request) const {
  if (!request.expected_version) return {};
  const std::uint64_t found = item.before ? item.before->version : 0;
  if (found == *request.expected_version) return {};
  return Error(
      std::string(error_names::k_unexpected_version),
      "Operation expected version " + std::to_string(*request.expected_version) + " but found " +
          std::to_string(found) + ".",
      Json::object(
          {{"entity", request.entity}, {"expected", *request.expected_version}, {"found", found}})
          .dump());
}

// --- operations ---

Result<std::string> EntityTransaction::perform(const detail::EntityRequest& request,
                                               const void* item) {
  const detail::EntityDefinition* entity = declarations_.find_entity(request.entity);
  if (entity == nullptr) return not_found("entity " + request.entity + " is not declared");
  switch (request.operation) {
    case Operation::get:
      return get(*entity, request);
    case Operation::put:
      return put_item(*entity, request, item);
    case Operation::remove:
      return remove_item(*entity, request);
    case Operation::query:
    case Operation::scan:
      return query(*entity, request);
  }
  return invalid("an entity has no such operation");
}

Result<std::string> EntityTransaction::get(const detail::EntityDefinition& entity,
                                           const detail::EntityRequest& request) {
  const auto key = item_key(entity, request.key);
  if (!key) return key.error();
  const auto item = find_item(entity, *key);
  if (!item) return item.error();
  return (*item)->now ? versioned_json(*(*item)->now) : std::string("null");
}

Result<std::string> EntityTransaction::put_item(const detail::EntityDefinition& entity,
                                                const detail::EntityRequest& request,
                                                const void* value) {
  if (request.value.size() > base::k_entity_bytes_max) {
    return limit_exceeded("an item of entity " + entity.name + " has " +
                          std::to_string(request.value.size()) + " bytes, more than " +
                          std::to_string(base::k_entity_bytes_max));
  }
  model::EntityRecord record;
  detail::KeyBytes place;
  std::optional<Error> failure;
  const auto take = [&](const void* object) {
    place = entity.place(object);
    for (const detail::IndexDefinition& index : entity.indexes) {
      if (auto in_index = index.place(object))
        record.places.push_back({index.name, std::move(*in_index)});
    }
  };
  if (value != nullptr) {
    take(value);
    record.value = request.value;
  } else {
    try {
      record.value = entity.normalise(request.value);
      entity.with_item(record.value, take);
    } catch (...) {
      return describe(std::current_exception());
    }
  }
  std::size_t longest = place.partition.size() + place.sort.size();
  for (const model::IndexPlace& in_index : record.places)
    longest = std::max(longest, in_index.key.partition.size() + in_index.key.sort.size());
  if (longest > base::k_entity_key_bytes_max) {
    return limit_exceeded("a key of entity " + entity.name + " has " + std::to_string(longest) +
                          " bytes, more than " + std::to_string(base::k_entity_key_bytes_max));
  }
  const auto found = find_item(entity, place.partition + place.sort);
  if (!found) return found.error();
  Item& item = **found;
  if (auto expected = check_version(item, request); !expected) return expected.error();
  auto key = model::key_values(item.key);
  if (!key) return key.error();
  record.key = key->dump();
  record.stamp = stamp_;
  const std::uint64_t found_version = item.before ? item.before->version : 0;
  const bool raised = item.now && item.now->version > found_version;
  const bool keeps = request.keep_version && found_version != 0 && !raised;
  record.version = keeps ? found_version : found_version + 1;
  item.now = std::move(record);
  item.changed = true;
  return std::to_string(item.now->version);
}

Result<std::string> EntityTransaction::remove_item(const detail::EntityDefinition& entity,
                                                   const detail::EntityRequest& request) {
  const auto key = item_key(entity, request.key);
  if (!key) return key.error();
  const auto found = find_item(entity, *key);
  if (!found) return found.error();
  Item& item = **found;
  if (auto expected = check_version(item, request); !expected) return expected.error();
  const bool existed = item.now.has_value();
  item.now.reset();
  item.changed = item.before.has_value();
  return std::string(existed ? "true" : "false");
}

// --- what is committed ---

bool EntityTransaction::changes() const {
  return !rows_.writes.empty() || std::any_of(items_.begin(), items_.end(), [](const auto& entry) {
    return entry.second.changed;
  });
}

Result<bool> EntityTransaction::still_valid() {
  if (reads_.size() < 2) return true;
  for (const auto& [row, value] : reads_) {
    const auto again = store_.get(row.first, row.second);
    if (!again) return again.error();
    if (*again != value) return false;
  }
  return true;
}

/// Whoever has read a range that the item was in, or is in now, must see that it changed.
void EntityTransaction::touch_guards(const Item& item, ports::Batch& batch) {
  std::string stamp;
  base::append_big_endian(stamp, stamp_);
  const auto touch = [&](std::string_view index, std::string_view partition) {
    batch.put(Table::indexes, keys::range_guard(item.entity->name, index, partition), stamp);
  };
  if (!item.entity->key.sort.empty()) {
    const std::string_view key = item.key;
    const std::size_t partition = model::parts_length(key, item.entity->key.partition.size());
    touch({}, key.substr(0, partition));
  }
  for (const auto* record : {&item.before, &item.now}) {
    if (!*record) continue;
    for (const model::IndexPlace& place : (*record)->places)
      touch(place.index, place.key.partition);
  }
}

void EntityTransaction::write_item(const Item& item, ports::Batch& batch) {
  static const std::vector<model::IndexPlace> k_none;
  const auto& before = item.before ? item.before->places : k_none;
  const auto& now = item.now ? item.now->places : k_none;
  std::string row = keys::entity(item.entity->name) + item.key;
  if (item.now) {
    batch.put(Table::entities, std::move(row), model::encode(*item.now));
  } else {
    batch.remove(Table::entities, std::move(row));
  }
  const auto row_of = [&](const model::IndexPlace& place) {
    return keys::index(item.entity->name, place.index) + place.key.partition + place.key.sort +
           item.key;
  };
  for (const model::IndexPlace& place : before) {
    if (std::find(now.begin(), now.end(), place) == now.end())
      batch.remove(Table::indexes, row_of(place));
  }
  for (const model::IndexPlace& place : now) {
    if (std::find(before.begin(), before.end(), place) == before.end())
      batch.put(Table::indexes, row_of(place), item.key);
  }
}

Result<ports::Batch> EntityTransaction::take_batch() {
  ports::Batch batch = std::move(rows_);
  for (const auto& [row, item] : items_) {
    if (!item.changed) continue;
    write_item(item, batch);
    touch_guards(item, batch);
  }
  std::size_t bytes = 0;
  for (const ports::Write& write : batch.writes) bytes += write.key.size() + write.value.size();
  if (bytes > base::k_transaction_bytes_max || batch.writes.size() > base::k_transaction_rows_max) {
    return limit_exceeded("a transaction writes " + std::to_string(batch.writes.size()) +
                          " rows with " + std::to_string(bytes) + " bytes; more than " +
                          std::to_string(base::k_transaction_rows_max) + " rows or " +
                          std::to_string(base::k_transaction_bytes_max) +
                          " bytes are too much for one");
  }
  for (auto& [row, value] : reads_) batch.require(row.first, row.second, std::move(value));
  return batch;
}

std::vector<EntityTransaction::Change> EntityTransaction::item_changes() const {
  std::vector<Change> all;
  for (const auto& [row, item] : items_) {
    if (!item.changed) continue;
    all.push_back(
        {item.entity, item.before ? &*item.before : nullptr, item.now ? &*item.now : nullptr});
  }
  return all;
}

model::StoredEvent event_of(const EntityTransaction::Change& change) {
  const model::EntityRecord& record = change.after != nullptr ? *change.after : *change.before;
  model::StoredEvent event;
  event.name = change.entity->changes;
  event.key = record.key;
  std::string& json = event.payload.text;
  json = change.before == nullptr  ? R"({"kind":"insert")"
         : change.after == nullptr ? R"({"kind":"remove")"
                                   : R"({"kind":"modify")";
  json.append(",\"version\":").append(std::to_string(record.version));
  if (change.before != nullptr) json.append(",\"before\":").append(change.before->value);
  if (change.after != nullptr) json.append(",\"now\":").append(change.after->value);
  json.push_back('}');
  return event;
}

}  // namespace eventual::engine
