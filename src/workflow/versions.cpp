// Marks of changes to the code.
#include <string>
#include <utility>

#include "eventual/json.hpp"
#include "workflow/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

/// The mark of `change`, where it is the next call of the history that is replayed.
const model::VersionMarked* Executor::recorded_mark(std::string_view change) const {
  if (!replaying_ || expected_next_ == expected_.size()) return nullptr;
  const auto* mark = std::get_if<model::VersionMarked>(&expected_[expected_next_]);
  return mark != nullptr && mark->change == change && mark->seq == next_seq_ ? mark : nullptr;
}

std::uint32_t Executor::version(std::string_view change, std::uint32_t min, std::uint32_t max,
                                std::source_location location) {
  if (discarding()) return max;
  if (change.empty() || min > max) {
    throw Error(std::string(error_names::k_invalid_input),
                "ev::version() takes the name of a change and versions from min to max");
  }
  auto known = versions_.find(change);
  if (known == versions_.end()) {
    std::optional<std::uint32_t> version;
    if (const model::VersionMarked* mark = recorded_mark(change)) {
      version = mark->version;
      if (watch_ != nullptr) watch_->on_call(expected_[expected_next_], location);
      ++expected_next_;
      ++next_seq_;
    } else if (!replaying_) {
      version = max;
      record(model::VersionMarked{next_seq_++, std::string(change), max}, location, nullptr);
    }
    known = versions_.emplace(change, version).first;
  }
  const std::uint32_t version = known->second.value_or(min);
  if (version >= min && version <= max) return version;
  stuck_ = Error(std::string(error_names::k_determinism),
                 "the history has version " + std::to_string(version) + " of change " +
                     std::string(change) + ", but the code at " + line_of(location) + " takes " +
                     std::to_string(min) + " to " + std::to_string(max),
                 Json::object({{"location", line_of(location)},
                               {"change", std::string(change)},
                               {"recorded", version},
                               {"min", min},
                               {"max", max}})
                     .dump());
  closing_.reset();
  begin_discard();
  if (watch_ != nullptr) watch_->on_difference(nullptr, nullptr, location);
  return max;
}

void Executor::deprecate_version(std::string_view change, std::source_location location) {
  if (discarding() || versions_.contains(change)) return;
  std::optional<std::uint32_t> version;
  if (const model::VersionMarked* mark = recorded_mark(change)) {
    version = mark->version;
    if (watch_ != nullptr) watch_->on_call(expected_[expected_next_], location);
    ++expected_next_;
    ++next_seq_;
  }
  versions_.emplace(change, version);
}

}  // namespace eventual::workflow
