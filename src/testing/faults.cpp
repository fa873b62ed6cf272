#include "testing/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"

namespace eventual {

Faults Faults::none() {
  Faults faults;
  for (const testing::FaultKind& kind : testing::fault_kinds()) faults.*kind.chance = 0;
  return faults;
}

namespace testing {
namespace {

constexpr FaultKind k_kinds[] = {
    {"crash", &Faults::crash},
    {"write_failure", &Faults::write_failure},
    {"slow_write", &Faults::slow_write},
    {"task_failure", &Faults::task_failure},
    {"slow_task", &Faults::slow_task},
    {"lost_attempt", &Faults::lost_attempt},
    {"duplicate_result", &Faults::duplicate_result},
    {"async_result", &Faults::async_result},
    {"duplicate_request", &Faults::duplicate_request},
    {"late_message", &Faults::late_message},
    {"delay", &Faults::delay},
    {"pause", &Faults::pause},
    {"eviction", &Faults::eviction},
    {"clock_step", &Faults::clock_step},
};
static_assert(sizeof(Faults) == std::size(k_kinds) * sizeof(double), "each fault has a name");

constexpr std::uint32_t k_number_max = 1'000'000;

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

std::string known_names() {
  std::string names;
  for (const FaultKind& kind : k_kinds)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
  return names;
}

/// What stands before the next comma; takes it away.
std::string_view next_item(std::string_view& text) {
  const std::string_view item = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), item.size() + 1));
  return item;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

Result<void> parse_fault(std::string_view item, Faults& faults) {
  if (item == "none" || item == "default") {
    faults = item == "none" ? Faults::none() : Faults();
    return {};
  }
  const std::size_t equals = item.find('=');
  const std::string_view name = item.substr(0, equals);
  const auto* known = std::find_if(std::begin(k_kinds), std::end(k_kinds),
                                   [&](const FaultKind& kind) { return kind.name == name; });
  if (known == std::end(k_kinds)) {
    return invalid(fmt::format("unknown fault '{}': it is none, default, or a list of {}", name,
                               known_names()));
  }
  if (equals == std::string_view::npos)
    return invalid(fmt::format("fault '{}' needs a chance, as in {}=0.1", name, name));
  const std::string_view value = item.substr(equals + 1);
  double chance = 0;
  if (!read_number(value, chance) || !(chance >= 0 && chance <= 1)) {
    return invalid(
        fmt::format("the chance of fault '{}' is a number from 0 to 1, not '{}'", name, value));
  }
  faults.*known->chance = chance;
  return {};
}

}  // namespace

std::span<const FaultKind> fault_kinds() noexcept { return k_kinds; }

std::size_t fault_index(double Faults::* chance) noexcept {
  const auto* found = std::find_if(std::begin(k_kinds), std::end(k_kinds),
                                   [&](const FaultKind& kind) { return kind.chance == chance; });
  EVENTUAL_ASSERT(found != std::end(k_kinds), "each fault has a name");
  return static_cast<std::size_t>(found - std::begin(k_kinds));
}

Result<Faults> parse_faults(std::string_view text, Faults faults) {
  if (text.empty()) return invalid(fmt::format("no fault is named: there are {}", known_names()));
  while (!text.empty()) {
    if (const Result<void> parsed = parse_fault(next_item(text), faults); !parsed)
      return parsed.error();
  }
  return faults;
}

std::string to_text(const Faults& faults) {
  // From nothing or from the usual ones: whatever is shorter.
  const auto differences = [&](std::string text, const Faults& from) {
    for (const FaultKind& kind : k_kinds) {
      if (faults.*kind.chance == from.*kind.chance) continue;
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", kind.name, faults.*kind.chance);
    }
    return text;
  };
  std::string from_default = differences("", Faults());
  std::string from_none = differences("none", Faults::none());
  return from_none.size() < from_default.size() ? from_none : from_default;
}

Result<std::vector<std::uint32_t>> parse_numbers(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  if (text == "-") return numbers;
  while (!text.empty()) {
    const std::string_view item = next_item(text);
    const std::size_t dash = item.find('-');
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    const bool read =
        read_number(item.substr(0, dash), first) &&
        read_number(dash == std::string_view::npos ? item : item.substr(dash + 1), last);
    if (!read || last < first || last > k_number_max ||
        (!numbers.empty() && first <= numbers.back())) {
      return invalid(fmt::format("'{}' is no ascending list of numbers, as in 0,4-6", item));
    }
    for (std::uint32_t number = first; number <= last; ++number) numbers.push_back(number);
  }
  return numbers;
}

std::string to_text(const std::vector<std::uint32_t>& numbers) {
  if (numbers.empty()) return "-";
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ",", numbers[i]);
    if (end - i > 1) text += fmt::format("-{}", numbers[end - 1]);
    i = end;
  }
  return text;
}

std::string reproduction(std::uint64_t seed, const SimulationOptions& options) {
  std::string line = fmt::format("sim --seed {}", seed);
  const SimulationOptions usual;
  if (options.executions != usual.executions)
    line += fmt::format(" --executions {}", options.executions);
  if (const std::string faults = to_text(options.faults); !faults.empty())
    line += " --faults " + faults;
  if (options.only) line += " --only " + to_text(*options.only);
  if (options.calm_after != usual.calm_after)
    line += fmt::format(" --calm-after {}", options.calm_after);
  return line;
}

}  // namespace testing
}  // namespace eventual
