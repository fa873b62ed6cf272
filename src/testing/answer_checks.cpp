// What clients were told against what is stored.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "testing/checks.hpp"

namespace eventual::testing {
namespace {

[[noreturn]] void violated(const Request& request, std::string_view what) {
  throw Error("Violated", fmt::format("'{}' was acknowledged, but {}", to_text(request), what));
}

using Predicate = std::function<bool(const model::Event&)>;

std::size_t count_in_run(const engine::StoredExecution& run, const Predicate& wanted) {
  std::size_t count = 0;
  for (const model::Turn& turn : run.turns) {
    count +=
        static_cast<std::size_t>(std::count_if(turn.events.begin(), turn.events.end(), wanted));
    count += static_cast<std::size_t>(std::count_if(turn.calls.begin(), turn.calls.end(), wanted));
  }
  return count;
}

bool holds(const Story& story, const Predicate& wanted) {
  return std::any_of(story.runs.begin(), story.runs.end(),
                     [&](const auto& run) { return count_in_run(run, wanted) > 0; }) ||
         std::any_of(story.kept.begin(), story.kept.end(), wanted);
}

template <class Event>
bool holds(const Story& story) {
  return holds(story,
               [](const model::Event& event) { return std::holds_alternative<Event>(event); });
}

void check_signal(const Request& request, const Story& story) {
  const auto is_it = [&](const model::Event& event) {
    const auto* signal = std::get_if<model::SignalReceived>(&event);
    return signal != nullptr && signal->message_id == request.message_id;
  };
  for (const engine::StoredExecution& run : story.runs) {
    if (count_in_run(run, is_it) > 1) violated(request, "the history holds it twice");
  }
  if (request.kind == Request::Kind::signal && !holds(story, is_it))
    violated(request, "no history holds it");
}

void check_update(const Request& request, const Story& story) {
  const auto received = [&](const model::Event& event) {
    const auto* update = std::get_if<model::UpdateReceived>(&event);
    return update != nullptr && update->update_id == request.message_id;
  };
  for (const engine::StoredExecution& run : story.runs) {
    if (count_in_run(run, received) > 1) violated(request, "the history holds it twice");
  }
  if (!holds(story, received)) violated(request, "no history holds it");
  const auto answer = [&](const model::Event& event) {
    if (const auto* good = std::get_if<model::UpdateSucceeded>(&event)) {
      return good->update_id == request.message_id && request.result &&
             good->result.text == *request.result;
    }
    const auto* bad = std::get_if<model::UpdateFailed>(&event);
    return bad != nullptr && bad->update_id == request.message_id && request.failure &&
           bad->error == model::ErrorRecord(*request.failure);
  };
  if ((request.result || request.failure) && !holds(story, answer))
    violated(request, "no history holds its answer");
}

void check_cancel(const Request& request, const Story& story) {
  if (!model::is_closed(story.latest().status) && !holds<model::CancelRequested>(story))
    violated(request, "it goes on as if nobody had asked");
}

void check_retry(const Request& request, const Story& story) {
  if (story.latest().run < request.run)
    violated(request, fmt::format("there is no run {}", request.run));
}

/// The token's bearer was told that the result counts.
void check_attempt(const Request& request, const Story& story) {
  if (request.news.kind == detail::AttemptNews::Kind::heartbeat ||
      request.attempt.run > story.runs.size()) {
    return;
  }
  const engine::StoredExecution& run = story.runs[request.attempt.run - 1];
  const std::uint32_t seq = request.attempt.seq;
  const auto of_call = [seq](const model::Event& event) {
    if (const auto* cancelled = std::get_if<model::CallCancelled>(&event))
      return cancelled->call == seq;
    return !model::is_call(event) && model::seq_of(event) == seq &&
           !std::holds_alternative<model::TaskAttemptStarted>(event) &&
           !std::holds_alternative<model::TaskAttemptDeferred>(event);
  };
  if (count_in_run(run, of_call) == 0 && !model::is_closed(run.record.status) &&
      !std::any_of(story.kept.begin(), story.kept.end(), of_call)) {
    violated(request, fmt::format("call {} has no outcome", seq));
  }
}

}  // namespace

void check_answer(ports::Store& store, const Request& request) {
  using Kind = Request::Kind;
  if (!request.answered)
    throw Error("Unanswered", fmt::format("'{}' was never answered", to_text(request)));
  if (!request.accepted || request.kind == Kind::call || request.kind == Kind::read_view) return;
  const auto story_of = [&](const std::string& id) {
    Result<Story> story = read_story(store, id);
    if (!story) violated(request, story.error().message());
    return std::move(*story);
  };
  if (request.kind == Kind::emit || request.kind == Kind::receive ||
      request.kind == Kind::dead_letters) {
    return;  // the witness of deliveries sees to it
  }
  if (request.kind == Kind::schedule) {
    for (const std::string& id : request.started) (void)story_of(id);
    return;
  }
  const Story story = story_of(request.execution_id);
  switch (request.kind) {
    case Kind::start:
    case Kind::signal:
      return check_signal(request, story);
    case Kind::update:
      return check_update(request, story);
    case Kind::cancel:
      return check_cancel(request, story);
    case Kind::terminate:
      if (!holds<model::ExecutionTerminated>(story)) violated(request, "no run was terminated");
      return;
    case Kind::pause:
      if (!holds<model::ExecutionPaused>(story)) violated(request, "it was never held");
      return;
    case Kind::retry:
      return check_retry(request, story);
    case Kind::fork: {
      const auto slash = request.execution_id.find('/');
      (void)story_of(request.execution_id.substr(0, slash + 1) + request.name);
      return;
    }
    case Kind::attempt:
      return check_attempt(request, story);
    default:
      return;
  }
}

}  // namespace eventual::testing
