// Another service, as the handles of a client's contract reach it. Internal: user code meets it
// through ServiceClient.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "eventual/detail/runtime.hpp"

namespace eventual {
struct CommandCallOptions;
}  // namespace eventual

namespace eventual::detail {

struct TransactionCall;

struct CommandCall {
  std::string_view command;
  std::string input;
  const CommandCallOptions* options = nullptr;  ///< for the time of the call
  DecodeFunction decode = nullptr;
};

/// Asks another service. Each operation returns a future's slot of the runtime whose code this
/// thread is running, or of a plain thread; it throws NotAllowed where nothing outside may be
/// asked. Any thread.
class Remote : public std::enable_shared_from_this<Remote> {
 public:
  Remote() = default;
  virtual ~Remote() = default;
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  virtual const std::string& url() const noexcept = 0;

  virtual SlotRef call_command(CommandCall call) = 0;
  virtual SlotRef call_workflow(WorkflowCall call) = 0;
  virtual SlotRef wait_result(std::string_view execution_id, DecodeFunction decode) = 0;
  virtual SlotRef act_on_execution(ExecutionAct act) = 0;
  virtual SlotRef cancel_execution(std::string_view execution_id) = 0;
  virtual SlotRef terminate_execution(std::string_view execution_id, std::string reason) = 0;
  virtual SlotRef send_signal(SignalSend send) = 0;
  virtual SlotRef ask_query(QueryAsk ask) = 0;
  virtual SlotRef ask_update(UpdateAsk ask) = 0;
  virtual SlotRef emit_event(EmitCall call) = 0;
  virtual SlotRef call_transaction(TransactionCall call) = 0;
};

/// An execution as an operation gave it; `remote` is null for one of this service.
struct RemoteExecution {
  std::string id;
  std::shared_ptr<Remote> remote;
};

/// Reads what the start of an execution gave: its id as a JSON string, or what a Remote made of it.
/// Throws Closed where that has gone.
RemoteExecution read_execution(std::string_view json);

/// What handles have in common: the service that they belong to, where that is another.
class RemoteHandle {
 protected:
  constexpr RemoteHandle() noexcept = default;
  std::shared_ptr<Remote> shared_remote() const {
    return remote_ == nullptr ? nullptr : remote_->shared_from_this();
  }

  Remote* remote_ = nullptr;  // of the client that holds the contract

 private:
  friend struct RemoteBinding;
};

/// Throws NotAllowed, naming `operation`, where the handle is no client's.
Remote& require_remote(Remote* remote, std::string_view operation);

}  // namespace eventual::detail
