// Ranges of entities and indexes, as a transaction sees them.
#include <algorithm>
#include <map>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "engine/entity_transaction.hpp"
#include "engine/errors.hpp"
#include "engine/hex.hpp"
#include "eventual/entity.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using Operation = detail::EntityRequest::Operation;
using ports::Table;

/// Rows of one table; what is told apart stands behind `prefix`.
struct EntityTransaction::Range {
  const detail::IndexDefinition* index = nullptr;  ///< null: the entity's own order
  std::string prefix;                              ///< all rows of the partition, or of everything
  std::string from;                                ///< the first row
  std::string to;                                  ///< past the last row
  bool descending = false;

  bool holds(std::string_view row) const { return row >= from && row < to; }
};

namespace {

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

/// Narrows [from, to) behind `prefix` to what a condition allows.
Result<void> apply_condition(const std::string& text, const std::vector<detail::KeyPart>& sort,
                             const std::string& prefix, std::string& from, std::string& to) {
  const Result<Json> condition = Json::parse(text);
  if (!condition) return condition.error();
  if (!condition->is_object() || condition->size() != 1)
    return invalid("a condition on the sort key is an object with one member");
  const auto& [kind, value] = condition->as_object().front();
  if (sort.empty()) return invalid("there is no sort key to put a condition on");
  const auto bytes = [&](const Json& parts) -> Result<std::string> {
    auto key = model::key_bytes(sort, parts, true);
    if (!key) return key;
    return prefix + *key;
  };
  // Keys that begin with these parts; they never end in 0xff alone.
  const auto past = [](const std::string& begin) { return base::prefix_end(begin).value(); };
  if (kind == "between") {
    if (!value.is_array() || value.size() != 2)
      return invalid("between takes the first and the last key");
    const auto first = bytes(value.as_array()[0]);
    if (!first) return first.error();
    const auto last = bytes(value.as_array()[1]);
    if (!last) return last.error();
    from = *first;
    to = past(*last);
    return {};
  }
  const auto key = kind == "begins_with" ? [&]() -> Result<std::string> {
    auto begin = model::key_bytes_beginning(sort, value);
    if (!begin) return begin;
    return prefix + *begin;
  }()
      : bytes(value);
  if (!key) return key.error();
  if (kind == "equal" || kind == "begins_with") {
    from = *key;
    to = past(*key);
  } else if (kind == "less") {
    to = *key;
  } else if (kind == "at_most") {
    to = past(*key);
  } else if (kind == "greater") {
    from = past(*key);
  } else if (kind == "at_least") {
    from = *key;
  } else {
    return invalid("unknown condition " + kind +
                   ": equal, less, at_most, greater, at_least, between or begins_with");
  }
  return {};
}

/// The members of an item that were asked for.
Result<std::string> selected(const std::string& value, const Json& names) {
  auto item = Json::parse(value);
  if (!item) return item.error();
  Json some = Json::object();
  for (const Json& name : names.as_array()) {
    if (Json* member = item->find(name.as_string())) some.set(name.as_string(), std::move(*member));
  }
  return some.dump();
}

}  // namespace

/// From here on the partition must stay as it is.
Result<void> EntityTransaction::guard(const detail::EntityDefinition& entity,
                                      std::string_view index, std::string_view partition) {
  if (kind_ == Kind::plain) return {};
  const auto row = read(Table::indexes, keys::range_guard(entity.name, index, partition));
  if (!row) return row.error();
  return {};
}

