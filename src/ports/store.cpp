#include "ports/store.hpp"

namespace eventual::ports {
namespace {

constexpr std::array<std::string_view, k_table_count> k_names = {
    "executions", "history",    "listing",      "timers",   "active",  "messages",
    "events",     "deliveries", "dead_letters", "entities", "indexes", "payloads",
    "dedupe",     "schedules",  "limits",       "shards",   "meta",
};

}  // namespace

std::string_view table_name(Table table) noexcept {
  const auto number = static_cast<std::size_t>(table);
  return number < k_names.size() ? k_names[number] : "unknown";
}

}  // namespace eventual::ports
