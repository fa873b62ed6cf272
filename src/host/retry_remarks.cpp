#include "host/retry_remarks.hpp"

#include <fmt/format.h>

namespace eventual::host {
namespace {

bool pauses_for_nothing(const RetryPolicy& retry) {
  const RetryPolicy usual;
  return retry.max_attempts == 1 &&
         (retry.initial_interval != usual.initial_interval ||
          retry.multiplier != usual.multiplier || retry.max_interval != usual.max_interval ||
          !retry.non_retryable.empty());
}

}  // namespace

std::vector<detail::Defect> retry_remarks(const detail::Declarations& declarations) {
  std::vector<detail::Defect> remarks;
  const auto look_at = [&](std::string_view kind, const detail::Declaration& declared,
                           const RetryPolicy& retry) {
    if (!pauses_for_nothing(retry)) return;
    remarks.push_back({fmt::format("{} \"{}\" is tried once: its retry policy has no max_attempts",
                                   kind, declared.name),
                       declared.location});
  };
  for (const detail::TaskDefinition& task : declarations.tasks())
    look_at("task", task, task.options.retry);
  for (const detail::SubscriptionDefinition& subscription : declarations.subscriptions())
    look_at("subscription", subscription, subscription.options.retry);
  return remarks;
}

}  // namespace eventual::host
