// A host without threads, sockets or a clock of its own: the production engine on any store, driven
// one event at a time. TestEnvironment and the simulator stand on it.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "engine/engine.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/service.hpp"
#include "host/endpoints.hpp"
#include "host/handler_runtime.hpp"
#include "host/mailbox.hpp"
#include "host/requests.hpp"
#include "host/transactions.hpp"
#include "ports/store.hpp"
#include "testing/planted_defects.hpp"
#include "testing/strands.hpp"

namespace eventual::testing {

struct VirtualHostOptions {
  engine::Options engine;
  PlantedDefect defect = PlantedDefect::none;
  std::uint64_t seed = 1;
  engine::LogSink log;
};

class VirtualHost final : private host::HandlerTime {
 public:
  /// What answers for an attempt instead of its handler: a result, a thrown failure, or (nothing)
  /// it hangs.
  using Act = std::function<std::string(std::string_view input_json)>;
  /// Whether an attempt is answered by a substitute, and by which.
  struct Substitute {
    bool hangs = false;
    Act act;
    bool deferred = false;  ///< its token has been given away
  };
  using FindSubstitute = std::function<std::optional<Substitute>(const engine::Attempt& attempt)>;

  /// `service` and `store` must outlive it. Recovers what the store holds. Throws when the store
  /// cannot be read.
  VirtualHost(const Service& service, ports::Store& store, Timestamp now,
              VirtualHostOptions options);
  ~VirtualHost() override;

  Timestamp now() override { return now_; }
  engine::Engine& engine() noexcept { return *engine_; }
  ports::Operations& operations() noexcept { return requests_; }
  void set_substitutes(FindSubstitute find) { find_substitute_ = std::move(find); }
  /// Called after each attempt whose handler or substitute has ended, before the engine hears of
  /// it.
  using AttemptEnded =
      std::function<void(const engine::Attempt& attempt, const engine::AttemptResult& result)>;
  void set_attempt_ended(AttemptEnded ended) { attempt_ended_ = std::move(ended); }

  // --- everything that is ready, one thing at a time ---
  bool has_mail() const noexcept { return !mailbox_->empty() || !later_.empty(); }
  bool has_output() const noexcept { return uncommitted_.has_value() || engine_->has_output(); }
  std::size_t attempts_ready() const noexcept { return attempts_.size(); }
  /// Gives the engine all that was posted, and runs transactions that are to run again.
  void take_mail();
  /// All that was posted, oldest first, for the caller to give.
  std::vector<host::Message> collect_mail();
  void give(host::Message message);
  /// Takes the output of this round: what comes in from now on belongs to the next.
  void begin_commit();
  /// Commits the output that was begun, or that of this round, and performs its effects. The error
  /// of a failing store; the same output is kept then.
  Result<void> commit();
  /// What a commit was begun with; null when none was.
  const ports::Batch* begun() const noexcept {
    return uncommitted_ ? &uncommitted_->batch : nullptr;
  }
  /// Runs one attempt that is ready, by its position, until it ends or waits.
  void run_attempt(std::size_t position = 0);
  const engine::Attempt& attempt(std::size_t position) const { return attempts_[position]; }
  bool handler_ready() const { return strands_.ready(now_); }
  /// What stands for an attempt that is completed later.
  std::string token_of(const engine::Attempt& attempt) const;
  /// Goes on with one handler that waited; false when none can.
  bool resume_handler();
  void set_now(Timestamp now) { now_ = now; }
  void fire_due();

  /// All of it, in order, until nothing is ready at this instant.
  void settle();
  /// The same without the times of schedules, which never end.
  std::optional<Timestamp> next_due_of_executions() const;
  /// When something happens next by itself.
  std::optional<Timestamp> next_due() const;
  /// Moves time from one due instant to the next, up to `until`.
  void advance_to(Timestamp until);

  struct Answered {
    http::Response response;
    std::optional<Error> failure;  ///< what the handler or a middleware threw last
  };
  /// Answers a request as the command or route does, on a handler thread. Bodies in pieces are
  /// whole here.
  template <class Definition>
  void handle(const Definition& definition, http::Request request,
              std::function<void(Answered)> done) {
    handle(endpoints_.of(definition), std::move(request), std::move(done));
  }

  /// Calls a command over RPC; what it throws, or what a middleware answers instead, is an error.
  void call(const detail::CommandDefinition& command, std::string input_json,
            std::function<void(Result<std::string>)> done);
  /// Runs a function as a handler of no declaration.
  void run_handler(detail::HandlerFunction function, std::function<void(Result<std::string>)> done);

  std::size_t handlers_waiting() const noexcept { return strands_.waiting(); }

 private:
  // host::HandlerTime
  void wait(std::optional<Timestamp> due, const std::function<bool()>& arrived) override {
    strands_.wait(due, arrived);
  }
  std::uint64_t random_u64() override { return random_.next_u64(); }

  void handle(host::Endpoint& endpoint, http::Request request, std::function<void(Answered)> done);
  void perform(engine::Output& output);
  static void answer_all(engine::Output& output);
  void hand_out(engine::Attempt attempt);
  engine::AttemptResult answer(const engine::Attempt& attempt,
                               const std::optional<Substitute>& substitute);
  void stop(const engine::StopAttempt& wanted);

  const Service& service_;
  ports::Store& store_;
  Timestamp now_;
  base::Random random_;
  PlantedDefect defect_;
  std::shared_ptr<host::Mailbox> mailbox_;  // shared with callbacks of handlers
  std::shared_ptr<const ports::TokenSigner> tokens_;
  host::Requests requests_;
  std::unique_ptr<engine::Engine> engine_;
  host::HandlerHost handler_host_;
  const host::Endpoints endpoints_;
  ServiceInfo info_;
  std::deque<std::function<void()>> later_;  // transactions that wait for a thread
  host::Transactions transactions_;
  std::optional<engine::Output> uncommitted_;
  bool refused_before_ = false;  // what is uncommitted was given to the store
  std::deque<engine::Attempt> attempts_;
  FindSubstitute find_substitute_;
  AttemptEnded attempt_ended_;
  struct Running {
    const engine::Attempt* attempt;
    std::stop_source stop;
  };
  std::list<Running> running_;  // one thread at a time: no lock
  Strands strands_;
};

}  // namespace eventual::testing
