// The clients of a simulated service: they send what they want until it is answered.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "ports/operations.hpp"
#include "testing/virtual_host.hpp"

namespace eventual::testing {

struct Request {
  enum class Kind : std::uint8_t {
    start,  ///< with a signal where `signal` is set
    signal,
    update,
    read_view,
    call,
    cancel,
    terminate,
    pause,
    resume,
    retry,
    fork,
    schedule,
    attempt,  ///< something about an attempt, by its token
    emit,
    receive,       ///< an event of another service
    dead_letters,  ///< of a subscription, redriven or discarded
  };
  Kind kind = Kind::start;
  std::string execution_id;
  std::string name;  ///< of the workflow, signal, update, command, schedule, fork, event, …
  std::string json = "null";
  std::string message_id;    ///< of a signal, an update or an event
  std::string signal = {};   ///< of a start with a signal
  std::string payload = {};  ///< likewise
  std::string key = {};      ///< of an event
  std::uint32_t seq = 0;     ///< of a fork
  ports::ScheduleAct act = {};
  ports::DeadLetterAct::Kind letters = ports::DeadLetterAct::Kind::redrive;
  detail::AttemptNews news = {};
  engine::AttemptResult attempt = {};  ///< that the news is about
  Timestamp at{};

  // what became of it
  bool in_flight = false;
  bool answered = false;
  bool given_up = false;  ///< it was told to try again too often
  std::uint32_t tries = 0;
  // The answer, where it is good.
  bool accepted = false;
  std::uint32_t run = 0;
  std::optional<std::string> result;  ///< of an event its id
  bool duplicate = false;             ///< of an event
  std::optional<Error> failure;       ///< of an update's handler
  std::vector<std::string> started;   ///< by a schedule
};

/// Of which the events are that another service emits.
inline constexpr std::string_view k_other_service = "another service";

/// "signal cancel to processOrder/o-1"
std::string to_text(const Request& request);

class Clients {
 public:
  explicit Clients(const detail::Declarations& declarations) : declarations_(declarations) {}

  /// Its number.
  std::size_t add(Request request);
  const std::deque<Request>& requests() const noexcept { return requests_; }

  /// When the next one is to be sent, unless it is answered or on its way.
  std::optional<Timestamp> next_due() const;
  /// The first that is due.
  std::optional<std::size_t> due(Timestamp now) const;
  /// `now` is that of the clients. A request that is told to try again is due again later.
  void send(std::size_t number, VirtualHost& host, Timestamp now);
  /// The process died: what it has not answered is due again.
  void lose_answers(Timestamp now);

 private:
  struct Answer {
    std::optional<Error> error;
    std::uint32_t run = 0;
    std::optional<std::string> result = {};
    std::optional<Error> failure = {};
    std::vector<std::string> started = {};
    std::string execution_id = {};
    bool duplicate = false;
  };
  void take(std::size_t number, std::uint32_t life, Answer answer);

  const detail::Declarations& declarations_;
  std::deque<Request> requests_;
  std::uint32_t life_ = 0;  ///< of the process: an answer of an earlier one never arrives
  Timestamp now_{};
};

}  // namespace eventual::testing
