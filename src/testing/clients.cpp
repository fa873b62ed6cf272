#include "testing/clients.hpp"

#include <fmt/format.h>

#include <utility>

namespace eventual::testing {

namespace {

/// Between two tries; each is so many times longer than the one before, up to the last.
constexpr Duration k_pause_first{1'000};
constexpr Duration k_pause_most{60'000};
constexpr std::uint32_t k_tries_max = 100;
constexpr Duration k_update_wait{60'000};

std::string_view verb_of(Request::Kind kind) {
  switch (kind) {
    case Request::Kind::start:
      return "start";
    case Request::Kind::signal:
      return "signal";
    case Request::Kind::update:
      return "update";
    case Request::Kind::read_view:
      return "read the view of";
    case Request::Kind::call:
      return "call";
    case Request::Kind::cancel:
      return "cancel";
    case Request::Kind::terminate:
      return "terminate";
    case Request::Kind::pause:
      return "pause";
    case Request::Kind::resume:
      return "resume";
    case Request::Kind::retry:
      return "retry";
    case Request::Kind::fork:
      return "fork";
    case Request::Kind::schedule:
      return "schedule";
    case Request::Kind::attempt:
      return "tell of an attempt of";
    case Request::Kind::emit:
      return "emit";
    case Request::Kind::receive:
      return "receive";
    case Request::Kind::dead_letters:
      return "take care of the dead letters of";
  }
  return "request";
}

std::string_view act_of(ports::ScheduleAct::Kind kind) {
  switch (kind) {
    case ports::ScheduleAct::Kind::pause:
      return "pause";
    case ports::ScheduleAct::Kind::resume:
      return "resume";
    case ports::ScheduleAct::Kind::trigger:
      return "trigger";
    case ports::ScheduleAct::Kind::backfill:
      return "backfill";
  }
  return "act";
}

bool try_again(const Error& error) { return error.name() == error_names::k_unavailable; }

}  // namespace

std::string to_text(const Request& request) {
  switch (request.kind) {
    case Request::Kind::start:
      return fmt::format("start {} with {}{}", request.execution_id, request.json,
                         request.signal.empty() ? "" : " and signal " + request.signal);
    case Request::Kind::signal:
    case Request::Kind::update:
      return fmt::format("{} {} {} to {}", verb_of(request.kind), request.name, request.json,
                         request.execution_id);
    case Request::Kind::call:
      return fmt::format("call {} with {}", request.name, request.json);
    case Request::Kind::fork:
      return fmt::format("fork {} at call {} as {}", request.execution_id, request.seq,
                         request.name);
    case Request::Kind::schedule:
      return fmt::format("{} schedule {}", act_of(request.act.kind), request.act.schedule);
    case Request::Kind::emit:
    case Request::Kind::receive:
      return fmt::format("{} {} {}{}{}", verb_of(request.kind), request.name, request.json,
                         request.message_id.empty() ? "" : " with id " + request.message_id,
                         request.key.empty() ? "" : " with key " + request.key);
    case Request::Kind::dead_letters:
      return fmt::format(
          "{} the dead letters of {}",
          request.letters == ports::DeadLetterAct::Kind::redrive ? "redrive" : "discard",
          request.name);
    default:
      return fmt::format("{} {}", verb_of(request.kind), request.execution_id);
  }
}

std::size_t Clients::add(Request request) {
  requests_.push_back(std::move(request));
  return requests_.size() - 1;
}

std::optional<Timestamp> Clients::next_due() const {
  std::optional<Timestamp> next;
  for (const Request& request : requests_) {
    if (request.answered || request.in_flight) continue;
    if (!next || request.at < *next) next = request.at;
  }
  return next;
}

std::optional<std::size_t> Clients::due(Timestamp now) const {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const Request& request = requests_[i];
    if (!request.answered && !request.in_flight && request.at <= now) return i;
  }
  return std::nullopt;
}

void Clients::lose_answers(Timestamp now) {
  ++life_;
  for (Request& request : requests_) {
    if (!request.in_flight) continue;
    request.in_flight = false;
    request.at = now + k_pause_first;
  }
}

void Clients::take(std::size_t number, std::uint32_t life, Answer answer) {
  Request& request = requests_[number];
  if (life != life_ || request.answered) return;
  request.in_flight = false;
  if (answer.error && try_again(*answer.error) && request.tries < k_tries_max) {
    request.at = now_ + std::min(k_pause_first * request.tries, k_pause_most);
    return;
  }
  request.answered = true;
  request.given_up = answer.error && try_again(*answer.error);
  request.accepted = !answer.error;
  request.run = answer.run;
  request.result = std::move(answer.result);
  request.failure = std::move(answer.failure);
  request.duplicate = answer.duplicate;
  request.started = std::move(answer.started);
  if (request.execution_id.empty()) request.execution_id = std::move(answer.execution_id);
}

void Clients::send(std::size_t number, VirtualHost& host, Timestamp now) {
  using Kind = Request::Kind;
  now_ = now;
  Request& request = requests_[number];
  request.in_flight = true;
  ++request.tries;
  const auto done = [this, number, life = life_](Answer answer) {
    take(number, life, std::move(answer));
  };
  const auto acknowledged = [done](const Result<bool>& reply) {
    done({reply ? std::nullopt : std::optional(reply.error())});
  };
  const auto started = [done](const Result<ports::StartReply>& reply) {
    if (!reply) return done({reply.error()});
    done({.error = {}, .run = reply->run, .execution_id = reply->execution_id});
  };
  ports::Operations& operations = host.operations();
  ports::ExecutionRef execution;
  if (const auto named = ports::parse_execution_id(request.execution_id)) execution = *named;
  switch (request.kind) {
    case Kind::start: {
      ports::StartRequest start{request.name, execution.name, request.json, std::nullopt};
      if (!request.signal.empty())
        start.signal =
            ports::StartRequest::Signal{request.signal, request.payload, request.message_id};
      return operations.start(std::move(start), started);
    }
    case Kind::signal:
      return operations.signal({execution, request.name, request.json, request.message_id},
                               acknowledged);
    case Kind::update:
      return operations.update(
          {execution, request.name, request.json, request.message_id, k_update_wait},
          [done](const Result<ports::UpdateReply>& reply) {
            if (!reply) return done({reply.error()});
            done({.error = {}, .result = reply->result_json, .failure = reply->error});
          });
    case Kind::read_view:
      return operations.published(execution, [done](const Result<std::string>& reply) {
        done({reply ? std::nullopt : std::optional(reply.error())});
      });
    case Kind::call:
      return host.call(*declarations_.find_command(request.name), request.json,
                       [done](const Result<std::string>& reply) {
                         done({reply ? std::nullopt : std::optional(reply.error())});
                       });
    case Kind::cancel:
      return operations.cancel(execution, acknowledged);
    case Kind::terminate:
      return operations.terminate(execution, "by the simulation", acknowledged);
    case Kind::pause:
      return operations.pause(execution, "by the simulation", acknowledged);
    case Kind::resume:
      return operations.resume(execution, acknowledged);
    case Kind::retry:
      return operations.retry(execution, started);
    case Kind::fork:
      return operations.fork({execution, request.seq, request.name}, started);
    case Kind::schedule:
      return operations.act_on_schedule(request.act,
                                        [done](const Result<ports::ScheduleReply>& reply) {
                                          if (!reply) return done({reply.error()});
                                          done({.error = {}, .started = reply->started});
                                        });
    case Kind::attempt:
      return operations.tell_attempt(request.news, acknowledged);
    case Kind::emit: {
      ports::EmitRequest emitted;
      emitted.events.push_back({request.name, request.json, request.message_id, request.key, {}});
      return operations.emit(std::move(emitted), [done](const Result<ports::EmitReply>& reply) {
        if (!reply) return done({reply.error()});
        const ports::EmitReply::Taken& taken = reply->events.front();
        done({.error = {}, .result = taken.id, .duplicate = taken.duplicate});
      });
    }
    case Kind::receive: {
      ports::ReceiveRequest received;
      received.source = k_other_service;
      // A log of its own: what is known of it says nothing about other events.
      received.url = "simulated:" + request.message_id;
      received.log_id = "log";
      received.next = 1;
      received.events.push_back(
          {request.name, request.json, request.message_id, request.key, {}, true});
      return operations.receive_events(std::move(received), acknowledged);
    }
    case Kind::dead_letters:
      return operations.act_on_dead_letters(
          {request.letters, {}, request.name},
          [done](const Result<ports::DeadLetterActReply>& reply) {
            done({reply ? std::nullopt : std::optional(reply.error())});
          });
  }
}

}  // namespace eventual::testing
