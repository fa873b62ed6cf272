// The faults of a simulation by their names: as `sim --faults` takes them, and as reports list
// them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/simulation.hpp"

namespace eventual::testing {

struct FaultKind {
  std::string_view name;
  double Faults::* chance;
};

/// Every member of Faults, in its order.
std::span<const FaultKind> fault_kinds() noexcept;
/// Its place in fault_kinds.
std::size_t fault_index(double Faults::* chance) noexcept;

/// "none", "default", or a list such as "crash=0.1,delay=0", which changes `faults`. "none" and
/// "default" may also begin a list. InvalidInput names what is wrong and what is known.
Result<Faults> parse_faults(std::string_view text, Faults faults = {});
/// What parse_faults reads as these faults; empty for the default ones.
std::string to_text(const Faults& faults);

/// "0,4-6": numbers in ascending order. InvalidInput.
Result<std::vector<std::uint32_t>> parse_numbers(std::string_view text);
std::string to_text(const std::vector<std::uint32_t>& numbers);

/// The verb and its arguments that run this seed again.
std::string reproduction(std::uint64_t seed, const SimulationOptions& options);

}  // namespace eventual::testing
