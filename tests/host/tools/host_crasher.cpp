// Runs a node on a data folder and one execution on it. Its task or its workflow code may crash the
// process.
//
//   host_crasher <folder> <none|start|workflow|task|abort|overflow>     prints how the execution
//   stands
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>

#include "eventual/eventual.hpp"
#include "host/node.hpp"
#include "store/open.hpp"

namespace ev = eventual;

namespace {

std::string g_mode;

int g_depth_most = 1 << 30;

[[gnu::noinline]] int overflow(int depth) {
  if (depth > g_depth_most) return 0;
  volatile char page[4096] = {};
  page[0] = static_cast<char>(depth);
  return overflow(depth + 1) + page[0];
}

void crash_if(const std::string& mode) {
  if (g_mode != mode) return;
  if (mode == "abort") std::abort();
  if (mode == "overflow") std::exit(overflow(0));
  volatile int* nowhere = nullptr;
  *nowhere = 1;
}

ev::Service service{"crasher"};
const auto crashing = service.task("crashing", [](int input) {
  crash_if("task");
  crash_if("abort");
  crash_if("overflow");
  return input;
});
const auto flow = service.workflow("flow", [](int input) -> ev::Future<int> {
  crash_if("start");
  const int result = co_await crashing(input);
  crash_if("workflow");
  co_return result;
});

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string folder = argv[1];
  g_mode = argv[2];
  auto store = ev::store::open_store("rocksdb", folder).value();
  ev::host::NodeOptions options;
  options.crashes_file = folder + "/crashes";
  const auto node =
      ev::host::Node::start(service.declarations(), std::move(store), options).value();
  std::promise<std::string> started;
  node->start({.workflow = "flow", .name = "f", .input_json = "1", .timeout = {}},
              [&](const ev::Result<ev::ports::StartReply>& reply) {
                started.set_value(reply ? "" : reply.error().message());
              });
  if (const std::string refusal = started.get_future().get(); !refusal.empty()) {
    fmt::print("refused {}\n", refusal);
    return 0;
  }
  std::string status = "running";
  std::string reason;
  while (status == "running") {
    std::promise<void> described;
    node->describe({"flow", "f"}, [&](const ev::Result<ev::ports::ExecutionView>& view) {
      status = view ? view->status : view.error().name();
      if (view && view->error) reason = view->error->message();
      described.set_value();
    });
    described.get_future().wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  fmt::print("{} {}\n", status, reason);
  node->stop(ev::Duration(1000));
  return 0;
}