/// At most `wanted` items of the range, by row, with this transaction's own writes.
Result<void> EntityTransaction::collect(
    const detail::EntityDefinition& entity, const Range& range,
    std::vector<std::pair<std::string, model::EntityRecord>>& found, std::size_t wanted) {
  // Rows that this transaction adds and removes.
  std::map<std::string, const model::EntityRecord*> own;
  for (const auto& [row, item] : items_) {
    if (!item.changed || item.entity != &entity) continue;
    if (range.index == nullptr) {
      if (range.holds(row)) own.insert_or_assign(row, item.now ? &*item.now : nullptr);
      continue;
    }
    const std::string index_prefix = keys::index(entity.name, range.index->name);
    for (const bool after : {false, true}) {
      const auto& record = after ? item.now : item.before;
      if (!record) continue;
      for (const model::IndexPlace& place : record->places) {
        if (place.index != range.index->name) continue;
        std::string index_row = index_prefix + place.key.partition + place.key.sort + item.key;
        if (range.holds(index_row))
          own.insert_or_assign(std::move(index_row), after ? &*record : nullptr);
      }
    }
  }
  // What is stored: a few more, for those that are removed.
  std::map<std::string, std::optional<model::EntityRecord>> stored;
  std::vector<std::pair<std::string, std::string>> places;  // of an index: row and item's key
  const std::size_t rows_max = wanted + own.size();
  std::optional<Error> failure;
  std::size_t rows = 0;
  std::string last;
  bool more = false;
  const auto scanned = store_.scan(range.index == nullptr ? Table::entities : Table::indexes,
                                   {range.from, range.to, range.descending},
                                   [&](std::string_view row, std::string_view value) {
                                     if (rows == rows_max) {
                                       more = true;
                                       return false;
                                     }
                                     ++rows;
                                     last = row;
                                     if (range.index != nullptr) {
                                       places.emplace_back(row, value);
                                       return true;
                                     }
                                     auto record = model::decode_entity(value);
                                     if (!record) {
                                       failure = record.error();
                                       return false;
                                     }
                                     stored.emplace(row, std::move(*record));
                                     return true;
                                   });
  if (!scanned) return scanned.error();
  if (failure) return *failure;
  for (auto& [row, key] : places) {
    const auto item = find_item(entity, key);
    if (!item) return item.error();
    // It may have moved since the index was read; in a transaction the guard sees that.
    const auto& record = (*item)->before;
    const bool there =
        record && std::any_of(record->places.begin(), record->places.end(), [&](const auto& place) {
          return keys::index(entity.name, place.index) + place.key.partition + place.key.sort +
                     key ==
                 row;
        });
    if (there) stored.emplace(std::move(row), record);
  }
  for (const auto& [row, record] : own) {
    if (more && (range.descending ? row < last : row > last)) continue;
    if (record != nullptr) {
      stored.insert_or_assign(row, *record);
    } else {
      stored.erase(row);
    }
  }
  const auto take = [&](auto& entry) {
    if (found.size() < wanted) found.emplace_back(entry.first, std::move(*entry.second));
  };
  if (range.descending) {
    std::for_each(stored.rbegin(), stored.rend(), take);
  } else {
    std::for_each(stored.begin(), stored.end(), take);
  }
  return {};
}

Result<std::string> EntityTransaction::query(const detail::EntityDefinition& entity,
                                             const detail::EntityRequest& request) {
  const bool everything = request.operation == Operation::scan;
  if (everything && kind_ == Kind::transaction) {
    return Error(std::string(error_names::k_not_allowed),
                 "a transaction does not scan an entity: query one partition");
  }
  if (request.limit < 1 || request.limit > k_page_items_max) {
    return invalid("the limit of a query is from 1 to " + std::to_string(k_page_items_max) +
                   ", not " + std::to_string(request.limit));
  }
  Range range;
  if (!request.index.empty()) {
    range.index = entity.find_index(request.index);
    if (range.index == nullptr)
      return not_found("entity " + entity.name + " has no index " + request.index);
  }
  const detail::KeyDefinition& key = range.index != nullptr ? range.index->key : entity.key;
  range.prefix = range.index != nullptr ? keys::index(entity.name, range.index->name)
                                        : keys::entity(entity.name);
  range.descending = request.descending;
  if (!everything) {
    const Result<Json> values = Json::parse(request.key);
    if (!values) return values.error();
    const auto partition = model::key_bytes(key.partition, *values);
    if (!partition) return partition.error();
    range.prefix += *partition;
    if (key.sort.empty() && range.index == nullptr) {
      const auto item = find_item(entity, *partition);  // a partition of one item
      if (!item) return item.error();
    } else if (auto guarded = guard(entity, request.index, *partition); !guarded) {
      return guarded.error();
    }
  }
  range.from = range.prefix;
  range.to = base::prefix_end(range.prefix).value();
  if (!request.condition.empty()) {
    const auto applied =
        apply_condition(request.condition, key.sort, range.prefix, range.from, range.to);
    if (!applied) return applied.error();
  }
  if (!request.cursor.empty()) {
    const auto place = from_hex(request.cursor);
    if (!place) return place.error();
    const std::string row = range.prefix + *place;
    if (range.descending) {
      range.to = std::min(range.to, row);
    } else {
      range.from = std::max(range.from, row + '\0');
    }
  }
  std::optional<Json> names;
  if (!request.select.empty()) {
    auto parsed = Json::parse(request.select);
    if (!parsed || !parsed->is_array()) return invalid("select is a JSON array of member names");
    for (const Json& name : parsed->as_array()) {
      if (!name.is_string()) return invalid("select is a JSON array of member names");
    }
    names = std::move(*parsed);
  }
  std::vector<std::pair<std::string, model::EntityRecord>> found;
  if (auto collected = collect(entity, range, found, std::size_t{request.limit} + 1); !collected)
    return collected.error();
  const bool more = found.size() > request.limit;
  if (more) found.pop_back();
  std::string json = "{\"items\":[";
  for (std::size_t i = 0; i < found.size(); ++i) {
    model::EntityRecord& record = found[i].second;
    if (names) {
      auto some = selected(record.value, *names);
      if (!some) return some.error();
      record.value = std::move(*some);
    }
    if (i > 0) json.push_back(',');
    json.append("{\"key\":").append(record.key).append(",\"value\":").append(record.value);
    json.append(",\"version\":").append(std::to_string(record.version)).push_back('}');
  }
  json.append("],\"cursor\":\"");
  if (more) json.append(to_hex(std::string_view(found.back().first).substr(range.prefix.size())));
  json.append("\"}");
  return json;
}

}  // namespace eventual::engine
