#include "program/verify/verification.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include "client/http_client.hpp"
#include "engine/verify.hpp"
#include "model/records.hpp"
#include "program/verify/crash_report.hpp"

namespace eventual::program {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds k_progress_interval{100};
constexpr std::size_t k_read_together_max = 64;

/// Whether it stands parked because code and history differ.
bool is_parked_for_difference(const model::ExportedHistory& history) {
  bool parked = false;
  for (const model::Turn& turn : history.turns) {
    for (const model::Event& event : turn.events) {
      if (const auto* park = std::get_if<model::ExecutionParked>(&event)) {
        parked = park->error.name == error_names::k_determinism;
      } else if (std::holds_alternative<model::ExecutionUnparked>(event)) {
        parked = false;
      }
    }
  }
  return parked;
}

bool is_open(const model::ExportedHistory& history) {
  if (const auto status = model::parse_status(history.status)) return !model::is_closed(*status);
  for (const model::Turn& turn : history.turns) {
    for (const model::Event& event : turn.events) {
      if (model::type_of(event).starts_with("execution_") &&
          (std::holds_alternative<model::ExecutionSucceeded>(event) ||
           std::holds_alternative<model::ExecutionFailed>(event) ||
           std::holds_alternative<model::ExecutionCancelled>(event) ||
           std::holds_alternative<model::ExecutionContinued>(event) ||
           std::holds_alternative<model::ExecutionTimedOut>(event) ||
           std::holds_alternative<model::ExecutionTerminated>(event))) {
        return false;
      }
    }
  }
  return true;
}

class Work {
 public:
  Work(const detail::Declarations& declarations, Histories& histories, std::vector<HistoryKey> keys)
      : declarations_(declarations), histories_(histories), keys_(std::move(keys)) {}

  /// So that the last of them have something to do until the end.
  void share_among(std::size_t jobs) {
    together_ = std::clamp<std::size_t>(keys_.size() / (jobs * 8), 1, k_read_together_max);
  }

  std::size_t size() const noexcept { return keys_.size(); }
  std::uint64_t done() const noexcept { return done_.load(std::memory_order_relaxed); }

  /// One job: takes histories until there are none.
  void run() {
    Verification mine;
    while (!failed_.load(std::memory_order_relaxed)) {
      const std::size_t index = next_.fetch_add(together_, std::memory_order_relaxed);
      if (index >= keys_.size()) break;
      const std::span all(keys_);
      histories_.read_many(all.subspan(index, std::min(together_, keys_.size() - index)),
                           [&](const HistoryKey& key, Result<model::ExportedHistory> history) {
                             look_at(key, history, mine);
                             done_.fetch_add(1, std::memory_order_relaxed);
                             return !failed_.load(std::memory_order_relaxed);
                           });
    }
    const std::lock_guard lock(mutex_);
    total_.executions += mine.executions;
    total_.open += mine.open;
    total_.undeclared += mine.undeclared;
    total_.events += mine.events;
    total_.replaying += mine.replaying;
    std::move(mine.findings.begin(), mine.findings.end(), std::back_inserter(total_.findings));
    ++jobs_done_;
    changed_.notify_all();
  }

  /// False while jobs are at work, after a short wait.
  bool wait(std::uint32_t jobs) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, k_progress_interval, [&] { return jobs_done_ == jobs; });
  }

  Result<Verification> result() {
    if (failure_) return *failure_;
    std::sort(total_.findings.begin(), total_.findings.end(),
              [](const Finding& left, const Finding& right) {
                return std::pair(left.execution_id, left.run) <
                       std::pair(right.execution_id, right.run);
              });
    return std::move(total_);
  }

 private:
  void look_at(const HistoryKey& key, const Result<model::ExportedHistory>& history,
               Verification& mine) {
    if (!history) {
      if (client::is_unreachable(history.error())) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = history.error();
        failed_ = true;
        return;
      }
      // One that retention removed meanwhile is gone rightly.
      if (history.error().name() == error_names::k_not_found && key.file.empty()) return;
      mine.findings.push_back({Finding::Kind::unreadable,
                               key.file.empty() ? key.execution_id : key.file, key.run, key.status,
                               history.error()});
      return;
    }
    const bool open = is_open(*history);
    if (declarations_.find_workflow(history->workflow()) == nullptr && !open) {
      ++mine.undeclared;
      return;
    }
    const Replaying replaying(history->execution_id);
    const auto began = steady_clock::now();
    const std::optional<Error> difference =
        engine::replay(declarations_, history->execution_id, history->run, history->turns);
    mine.replaying += steady_clock::now() - began;
    ++mine.executions;
    if (open) ++mine.open;
    for (const model::Turn& turn : history->turns)
      mine.events += turn.events.size() + turn.calls.size();
    if (!difference) return;
    const bool parked = open && is_parked_for_difference(*history);
    mine.findings.push_back({parked ? Finding::Kind::parked_still : Finding::Kind::breaks,
                             history->execution_id, history->run, history->status, *difference});
  }

  const detail::Declarations& declarations_;
  Histories& histories_;
  const std::vector<HistoryKey> keys_;
  std::size_t together_ = 1;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t jobs_done_ = 0;
  Verification total_;
  std::optional<Error> failure_;
};

std::string_view to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::breaks:
      return "breaks";
    case Finding::Kind::parked_still:
      return "parked_still";
    case Finding::Kind::unreadable:
      return "unreadable";
  }
  return "";
}

}  // namespace

bool Verification::passed() const {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.kind == Finding::Kind::parked_still;
  });
}

Result<Verification> verify(const detail::Declarations& declarations, Histories& histories,
                            const VerifyOptions& options) {
  const auto began = steady_clock::now();
  auto keys = histories.list(options.sample);
  if (!keys) return keys.error();
  Work work(declarations, histories, std::move(*keys));
  const std::uint32_t jobs = std::max<std::uint32_t>(
      1, static_cast<std::uint32_t>(std::min<std::size_t>(options.jobs, work.size())));
  work.share_among(jobs);
  std::vector<std::thread> threads;
  threads.reserve(jobs);
  for (std::uint32_t i = 0; i < jobs; ++i) threads.emplace_back([&work] { work.run(); });
  while (!work.wait(jobs)) {
    if (options.progress) options.progress(work.done(), work.size());
  }
  for (std::thread& thread : threads) thread.join();
  auto result = work.result();
  if (result) result->elapsed = steady_clock::now() - began;
  return result;
}

Json to_json(const Verification& verification) {
  Json findings = Json::array();
  for (const Finding& finding : verification.findings) {
    Json details;
    if (auto parsed = Json::parse(finding.error.details_json())) details = std::move(*parsed);
    findings.push_back(Json::object({{"kind", std::string(to_string(finding.kind))},
                                     {"execution_id", finding.execution_id},
                                     {"run", finding.run},
                                     {"status", finding.status},
                                     {"error", Json::object({{"name", finding.error.name()},
                                                             {"message", finding.error.message()},
                                                             {"details", details}})}}));
  }
  const double elapsed_s = std::chrono::duration<double>(verification.elapsed).count();
  const double replaying_s = std::chrono::duration<double>(verification.replaying).count();
  return Json::object(
      {{"passed", verification.passed()},
       {"executions", verification.executions},
       {"open", verification.open},
       {"undeclared", verification.undeclared},
       {"events", verification.events},
       {"elapsed_s", elapsed_s},
       {"replaying_s", replaying_s},
       {"events_per_s_and_job",
        replaying_s > 0 ? static_cast<double>(verification.events) / replaying_s : 0.0},
       {"findings", std::move(findings)}});
}

}  // namespace eventual::program
