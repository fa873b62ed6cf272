// Which call a thread is running, so that code that crashes the process is noticed at the next
// start.
#pragma once

#include <cstdint>
#include <string_view>

namespace eventual::ports {

/// A call of an execution: a task's attempt, or (k_workflow_code) the workflow's own code.
struct CallName {
  static constexpr std::uint32_t k_workflow_code = 0xffffffffU;
  std::string_view execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = k_workflow_code;
};

/// Thread rule: begin and end pair up on each thread; they nest.
class CallMarker {
 public:
  virtual ~CallMarker() = default;
  virtual void begin(const CallName& call) noexcept = 0;
  virtual void end() noexcept = 0;
  /// How often this call was running when the process died of its own fault.
  virtual std::uint32_t crashes(const CallName& call) = 0;
  /// Forgets the crashes of all calls of an execution: somebody repaired it.
  virtual void forgive(std::string_view execution_id) = 0;
};

/// Marks a call for its lifetime; a null marker marks nothing.
class MarkedCall {
 public:
  MarkedCall(CallMarker* marker, const CallName& call) noexcept : marker_(marker) {
    if (marker_ != nullptr) marker_->begin(call);
  }
  ~MarkedCall() {
    if (marker_ != nullptr) marker_->end();
  }
  MarkedCall(const MarkedCall&) = delete;
  MarkedCall& operator=(const MarkedCall&) = delete;

 private:
  CallMarker* marker_;
};

}  // namespace eventual::ports
