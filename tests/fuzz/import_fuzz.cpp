// Any story of an execution, changed anywhere and imported into another engine: that never crashes,
// and what is held there (paused, parked, closed) is exported as it came, over a restart too.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/verify.hpp"
#include "eventual/json.hpp"
#include "model/exported_history.hpp"
#include "tests/engine/world.hpp"

namespace {

namespace ev = eventual;
namespace model = eventual::model;
namespace ports = eventual::ports;
using ev::engine::World;
using namespace std::chrono_literals;

constexpr int k_acts_max = 24;
constexpr const char* k_id = "order/one";

ev::Service& service() {
  static ev::Service made{"fuzz"};
  static const bool declared = [] {
    static const auto hold =
        made.task("hold", {.retry = {.max_attempts = 3, .initial_interval = 2s, .jitter = 0}},
                  [](const std::string& id, ev::TaskContext& context) {
                    if (id.ends_with("2") && context.attempt() == 1) throw ev::Error("Full", id);
                    return id;
                  });
    static const auto undo = made.task("undo", [](const std::string&) {});
    static const auto go = made.signal<std::string>("go");
    static const auto add = made.update<std::int64_t, std::int64_t>("add");
    static const auto part = made.workflow("part", [](std::string id) -> ev::Future<std::string> {
      co_return id + (co_await go.expect({.timeout = 9s}));
    });
    made.workflow("order", [](std::string id) -> ev::Future<std::string> {
      ev::Saga saga;
      std::int64_t sum = 0;
      auto adding = add.on([&](std::int64_t n) { return sum += n; });
      std::string held = co_await hold(id);
      saga.undo(undo, held);
      const std::string word = co_await go.expect();
      if (word == "stop") throw ev::Error("Stopped", id);
      if (word == "again") co_return co_await ev::continue_as_new(id + "a");
      if (word == "child") held += co_await part(id, {.name = "of-one"});
      co_await ev::sleep_for(ev::Duration(1000));
      auto [first, second] = co_await ev::all(hold(id + "1"), hold(id + "2"));
      const bool more = co_await ev::condition([&] { return sum > 3; }, {.timeout = 5s});
      co_return first + second + (more ? co_await go.expect() : held);
    });
    return true;
  }();
  (void)declared;
  return made;
}

/// The bytes of the fuzzer, as choices. Without more of them every choice is the first.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  std::size_t of(std::size_t count) { return at_ == end_ || count == 0 ? 0 : *at_++ % count; }
  bool more() const { return at_ != end_; }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

void act(World& world, Choices& choices) {
  constexpr const char* k_words[] = {"\"on\"", "\"stop\"", "\"again\"", "\"child\"", "7"};
  constexpr const char* k_message_ids[] = {"", "m-1", "m-2"};
  switch (choices.of(10)) {
    case 0:
    case 1: {
      const char* word = k_words[choices.of(5)];
      (void)world.signal(k_id, "go", word, k_message_ids[choices.of(3)]);
      break;
    }
    case 2:
      (void)world.pause(k_id, "look");
      break;
    case 3:
      (void)world.resume(k_id);
      break;
    case 4:
      (void)world.cancel(k_id);
      break;
    case 5:
      world.advance(1s * choices.of(12));
      break;
    case 6:
      if (!world.attempts.empty()) world.run_attempt();
      world.settle();
      break;
    case 7:
      world.run_tasks = !world.run_tasks;
      break;
    case 8:
      world.restart();
      break;
    default: {
      const std::string n = std::to_string(choices.of(4));
      world.engine().update(
          {{"order", "one", 0}, "add", n, "u-" + n, ev::Duration(0)}, [](auto) {}, world.now);
      world.settle();
      break;
    }
  }
}

std::optional<model::ExportedHistory> exported(World& world, std::uint32_t run = 0) {
  ports::HistoryRequest request{ports::parse_execution_id(k_id).value(), 1'000'000, {}};
  request.execution.run = run;
  auto page = ev::engine::read_history_page(world.store(), ev::engine::Options().shards, request);
  if (!page) return std::nullopt;
  return std::move(*page);
}

/// Another number of its call, or of its attempt.
model::Event changed(const model::Event& event, Choices& choices) {
  ev::Json view = model::to_json_view(event, ev::Timestamp());
  constexpr const char* k_members[] = {"seq", "attempt", "signal", "message_id", "update_id"};
  const char* member = k_members[choices.of(5)];
  const ev::Json* there = view.find(member);
  if (there == nullptr) return event;
  if (there->is_string()) {
    view.set(member, "m-" + std::to_string(choices.of(3)));
  } else {
    view.set(member, static_cast<std::uint64_t>(choices.of(12)));
  }
  auto read = model::from_json_view(view);
  return read ? std::move(*read) : event;
}

void change(model::ExportedHistory& history, Choices& choices) {
  model::Turn& turn = history.turns[choices.of(history.turns.size())];
  std::vector<model::Event>& events = choices.of(2) == 0 ? turn.events : turn.calls;
  const std::size_t at = choices.of(events.size());
  const auto place = events.begin() + static_cast<std::ptrdiff_t>(at);
  switch (choices.of(9)) {
    case 0:
      if (!events.empty()) history.kept.push_back(*place);
      break;
    case 1:
      if (!events.empty()) events.erase(place);
      break;
    case 2:
      if (!events.empty()) *place = changed(*place, choices);
      break;
    case 3:
      if (!history.kept.empty()) history.kept.push_back(history.kept[at % history.kept.size()]);
      break;
    case 4:
      for (model::Event& kept : history.kept) kept = changed(kept, choices);
      break;
    case 5:
      turn.events.emplace_back(model::ExecutionPaused{"changed"});
      break;
    case 6:
      if (!history.kept.empty()) {
        turn.events.push_back(history.kept.back());
        history.kept.pop_back();
      }
      break;
    case 7:
      if (history.turns.size() > 1) history.turns.pop_back();
      break;
    default:
      history.kept.emplace_back(model::SignalReceived{"go", {"\"kept\""}, "m-1"});
      break;
  }
}

std::string text_of(const std::optional<model::ExportedHistory>& history) {
  if (!history) std::abort();
  return model::write_history(*history);
}

void import_and_go_on(model::ExportedHistory history, Choices& choices, ev::Timestamp now) {
  if (!model::check_history(history)) return;
  World other(service());
  other.now = now;
  other.settle();
  other.run_tasks = false;
  std::optional<ev::Result<ports::ImportReply>> reply;
  other.engine().import_history(history, {}, [&](auto given) { reply = std::move(given); }, now);
  other.settle();
  if (!reply) std::abort();
  if (reply->ok()) {
    history.status = (*reply)->status;
    if (history.status != "running") {
      const std::string came = model::write_history(history);
      if (text_of(exported(other)) != came) std::abort();
      other.restart();
      if (text_of(exported(other)) != came) std::abort();
    }
    for (int acts = 0; acts < k_acts_max && choices.more(); ++acts) act(other, choices);
    other.run_tasks = true;
    (void)other.resume(k_id);
    other.advance(1min);
    (void)other.view(k_id);
    (void)other.terminate(k_id);
    const auto end = exported(other);
    if (!end || !model::check_history(*end)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  World world(service());
  world.now = ev::Timestamp(1'000'000s);
  world.settle();
  world.run_tasks = choices.of(2) == 0;
  (void)world.start_json("order", "\"o\"", "one");
  for (int acts = static_cast<int>(choices.of(k_acts_max)); acts > 0; --acts) act(world, choices);
  auto history = exported(world, choices.of(4) == 0 ? 1 : 0);
  if (!history) return 0;
  for (int changes = static_cast<int>(choices.of(6)); changes > 0; --changes)
    change(*history, choices);
  import_and_go_on(std::move(*history), choices, world.now);
  return 0;
}
