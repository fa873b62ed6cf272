// Transactions and single operations on entities: run on a thread of the handlers, committed by the
// engine's thread, run again where others were faster.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/part.hpp"
#include "eventual/command.hpp"
#include "eventual/detail/definitions.hpp"
#include "host/handler_runtime.hpp"
#include "host/mailbox.hpp"
#include "ports/call_marker.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"

namespace eventual::host {

struct TransactionsHost {
  const HandlerHost& handlers;
  const ServiceInfo& service;
  Mailbox& mailbox;
  ports::CallMarker* marker;  ///< may be null
  /// Runs a job on a thread of the handlers, soon; Unavailable, without keeping it, where there is
  /// none any more. Any thread.
  std::function<Result<void>(std::function<void()>)> run_later;
  /// The same for a request from outside, which may be refused: LimitExceeded.
  std::function<Result<void>(std::function<void()>)> run_request;
};

class Transactions {
 public:
  /// All must outlive it and what it has under way.
  Transactions(ports::Store& reads, TransactionsHost host);
  ~Transactions();
  Transactions(const Transactions&) = delete;
  Transactions& operator=(const Transactions&) = delete;

  // Any thread; see ports::Operations.
  void transact(ports::TransactionRequest request, ports::Callback<std::string> done);
  void entity(ports::EntityOperation operation, ports::Callback<std::string> done);
  /// Posts what becomes of it to the mailbox.
  void perform(engine::StoreCall call);

 private:
  class Run;

  void start(std::shared_ptr<Run> run, bool here);
  Timestamp now() const;
  std::uint64_t random() const;
  void forget_old_ids();

  ports::Store& reads_;
  TransactionsHost host_;
  std::atomic<std::uint32_t> ids_since_forgetting_{0};
  std::atomic<bool> forgetting_{false};
};

}  // namespace eventual::host
