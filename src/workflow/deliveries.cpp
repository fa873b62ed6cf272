// The input of a subscription's attempt: the events of one delivery, framed.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "eventual/detail/definitions.hpp"

namespace eventual::detail {

void begin_delivery(std::string& out, std::string_view subscription) {
  base::append_sized(out, subscription);
}

void append_delivery(std::string& out, const DeliveredEvent& event) {
  base::append_sized(out, event.name);
  base::append_sized(out, event.id);
  base::append_sized(out, event.key);
  base::append_sized(out, event.source);
  base::append_varint64(out, base::zigzag(event.at.time_since_epoch().count()));
  base::append_sized(out, event.payload);
}

std::vector<DeliveredEvent> read_delivery(std::string_view bytes, std::string_view& subscription) {
  base::ByteReader reader(bytes);
  const auto text = [&] { return reader.sized().value_or(std::string_view()); };
  subscription = text();
  std::vector<DeliveredEvent> events;
  while (!reader.failed() && !reader.rest().empty()) {
    DeliveredEvent event;
    event.name = text();
    event.id = text();
    event.key = text();
    event.source = text();
    event.at = Timestamp(Duration(base::unzigzag(reader.varint64().value_or(0))));
    event.payload = text();
    events.push_back(event);
  }
  if (reader.failed() || events.empty())
    throw Error(std::string(error_names::k_corrupt), "a delivery cannot be read");
  return events;
}

}  // namespace eventual::detail
