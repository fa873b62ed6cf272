#include "engine/event_rows.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace eventual::engine {
namespace {

constexpr std::size_t k_digits = 16;

/// Sixteen hexadecimal digits: they sort as the number does.
std::string digits_of(std::uint64_t number) {
  std::array<char, k_digits> digits{};
  const auto [end, code] = std::to_chars(digits.begin(), digits.end(), number, 16);
  const auto length = static_cast<std::size_t>(end - digits.begin());
  return std::string(k_digits - length, '0') + std::string(digits.data(), length);
}

}  // namespace

IncomingEvent make_incoming_event(std::string_view unique, model::StoredEvent event) {
  event.id_kept = !event.id.empty();
  if (event.id.empty()) event.id = "~" + std::string(unique);
  IncomingEvent incoming;
  incoming.value = model::encode(event);
  incoming.event = std::move(event);
  return incoming;
}

void put_incoming_events(ports::Batch& batch, std::vector<IncomingEvent>& events,
                         std::uint64_t& next) {
  for (IncomingEvent& incoming : events) {
    incoming.row = model::keys::incoming_event(digits_of(next++));
    batch.put(ports::Table::events, incoming.row, std::move(incoming.value));
  }
}

std::uint64_t number_after(std::string_view row) {
  const std::string_view digits = row.substr(model::keys::incoming_events().size());
  std::uint64_t number = 0;
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  const bool whole = code == std::errc() && end == digits.data() + digits.size();
  return whole && digits.size() == k_digits ? number + 1 : 0;
}

}  // namespace eventual::engine
