// Calls on entities and of transactions: recorded, and answered by what a worker made of them.
#include <array>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "workflow/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

using detail::SlotRef;

namespace {

constexpr std::array<std::string_view, 5> k_operations = {"get", "put", "remove", "query", "scan"};

std::optional<model::JsonText> text_or_none(std::string text) {
  if (text.empty()) return std::nullopt;
  return model::JsonText{std::move(text)};
}

}  // namespace

SlotRef Executor::call_entity(detail::EntityCall call) {
  if (discarding()) return make_slot(call.decode);
  detail::EntityRequest& request = call.request;
  require_room(request.value.size(), request.entity);
  const std::uint32_t seq = next_seq_++;
  model::EntityCalled called;
  called.seq = seq;
  called.operation = k_operations.at(static_cast<std::size_t>(request.operation));
  called.entity = std::move(request.entity);
  called.index = std::move(request.index);
  called.key = text_or_none(std::move(request.key));
  called.value = text_or_none(std::move(request.value));
  called.expected_version = request.expected_version;
  if (request.keep_version) called.keep_version = true;
  called.condition = text_or_none(std::move(request.condition));
  called.select = text_or_none(std::move(request.select));
  if (request.operation == detail::EntityRequest::Operation::query ||
      request.operation == detail::EntityRequest::Operation::scan) {
    called.limit = request.limit;
    called.cursor = std::move(request.cursor);
    if (request.descending) called.descending = true;
  }
  if (!record(std::move(called), call.location, call.normalise)) return make_slot(call.decode);
  SlotRef slot = pending_call(seq, Pending::Kind::store_call, call.decode);
  set_cancel_waits(slot.index());
  return slot;
}

SlotRef Executor::call_transaction(detail::TransactionCall call) {
  if (discarding()) return make_slot(call.decode);
  if (!call.id.empty()) {
    throw Error(std::string(error_names::k_not_allowed),
                "a workflow calls a transaction without an id: the call happens once anyway");
  }
  require_room(call.input.size(), call.transaction);
  const std::uint32_t seq = next_seq_++;
  model::TransactionCalled called;
  called.seq = seq;
  called.transaction = call.transaction;
  called.input.text = std::move(call.input);
  if (!record(std::move(called), call.location, call.normalise)) return make_slot(call.decode);
  SlotRef slot = pending_call(seq, Pending::Kind::store_call, call.decode);
  set_cancel_waits(slot.index());
  return slot;
}

}  // namespace eventual::workflow
