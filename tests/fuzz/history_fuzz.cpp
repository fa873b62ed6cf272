// Any bytes as an exported history: reading it and running code over it never crashes, and what was
// read is written to a text that reads as the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/verify.hpp"
#include "eventual/eventual.hpp"
#include "model/exported_history.hpp"

namespace {

namespace ev = eventual;
namespace model = eventual::model;

ev::Service& service() {
  static ev::Service made{"fuzz"};
  static const bool declared = [] {
    static const auto hold = made.task("hold", [](const std::string& id) { return id; });
    static const auto undo = made.task("undo", [](const std::string&) {});
    static const auto go = made.signal<std::string>("go");
    made.workflow("order", [](std::string id) -> ev::Future<std::string> {
      ev::Saga saga;
      bool stopped = false;
      auto listening = go.on([&](std::string) { stopped = true; });
      std::string held = co_await hold(id);
      saga.undo(undo, held);
      if (ev::version("pause", 1, 2) == 2) co_await ev::sleep_for(ev::Duration(1000));
      if (co_await ev::condition([&] { return stopped; }, {.timeout = ev::Duration(5000)}))
        throw ev::Error("Stopped", id);
      auto [first, second] = co_await ev::all(hold(id + "1"), hold(id + "2"));
      co_return first + second + (co_await go.expect());
    });
    return true;
  }();
  (void)declared;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto history = model::read_history(text);
  if (!history) return 0;
  if (history->execution_id.empty()) history->execution_id = "order/one";
  if (!model::check_history(*history)) return 0;
  std::string written;
  try {
    written = model::write_history(*history);
  } catch (const ev::Error&) {  // a payload that is too deep to stand below others
    written.clear();
  }
  if (!written.empty()) {
    const auto again = model::read_history(written);
    if (!again || model::write_history(*again) != written) std::abort();
  }
  (void)ev::engine::replay(service().declarations(), history->execution_id, history->run,
                           history->turns);
  return 0;
}
