// A service as the handles of a client's contract reach it: each operation is a request on one of
// the client's threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/call_pool.hpp"
#include "client/http_client.hpp"
#include "client/operations_client.hpp"
#include "eventual/client.hpp"
#include "eventual/detail/remote.hpp"
#include "ports/operations.hpp"
#include "ports/outside_calls.hpp"

namespace eventual::client {

class RemoteService final : public detail::Remote {
 public:
  RemoteService(std::string url, ClientOptions options);
  /// Ends what is under way: it fails with Closed.
  ~RemoteService() override;

  const std::string& url() const noexcept override { return url_; }

  detail::SlotRef call_command(detail::CommandCall call) override;
  detail::SlotRef call_workflow(detail::WorkflowCall call) override;
  detail::SlotRef wait_result(std::string_view execution_id,
                              detail::DecodeFunction decode) override;
  detail::SlotRef act_on_execution(detail::ExecutionAct act) override;
  detail::SlotRef cancel_execution(std::string_view execution_id) override;
  detail::SlotRef terminate_execution(std::string_view execution_id, std::string reason) override;
  detail::SlotRef send_signal(detail::SignalSend send) override;
  detail::SlotRef ask_query(detail::QueryAsk ask) override;
  detail::SlotRef ask_update(detail::UpdateAsk ask) override;
  detail::SlotRef emit_event(detail::EmitCall call) override;
  detail::SlotRef call_transaction(detail::TransactionCall call) override;

 private:
  using Complete = ports::OutsideCalls::Complete;
  /// What a thread does: asks, and gives the result as JSON text.
  using Ask = std::function<Result<std::string>()>;
  /// Asks once; nothing: not yet, ask again.
  using Poll = std::function<std::optional<Result<std::string>>(Duration wait)>;

  detail::SlotRef run(detail::DecodeFunction decode, Ask ask);
  detail::SlotRef poll(detail::DecodeFunction decode, Poll poll);
  void add_poll(Complete complete, Poll poll);
  std::optional<Result<std::string>> ask_result(const ports::ExecutionRef& execution,
                                                Duration wait);
  std::string execution_json(std::string_view execution_id) const;

  /// Made by the first call, for the token may take time to be had.
  Result<HttpClient*> http();
  template <class Call>
  Result<Json> operate(const Call& call);
  Error named(Error error) const;
  Error ended() const;

  std::string url_;
  ClientOptions options_;
  std::uint64_t number_;  // by which its executions find it
  std::stop_source stop_;
  std::mutex mutex_;
  std::unique_ptr<HttpClient> http_;
  CallPool calls_;
  CallPool polls_;
};

}  // namespace eventual::client
