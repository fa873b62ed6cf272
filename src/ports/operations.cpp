#include "ports/operations.hpp"

#include <string_view>

namespace eventual::ports {

Result<ExecutionRef> parse_execution_id(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string_view::npos) {
    return Error(std::string(error_names::k_invalid_input),
                 "'" + std::string(text) + "' is no execution id; write it as workflow/name");
  }
  return ExecutionRef{.workflow = std::string(text.substr(0, slash)),
                      .name = std::string(text.substr(slash + 1)),
                      .run = 0};
}

void Operations::tell_attempt(detail::AttemptNews, Callback<bool> done) {
  done(Error(std::string(error_names::k_not_allowed), "tokens are not used here"));
}

Result<std::string> Operations::export_history(const HistoryRequest&) {
  return Error(std::string(error_names::k_not_allowed), "histories are not exported here");
}

Result<BackupReply> Operations::backup(const std::string&) {
  return Error(std::string(error_names::k_not_allowed), "there is nothing here to back up");
}

Result<ImportReply> Operations::import_history(const ImportRequest&) {
  return Error(std::string(error_names::k_not_allowed), "histories are not imported here");
}

void Operations::transact(TransactionRequest, Callback<std::string> done) {
  done(Error(std::string(error_names::k_not_allowed), "there are no transactions here"));
}

void Operations::entity(EntityOperation, Callback<std::string> done) {
  done(Error(std::string(error_names::k_not_allowed), "there are no entities here"));
}

namespace {

Error no_events() {
  return Error(std::string(error_names::k_not_allowed), "there are no events here");
}

}  // namespace

void Operations::emit(EmitRequest, Callback<EmitReply> done) { done(no_events()); }
void Operations::read_events(EventsRequest, Callback<EventsReply> done) { done(no_events()); }
void Operations::receive_events(ReceiveRequest, Callback<bool> done) { done(no_events()); }
void Operations::source_position(std::string, Callback<SourcePosition> done) { done(no_events()); }
void Operations::subscriptions(Callback<std::vector<SubscriptionView>> done) { done(no_events()); }
void Operations::dead_letters(DeadLettersRequest, Callback<DeadLettersReply> done) {
  done(no_events());
}
void Operations::act_on_dead_letters(DeadLetterAct, Callback<DeadLetterActReply> done) {
  done(no_events());
}

}  // namespace eventual::ports
