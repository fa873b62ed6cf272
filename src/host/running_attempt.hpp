// What a running attempt's handler says, on its way to the engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "eventual/task.hpp"
#include "host/mailbox.hpp"
#include "ports/token_signer.hpp"

namespace eventual::host {

/// Belongs to the handler's thread.
class RunningAttempt final : public detail::AttemptPort {
 public:
  /// All must outlive it; `tokens` may be null.
  RunningAttempt(const engine::Attempt& attempt, Mailbox& mailbox, const ports::TokenSigner* tokens)
      : attempt_(attempt), mailbox_(mailbox), tokens_(tokens) {}

  void heartbeat(std::string details_json) override {
    if (details_json.size() > base::k_heartbeat_bytes_max) {
      throw Error(std::string(error_names::k_limit_exceeded),
                  "the details of a heartbeat have " + std::to_string(details_json.size()) +
                      " bytes, more than " + std::to_string(base::k_heartbeat_bytes_max));
    }
    said_ = details_json;
    if (said_now_->set(std::move(details_json))) return;  // the engine has not taken the one before
    engine::AttemptNews news;
    news.execution_id = attempt_.execution_id;
    news.run = attempt_.run;
    news.seq = attempt_.seq;
    news.attempt = attempt_.attempt;
    mailbox_.post(messages::Tell{std::move(news), nullptr, said_now_});
  }

  const std::string* last_heartbeat() const override {
    return attempt_.last_heartbeat ? &*attempt_.last_heartbeat : nullptr;
  }

  std::string complete_later() override {
    if (tokens_ == nullptr) {
      throw Error(std::string(error_names::k_not_allowed), "this host signs no tokens");
    }
    deferred_ = true;
    return tokens_->sign(name_of(attempt_));
  }

  /// Adds what the handler said to what became of it.
  void finish(engine::AttemptResult& result) {
    result.heartbeat = std::move(said_);
    result.deferred = deferred_ && !result.error;
  }

  static ports::AttemptName name_of(const engine::Attempt& attempt) {
    return {attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
            attempt.definition->name};
  }

 private:
  const engine::Attempt& attempt_;
  Mailbox& mailbox_;
  const ports::TokenSigner* tokens_;
  std::optional<std::string> said_;
  // shared: with a message in the mailbox
  std::shared_ptr<messages::LatestHeartbeat> said_now_ =
      std::make_shared<messages::LatestHeartbeat>();
  bool deferred_ = false;
};

}  // namespace eventual::host
