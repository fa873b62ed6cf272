// Dead letters: listed, redriven, discarded.
#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/errors.hpp"
#include "engine/events.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// Dead letters of a subscription that one request acts on.
constexpr std::size_t k_act_max = 1'000;

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

std::string dead_letter_id(std::string_view subscription, std::uint64_t number) {
  return std::string(subscription) + "/" + std::to_string(number);
}

std::optional<keys::DeadLetterKey> parse_dead_letter_id(std::string_view id) {
  const std::size_t slash = id.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  keys::DeadLetterKey key{id.substr(0, slash), 0};
  const char* end = id.data() + id.size();
  const auto [last, code] = std::from_chars(id.data() + slash + 1, end, key.number);
  if (code != std::errc() || last != end) return std::nullopt;
  return key;
}

}  // namespace

void Events::dead_letters(const ports::DeadLettersRequest& request,
                          ports::Callback<ports::DeadLettersReply> done) {
  using Reply = Result<ports::DeadLettersReply>;
  std::string from =
      request.subscription.empty() ? std::string() : keys::dead_letters(request.subscription);
  const std::string to =
      request.subscription.empty() ? std::string() : keys::dead_letters_end(request.subscription);
  if (!request.cursor.empty()) {
    const auto last = parse_dead_letter_id(request.cursor);
    if (!last || (!request.subscription.empty() && last->subscription != request.subscription))
      return reply(std::move(done), Reply(invalid("the cursor is none of this list")));
    from = keys::dead_letter(last->subscription, last->number + 1);
  }
  ports::DeadLettersReply given;
  Result<void> bad;
  auto scanned = host_.store.scan(
      Table::dead_letters, {from, to}, [&](std::string_view row, std::string_view value) {
        if (given.dead_letters.size() >= request.limit) {
          given.cursor = given.dead_letters.back().id;
          return false;
        }
        const auto key = keys::parse_dead_letter(row);
        auto record = model::decode_dead_letter(value);
        auto event = record ? model::decode_event(record->event)
                            : Result<model::StoredEvent>(record.error());
        if (!key || !event) {
          if (!event) bad = event.error();
          return !bad ? false : true;
        }
        ports::DeadLetterView view;
        view.id = dead_letter_id(key->subscription, key->number);
        view.subscription = key->subscription;
        view.event = view_of(key->number, *event);
        view.attempts = record->attempts;
        view.error = record->error.to_error();
        view.at = record->at;
        given.dead_letters.push_back(std::move(view));
        return true;
      });
  if (!scanned) return reply(std::move(done), Reply(scanned.error()));
  if (!bad) return reply(std::move(done), Reply(bad.error()));
  if (given.dead_letters.empty() && request.cursor.empty() && !request.subscription.empty() &&
      find(request.subscription) == nullptr) {
    return reply(std::move(done), Reply(unknown_subscription(request.subscription)));
  }
  reply(std::move(done), Reply(std::move(given)));
}

Error Events::unknown_subscription(std::string_view name) const {
  std::vector<std::string_view> declared;
  declared.reserve(subscribers_.size());
  for (const Entry& entry : subscribers_) declared.push_back(entry.subscriber->name());
  return not_declared("subscription", name, declared);
}

/// False where there is none of that row any more.
Result<bool> Events::act_on_dead_letter(ports::DeadLetterAct::Kind kind, const std::string& row) {
  const auto in_work = [&](const auto& acted) { return acted.second == row; };
  if (std::any_of(acted_.begin(), acted_.end(), in_work)) return false;
  auto value = host_.store.get(Table::dead_letters, row);
  if (!value) return value.error();
  const auto key = keys::parse_dead_letter(row);
  if (!*value || !key) return false;
  Entry* entry = find(key->subscription);
  if (kind == ports::DeadLetterAct::Kind::redrive) {
    if (entry == nullptr) return unknown_subscription(key->subscription);
    auto record = model::decode_dead_letter(**value);
    if (!record) return record.error();
    auto event = model::decode_event(record->event);
    if (!event) return event.error();
    entry->subscriber->redrive(key->number, std::move(*event));
    touch(*entry);
  } else if (entry != nullptr) {
    entry->subscriber->dead_letter_removed();
    touch(*entry);  // it may have stood still
  }
  host_.output.batch.remove(Table::dead_letters, row);
  acted_.emplace_back(outputs_taken_ + 1, row);
  return true;
}

void Events::act_on_dead_letters(const ports::DeadLetterAct& act,
                                 ports::Callback<ports::DeadLetterActReply> done, Timestamp now) {
  using Reply = Result<ports::DeadLetterActReply>;
  latest_ = std::max(latest_, now);
  ports::DeadLetterActReply given;
  std::vector<std::string> rows;
  if (!act.subscription.empty()) {
    const std::string from = keys::dead_letters(act.subscription);
    const std::string to = keys::dead_letters_end(act.subscription);
    auto scanned = host_.store.scan(Table::dead_letters, {from, to},
                                    [&](std::string_view row, std::string_view) {
                                      rows.emplace_back(row);
                                      return rows.size() < k_act_max;
                                    });
    if (!scanned) return reply(std::move(done), Reply(scanned.error()));
    if (rows.empty() && find(act.subscription) == nullptr) {
      return reply(std::move(done), Reply(unknown_subscription(act.subscription)));
    }
  }
  for (const std::string& id : act.ids) {
    if (const auto key = parse_dead_letter_id(id)) {
      rows.push_back(keys::dead_letter(key->subscription, key->number));
    } else {
      given.not_found.push_back(id);
    }
  }
  for (const std::string& row : rows) {
    auto acted = act_on_dead_letter(act.kind, row);
    if (!acted) return reply(std::move(done), Reply(acted.error()));
    if (*acted) {
      ++given.count;
    } else if (!act.ids.empty()) {
      const auto key = keys::parse_dead_letter(row);
      given.not_found.push_back(dead_letter_id(key->subscription, key->number));
    }
  }
  reply(std::move(done), Reply(std::move(given)));
}

}  // namespace eventual::engine
