#include "cli/calls.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/text.hpp"

namespace eventual::cli {
namespace {

class Collector {
 public:
  void add(const Json& event) {
    at_ = parse_iso8601(text_of(event, "at")).value();
    if (std::exchange(first_, false)) calls_.began = at_;
    const std::string type = text_of(event, "type");
    if (type.starts_with("execution_")) return execution_event(type.substr(10), event);
    if (type == "signal_received") return point("signal", text_of(event, "signal"));
    if (type == "cancel_requested") return point("cancel", "cancellation");
    if (type == "update_received") {
      Call& call = begin(event, "update", text_of(event, "update"));
      call.seq.reset();
      updates_.emplace_back(text_of(event, "update_id"), calls_.calls.size() - 1);
      return;
    }
    if (type == "update_succeeded" || type == "update_failed") return update_answer(type, event);
    if (begins(type, event)) return;
    answer(type, event);
  }

  Calls finish() {
    // What came true in silence did so at the next call, or when the execution ended.
    for (std::size_t i = 0; i < calls_.calls.size(); ++i) {
      Call& call = calls_.calls[i];
      if (call.ended || (call.kind != "condition" && call.kind != "signal_wait")) continue;
      for (std::size_t next = i + 1; next < calls_.calls.size(); ++next) {
        if (!calls_.calls[next].seq || calls_.calls[next].began <= call.began) continue;
        call.ended = calls_.calls[next].began;
        call.outcome = "met";
        break;
      }
    }
    for (Call& call : calls_.calls) {
      if (call.ended || !calls_.ended) continue;
      call.ended = calls_.ended;
      call.outcome = call.kind == "condition" || call.kind == "signal_wait" ? "met" : "left";
      for (CallAttempt& attempt : call.attempts) {
        if (!attempt.ended) attempt.ended = calls_.ended;
      }
    }
    return std::move(calls_);
  }

 private:
  static std::optional<std::uint64_t> seq_of(const Json& event, std::string_view member = "seq") {
    const Json& seq = event[member];
    return seq.is_integer() ? std::optional(seq.as_uint64()) : std::nullopt;
  }

  Call& begin(const Json& event, std::string kind, std::string name) {
    calls_.calls.push_back({.seq = seq_of(event),
                            .kind = std::move(kind),
                            .name = std::move(name),
                            .began = at_,
                            .ended = {},
                            .outcome = {},
                            .error = {},
                            .attempts = {}});
    return calls_.calls.back();
  }

  void point(std::string kind, std::string name) {
    Call& call = begin(Json(), std::move(kind), std::move(name));
    call.ended = at_;
    call.outcome = "received";
  }

  bool begins(std::string_view type, const Json& event) {
    if (type == "task_scheduled") {
      begin(event, "task", text_of(event, "task"))
          .attempts.push_back({.began = at_, .ended = {}, .error = {}});
    } else if (type == "timer_started") {
      begin(event, "timer", "sleep");
    } else if (type == "child_scheduled") {
      begin(event, "child", text_of(event, "workflow"));
    } else if (type == "signal_sent") {
      begin(event, "signal_send", text_of(event, "signal"));
    } else if (type == "condition_started") {
      begin(event, "condition", "condition");
    } else if (type == "signal_expected") {
      begin(event, "signal_wait", text_of(event, "signal"));
    } else if (type == "cancel_sent") {
      begin(event, "cancel_send", text_of(event, "execution_id"));
    } else {
      return false;
    }
    return true;
  }

  Call* find(std::optional<std::uint64_t> seq) {
    if (!seq) return nullptr;
    for (auto call = calls_.calls.rbegin(); call != calls_.calls.rend(); ++call) {
      if (call->seq == seq) return &*call;
    }
    return nullptr;
  }

  void end(Call& call, std::string outcome, const Json& event) {
    call.ended = at_;
    call.outcome = std::move(outcome);
    call.error = text_of(event["error"], "name");
    if (!call.attempts.empty() && !call.attempts.back().ended) {
      call.attempts.back().ended = at_;
      call.attempts.back().error = call.error;
    }
  }

  void answer(std::string_view type, const Json& event) {
    if (type == "call_cancelled") {
      if (Call* call = find(seq_of(event, "call")); call != nullptr) end(*call, "cancelled", event);
      return;
    }
    Call* call = find(seq_of(event));
    if (call == nullptr) return;
    if (type == "task_attempt_failed") {
      if (!call->attempts.empty()) {
        call->attempts.back().ended = at_;
        call->attempts.back().error = text_of(event["error"], "name");
      }
    } else if (type == "task_attempt_started") {
      call->attempts.push_back({.began = at_, .ended = {}, .error = {}});
    } else if (type == "child_started") {
      call->name = text_of(event, "execution_id");
    } else if (type == "timer_fired") {
      end(*call, "fired", event);
    } else if (type == "call_timed_out") {
      end(*call, "timed_out", event);
    } else if (type.ends_with("_succeeded")) {
      end(*call, "succeeded", event);
    } else if (type.ends_with("_failed")) {
      end(*call, "failed", event);
    } else if (type.ends_with("_delivered")) {
      end(*call, "delivered", event);
    } else if (type.ends_with("_refused")) {
      end(*call, "refused", event);
    }
  }

  void update_answer(std::string_view type, const Json& event) {
    const std::string id = text_of(event, "update_id");
    for (const auto& [update, index] : updates_) {
      if (update != id) continue;
      end(calls_.calls[index], type == "update_failed" ? "failed" : "succeeded", event);
      return;
    }
  }

  void execution_event(std::string_view what, const Json& event) {
    if (what == "paused" || what == "parked") {
      const std::string name =
          what == "parked" ? text_of(event["error"], "name") : text_of(event, "reason");
      begin(Json(), std::string(what), name);
    } else if (what == "resumed" || what == "unparked") {
      for (auto call = calls_.calls.rbegin(); call != calls_.calls.rend(); ++call) {
        if (call->ended || call->kind != (what == "resumed" ? "paused" : "parked")) continue;
        call->ended = at_;
        call->outcome = "resumed";
        break;
      }
    } else if (what == "succeeded" || what == "failed" || what == "cancelled" ||
               what == "timed_out" || what == "terminated" || what == "continued") {
      calls_.ended = at_;
      calls_.outcome = what;
    }
  }

  Calls calls_;
  std::vector<std::pair<std::string, std::size_t>> updates_;  // ids and their calls
  Timestamp at_{};
  bool first_ = true;
};

}  // namespace

Calls calls_of(const Json& events) {
  Collector collector;
  for (const Json& event : events.as_array()) collector.add(event);
  return collector.finish();
}

}  // namespace eventual::cli
