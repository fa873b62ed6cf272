// Replays many histories against the declarations of this program.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "program/histories.hpp"

namespace eventual::program {

/// One execution that is not as it should be.
struct Finding {
  enum class Kind : std::uint8_t {
    breaks,        ///< code and history differ, or an open one's workflow is not declared
    parked_still,  ///< it is parked because they differ, and they differ still
    unreadable,    ///< its history cannot be read
  };
  Kind kind = Kind::breaks;
  std::string execution_id;  ///< or the file's name
  std::uint32_t run = 0;
  std::string status;
  Error error;
};

struct Verification {
  std::uint64_t executions = 0;  ///< replayed, with those that differ
  std::uint64_t open = 0;        ///< of them
  std::uint64_t undeclared = 0;  ///< closed ones of workflows that this program does not declare
  std::uint64_t events = 0;      ///< events and calls that were replayed
  std::chrono::nanoseconds elapsed{};
  std::chrono::nanoseconds replaying{};  ///< time within replays, over all jobs
  std::vector<Finding> findings;         ///< by execution id

  /// Whether it may be deployed.
  bool passed() const;
};

struct VerifyOptions {
  Sample sample;
  std::uint32_t jobs = 1;  ///< histories replayed at a time, each on a thread of its own
  /// Called now and then on the calling thread.
  std::function<void(std::uint64_t done, std::uint64_t of)> progress = {};
};

/// Blocks until all are replayed. Fails where the list cannot be had, or the service is gone.
Result<Verification> verify(const detail::Declarations& declarations, Histories& histories,
                            const VerifyOptions& options);

Json to_json(const Verification& verification);

}  // namespace eventual::program
