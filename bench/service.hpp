// The service that the workloads run: tasks that return their input, and workflows of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "eventual/detail/definitions.hpp"

namespace eventual::bench {

inline constexpr std::uint32_t k_seq_steps = 10;
inline constexpr std::uint32_t k_fanout_steps = 100;
inline constexpr std::uint32_t k_replay_steps = 1'000;
inline constexpr std::uint32_t k_subscriptions = 3;

namespace names {
inline constexpr std::string_view k_seq = "seq";
inline constexpr std::string_view k_seq_pure = "seqPure";
inline constexpr std::string_view k_fanout = "fanout";
inline constexpr std::string_view k_start = "start";
inline constexpr std::string_view k_echo = "echo";
inline constexpr std::string_view k_parent = "parent";  ///< of one child
inline constexpr std::string_view k_same = "same";      ///< the child: returns its input
inline constexpr std::string_view k_sleeper = "sleeper";
inline constexpr std::string_view k_alarm = "alarm";
inline constexpr std::string_view k_receiver = "receiver";
inline constexpr std::string_view k_marked = "marked";
inline constexpr std::string_view k_long = "long";
inline constexpr std::string_view k_sources = "sources";
inline constexpr std::string_view k_targets = "targets";
inline constexpr std::string_view k_transfer = "transfer";
inline constexpr std::string_view k_transferred = "transferred";  ///< the event of a transfer
inline constexpr std::string_view k_happened = "happened";        ///< an event, subscribed to
inline constexpr std::string_view k_hello = "hello";              ///< the command
inline constexpr std::string_view k_go = "go";                    ///< the signal
}  // namespace names

const detail::Declarations& declarations();

/// 100 bytes of JSON that differ by `index`.
std::string payload_json(std::uint64_t index);
/// The same with `bytes` bytes, at least 40.
std::string payload_json(std::uint64_t index, std::size_t bytes);
/// What the fanout of that index must return.
std::string fanout_result_json(std::uint64_t index);
std::string alarm_json(std::int64_t due_ms);
std::string long_json(std::uint64_t steps);

/// `marked` counts each run of each step here: [execution index * k_seq_steps + step]. Set it
/// before the load begins.
inline std::atomic<std::uint8_t>* g_marks = nullptr;
/// `long` tells here when a step ran, in nanoseconds of the steady clock; null: nowhere.
inline std::int64_t* g_step_times_ns = nullptr;
/// Each subscription calls it with the index of a "happened", on its worker's thread. Set it before
/// a node starts.
inline std::function<void(std::uint64_t index)> g_on_delivery;

}  // namespace eventual::bench
