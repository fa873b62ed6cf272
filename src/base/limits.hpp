// A named limit on everything that grows. A caller who meets one gets LimitExceeded with its name
// and value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace eventual::base {

// Names and payloads
inline constexpr std::size_t k_name_bytes_max = 256;  // workflow, task, signal, execution names
inline constexpr std::size_t k_schedule_open_max = 1'000;      // executions of one schedule
inline constexpr std::size_t k_schedule_backfill_max = 1'000;  // times in one request
// One input, result, signal, event or view; what the setting payload_limit may be:
inline constexpr std::size_t k_payload_limit_least = 1 << 10;
inline constexpr std::size_t k_payload_limit_default = 4 << 20;
inline constexpr std::size_t k_payload_limit_most = 16 << 20;
inline constexpr std::size_t k_inline_payload_bytes_max = 4 << 10;  // larger ones are payload rows
inline constexpr std::size_t k_error_message_bytes_max = 16 << 10;  // longer ones are cut
inline constexpr std::size_t k_json_depth_max = 128;

inline constexpr std::size_t k_heartbeat_bytes_max = 64 << 10;  // the details of one

// Entities
inline constexpr std::size_t k_entity_indexes_max = 32;                 // of one entity
inline constexpr std::size_t k_entity_key_bytes_max = 2 << 10;          // one key, as it is written
inline constexpr std::size_t k_entity_bytes_max = 1 << 20;              // one item's JSON
inline constexpr std::size_t k_transaction_rows_max = 10'000;           // read or written by one
inline constexpr std::size_t k_transaction_bytes_max = 4 << 20;         // written by one
inline constexpr std::size_t k_transaction_event_bytes_max = 16 << 20;  // payloads, with changes
inline constexpr std::uint16_t k_range_guards = 4096;                   // of one entity or index

// One execution
inline constexpr std::uint64_t k_history_events_max = 1'000'000;
inline constexpr std::size_t k_pending_calls_max = 10'000;
inline constexpr std::size_t k_queued_signals_max = 10'000;         // unread, of all names together
inline constexpr std::size_t k_queued_signal_bytes_max = 64 << 20;  // their payloads
inline constexpr std::size_t k_turn_bytes_max = 128 << 20;          // inputs of one turn's calls
inline constexpr std::size_t k_unread_listed_bytes_max = 64 << 10;  // of those, when it closes

// One engine
inline constexpr std::uint32_t k_shards_default = 64;
inline constexpr std::size_t k_commit_bytes_max = 8 << 20;  // one write of the commit lane
inline constexpr std::size_t k_requests_waiting_bytes_max = 256 << 20;  // of payloads
inline constexpr std::size_t k_live_bytes_max = 256 << 20;  // histories kept with live executions
inline constexpr int k_crash_marks_max = 3;                 // then the call is parked

// Events
inline constexpr std::uint32_t k_event_batch_max = 10'000;  // events in one call of a handler
inline constexpr std::uint32_t k_event_batch_default = 100;
inline constexpr std::size_t k_events_per_request_max = 1'000;  // emitted by one request
// Of one subscription:
inline constexpr std::size_t k_event_queue_max = 1'000;          // read ahead of the handler
inline constexpr std::size_t k_event_queue_bytes_max = 8 << 20;  // the same in bytes
inline constexpr std::size_t k_event_rows_max = 100'000;  // retried, or waiting behind such a one

// Retention
inline constexpr std::chrono::hours k_closed_retention{7 * 24};
inline constexpr std::chrono::hours k_event_retention{3 * 24};
inline constexpr std::chrono::hours k_event_id_retention{24};

}  // namespace eventual::base
