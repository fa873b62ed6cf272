#include "crash/load.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

namespace crash {
namespace {

constexpr std::chrono::milliseconds k_pause{6};

thread_local std::unique_ptr<HttpClient> t_client;
thread_local std::uint16_t t_port = 0;

}  // namespace

std::string Wanted::start_body() const {
  return fmt::format(
      R"({{"name":"{}","input":{{"name":"{}","number":{},"fails":{},"padding":"{}"}}}})", name,
      name, number, fails, std::string(padding_bytes, 'x'));
}

Wanted random_execution(base::Random& random, const std::string& name) {
  struct Kind {
    const char* workflow;
    std::int64_t factor;
  };
  constexpr Kind k_kinds[] = {{"sequence", 3}, {"parallel", 5}, {"sleeper", 2}, {"collect", 0},
                              {"expect", 0},   {"parent", 2},   {"saga", 2},    {"pinger", 2},
                              {"teller", 1},   {"once", 1}};
  const Kind& kind = k_kinds[random.below(std::size(k_kinds))];
  Wanted wanted;
  wanted.workflow = kind.workflow;
  wanted.name = name;
  wanted.number = 1 + static_cast<std::int64_t>(random.below(1'000'000));
  wanted.result = kind.factor * wanted.number;
  wanted.fails = wanted.workflow == "saga" && random.one_in(2);
  const auto signal = [&](const char* which) {
    const auto value = static_cast<std::int64_t>(random.below(1'000'000));
    wanted.signals.push_back({which, fmt::format("{}-{}", name, wanted.signals.size()), value});
    return value;
  };
  if (wanted.workflow == "collect") wanted.result = signal("add") + signal("add") + signal("add");
  if (wanted.workflow == "expect") wanted.result = std::abs(signal("go") - signal("go"));
  return wanted;
}

Load::Load(std::uint64_t seed) {
  base::Random random(seed);
  for (std::uint64_t i = 0; i < k_threads; ++i) {
    threads_.emplace_back([this, i, own = random.fork()] { run(i, own); });
  }
}

Load::~Load() {
  giving_up_.store(true);
  finish();
}

void Load::finish() {
  finishing_.store(true);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::run(std::uint64_t number, base::Random random) {
  for (int i = 0; !finishing_.load(); ++i) {
    Wanted wanted = random_execution(random, fmt::format("{}-{}", number, i));
    perform(wanted, random);
    const std::lock_guard lock(mutex_);
    executions_.push_back(std::move(wanted));
  }
  t_client.reset();
}

void Load::perform(Wanted& wanted, base::Random& random) {
  const std::string start = "/_eventual/workflows/" + wanted.workflow + "/executions";
  for (int times = random.one_in(6) ? 2 : 1; times > 0; --times)
    ask(start, wanted.start_body(), {}, false);
  wanted.acknowledged = true;
  std::this_thread::sleep_for(k_pause);
  for (SentSignal& signal : wanted.signals) {
    const std::string target = "/_eventual/executions/" + wanted.id() + "/signals/" + signal.signal;
    ask(target, std::to_string(signal.value), signal.id, false);
    signal.acknowledged = true;
    if (random.one_in(4)) ask(target, std::to_string(signal.value), signal.id, true);
  }
}

void Load::ask(const std::string& target, const std::string& body, const std::string& key,
               bool may_be_closed) {
  for (int tries = 0; !giving_up_.load(); ++tries) {
    const std::uint16_t port = port_.load();
    if (port != t_port) {
      t_client = std::make_unique<HttpClient>(port);
      t_port = port;
    }
    if (port != 0) {
      const auto response = t_client->post(target, body, key);
      if (response) {
        if (response->status == 200 || response->status == 201) return;
        // A signal whose answer was lost may have been enough to close the execution.
        if (response->status == 409 && !key.empty() && (may_be_closed || tries > 0)) return;
        if (response->status != 503)
          return complain(fmt::format("{}: {} {}", target, response->status, response->body));
      }
      repeated_.fetch_add(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Load::complain(std::string text) {
  const std::lock_guard lock(mutex_);
  complaints_.push_back(std::move(text));
}

}  // namespace crash
