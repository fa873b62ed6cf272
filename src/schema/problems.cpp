#include "schema/problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "eventual/schema.hpp"
#include "schema/text.hpp"

namespace eventual::schema {

void Problems::add_at(std::string pointer, std::string reason) {
  if (!full()) problems_.push_back({std::move(pointer), std::move(reason)});
}

void Problems::replace_at(const std::vector<std::string>& pointers, std::string_view reason) {
  std::vector<Problem> others = std::exchange(problems_, {});
  for (const std::string& pointer : pointers) add_at(pointer, std::string(reason));
  for (Problem& other : others) {
    if (std::ranges::find(pointers, other.pointer) == pointers.end())
      add_at(std::move(other.pointer), std::move(other.reason));
  }
}

bool Problems::full() const { return problems_.size() >= k_read_problems_max; }

Error Problems::error() const {
  const Problem& first = problems_.front();
  std::string message = first.pointer.empty() ? "the value " : first.pointer + ' ';
  message += first.reason;
  if (problems_.size() > 1) message += fmt::format(" (and {} more)", problems_.size() - 1);
  std::string details = "[";
  const auto append = [&](std::string_view pointer, std::string_view reason) {
    details += details.size() > 1 ? ",{\"pointer\":" : "{\"pointer\":";
    // What comes from the parser is UTF-8, and so are our own texts.
    static_cast<void>(append_quoted(details, pointer));
    details += ",\"reason\":";
    static_cast<void>(append_quoted(details, reason));
    details += '}';
  };
  for (const Problem& problem : problems_) append(problem.pointer, problem.reason);
  if (full())
    append("", fmt::format("may have more problems: only the first {} are listed",
                           k_read_problems_max));
  details += ']';
  return {std::string(error_names::k_invalid_input), std::move(message), std::move(details)};
}

}  // namespace eventual::schema
