// The simulator on a service whose inputs, results and signals are stored apart from its histories.
#include <gtest/gtest.h>

#include <string>

#include "base/limits.hpp"
#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

/// What is far too large to stand within a row of a history.
constexpr std::size_t k_bytes = base::k_inline_payload_bytes_max + 2'000;

struct Page {
  std::string text;
  bool copied = false;
};

struct Bulky {
  Service service{"bulky"};
  const Task<std::string, std::string> copy =
      service.task("copy", {.timeout = 1min, .retry = {.max_attempts = 20, .initial_interval = 1s}},
                   [](const std::string& text) { return text + std::string(k_bytes, 'x'); });
  const Signal<std::string> more = service.signal<std::string>("more");
  const Workflow<Page, std::string> child =
      service.workflow("child", [](Page page) -> Future<std::string> {
        co_await sleep_for(1min);
        co_return page.text + "c";
      });
  /// Two runs; the second one's input is large as well.
  const Workflow<Page, std::string> run =
      service.workflow("run", [](Page page) -> Future<std::string> {
        constexpr Task<std::string, std::string> copy_task("copy");
        constexpr Signal<std::string> more_signal("more");
        constexpr Workflow<Page, std::string> child_workflow("child");
        if (!page.copied) {
          page = Page{co_await copy_task(page.text), true};
          co_return co_await continue_as_new(page);
        }
        const auto told = co_await settle(more_signal.expect({.timeout = 10min}));
        const std::string answered = co_await child_workflow(Page{page.text, true});
        co_return answered + (told.ok() ? *told : std::string());
      });
};

TEST(LargeValuesSimulation, NoFaultLosesOrMixesThem) {
  Bulky bulky;
  Simulation simulation(bulky.service, {.seeds = 40});
  std::size_t looked_at = 0;
  simulation.invariant("results hold what they were made of", [&looked_at](SimulatedRun& run) {
    for (const std::string& id : run.executions()) {
      const Json view = run.view(id);
      if (!id.starts_with("run/") || view["status"] != Json("succeeded")) continue;
      const std::string& text = view["input"]["text"].as_string();
      const std::string& result = view["result"].as_string();
      if (!result.starts_with(text + "c")) throw Error("Mixed", id);
      // Inputs are made up: what is said to be copied already stays small.
      if (result.size() > k_bytes) ++looked_at;
    }
  });
  const SimulationReport report = simulation.run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  EXPECT_GT(report.crashes, 0U);
  EXPECT_GT(looked_at, 0U) << "the scenario closes nothing: it shows nothing";
}

}  // namespace
}  // namespace eventual
