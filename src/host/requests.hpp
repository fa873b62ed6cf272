// The operations as messages to the engine's thread, checked on the caller's.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "eventual/detail/definitions.hpp"
#include "host/mailbox.hpp"
#include "ports/operations.hpp"
#include "ports/token_signer.hpp"

namespace eventual::host {

class Transactions;

/// What a query answers to a view; runs its function on the calling thread. NotFound when it is not
/// declared, InvalidInput, or what the function throws.
Result<std::string> answer_query(const detail::Declarations& declarations, std::string_view query,
                                 std::string_view view_json, std::string_view input_json);

/// Checks requests and posts them. Requests that are refused are answered at once, on the caller's
/// thread; every other callback is called once, with Unavailable when the engine ends first. Lists
/// and histories are not its business: they give Unavailable.
class Requests : public ports::Operations {
 public:
  /// `declarations` must outlive it and the mailbox's taker. Values of more than
  /// `payload_bytes_max` are refused with PayloadTooLarge.
  // shared: handlers that do not end in time keep the mailbox when the node is gone.
  // shared tokens: as the mailbox.
  Requests(const detail::Declarations& declarations, std::shared_ptr<Mailbox> mailbox,
           std::size_t payload_bytes_max,
           std::shared_ptr<const ports::TokenSigner> tokens = nullptr)
      : declarations_(declarations),
        mailbox_(std::move(mailbox)),
        payload_bytes_max_(payload_bytes_max),
        tokens_(std::move(tokens)) {}

  void start(ports::StartRequest request, ports::Callback<ports::StartReply> done) override;
  void signal(ports::SignalRequest request, ports::Callback<bool> done) override;
  void update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done) override;
  void published(ports::ExecutionRef execution, ports::Callback<std::string> done) override;
  void describe(ports::ExecutionRef execution, ports::Callback<ports::ExecutionView> done) override;
  void wait_closed(ports::ExecutionRef execution, Duration wait,
                   ports::Callback<ports::ExecutionView> done) override;
  void cancel(ports::ExecutionRef execution, ports::Callback<bool> done) override;
  void terminate(ports::ExecutionRef execution, std::string reason,
                 ports::Callback<bool> done) override;
  void pause(ports::ExecutionRef execution, std::string reason,
             ports::Callback<bool> done) override;
  void resume(ports::ExecutionRef execution, ports::Callback<bool> done) override;
  void retry(ports::ExecutionRef execution, ports::Callback<ports::StartReply> done) override;
  void fork(ports::ForkRequest request, ports::Callback<ports::StartReply> done) override;
  void schedules(std::string name, ports::Callback<std::vector<ports::ScheduleView>> done) override;
  void act_on_schedule(ports::ScheduleAct act, ports::Callback<ports::ScheduleReply> done) override;
  void tell_attempt(detail::AttemptNews news, ports::Callback<bool> done) override;
  void emit(ports::EmitRequest request, ports::Callback<ports::EmitReply> done) override;
  void read_events(ports::EventsRequest request, ports::Callback<ports::EventsReply> done) override;
  void receive_events(ports::ReceiveRequest request, ports::Callback<bool> done) override;
  void source_position(std::string url, ports::Callback<ports::SourcePosition> done) override;
  void subscriptions(ports::Callback<std::vector<ports::SubscriptionView>> done) override;
  void dead_letters(ports::DeadLettersRequest request,
                    ports::Callback<ports::DeadLettersReply> done) override;
  void act_on_dead_letters(ports::DeadLetterAct act,
                           ports::Callback<ports::DeadLetterActReply> done) override;

  void transact(ports::TransactionRequest request, ports::Callback<std::string> done) override;
  void entity(ports::EntityOperation operation, ports::Callback<std::string> done) override;

  Result<ports::ListReply> list(const ports::ListRequest& request) override;
  Result<ports::HistoryReply> history(const ports::HistoryRequest& request) override;
  Result<ports::ImportReply> import_history(const ports::ImportRequest& request) override;
  ports::Health health() override { return {}; }

  /// Where transactions run; it must outlive this. Without, there are none.
  void set_transactions(Transactions& transactions) noexcept { transactions_ = &transactions; }

  /// From now on nobody waits for a result: the service stops.
  void refuse_waiting() noexcept { refuse_waiting_.store(true); }

 private:
  void act(messages::Act act);
  template <class T, class Ask>
  void ask_events(ports::Callback<T> done, std::size_t bytes, Ask ask);
  Result<std::string> check_signal(std::string_view name, std::string_view message_id,
                                   std::string_view payload_json) const;
  Result<std::string> normal_form(std::string (*normalise)(std::string_view), std::string_view json,
                                  std::string_view what) const;
  Result<void> check_events(ports::EmitRequest& request) const;

  const detail::Declarations& declarations_;
  std::shared_ptr<Mailbox> mailbox_;
  const std::size_t payload_bytes_max_;
  std::shared_ptr<const ports::TokenSigner> tokens_;
  Transactions* transactions_ = nullptr;
  std::atomic<bool> refuse_waiting_{false};
};

}  // namespace eventual::host
