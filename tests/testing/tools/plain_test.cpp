// A test without any framework: what goes wrong is thrown, and main says so.
// [plain]
#include <cstdio>

#include "eventual/testing.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

ev::Service nursery{"nursery"};
const auto water = nursery.task("water", [](const std::string& plant) { (void)plant; });
const auto grow = nursery.workflow("grow", [](std::string plant) -> ev::Future<std::int64_t> {
  std::int64_t days = 0;
  for (; days < 30; ++days) {
    co_await water(plant);
    co_await ev::sleep_for(24h);
  }
  co_return days;
});

void expect(bool holds, const char* what) {
  if (!holds) throw ev::Error("TestFailed", what);
}

int main() {
  try {
    ev::TestEnvironment env(nursery);
    auto watering = env.mock(water);
    const auto plant = env.start(grow, "fern");
    env.tick(24h * 30);
    expect(plant.result() == 30, "a fern takes thirty days");
    expect(watering.call_count() == 30, "it is watered every day");
    env.replay_all();
    std::puts("ok");
    return 0;
  } catch (const ev::Error& error) {
    std::printf("%s: %s\n", error.name().c_str(), error.message().c_str());
    return 1;
  }
}
// [/plain]
