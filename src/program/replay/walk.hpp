// Goes through a history step by step: every event that is applied and every call that the code
// makes is a step, numbered from 1 in the order in which they happen.
#pragma once

#include <cstdint>
#include <map>
#include <source_location>
#include <string>
#include <vector>

#include "engine/verify.hpp"
#include "model/exported_history.hpp"

namespace eventual::program {

struct Step {
  std::uint64_t number = 0;
  Timestamp at{};
  const model::Event* event = nullptr;
  std::source_location location;  ///< of a call; where the workflow is declared for an event
};

/// A call that nothing has answered yet.
struct OpenCall {
  const model::Event* call = nullptr;
  std::source_location location;
};

/// Numbers the steps and knows what is open. Override what is of interest.
class Walk : public engine::ReplayListener {
 public:
  /// How many steps the whole history has.
  static std::uint64_t steps_of(const model::ExportedHistory& history);

 protected:
  /// Before an event is applied, or when a call has been made.
  virtual void step(const Step& step, bool is_call) = 0;
  /// A turn begins. `executor` is null before the first.
  virtual void turn(const model::Turn& turn) = 0;

  std::uint64_t steps() const noexcept { return steps_; }
  /// By their numbers; those with a time limit that the executor lists in waiting() are among them.
  const std::map<std::uint32_t, OpenCall>& open_calls() const noexcept { return open_; }

  void on_call(const model::Event& call, std::source_location location) override;
  void on_turn(const model::Turn& turn) override;
  void on_event(const model::Event& event) override;

 private:
  std::uint64_t steps_ = 0;
  Timestamp at_{};
  std::map<std::uint32_t, OpenCall> open_;
};

/// "orders.hpp:62": from where the program runs when the file lies below.
std::string place_of(std::source_location location);
std::string place_of(const std::string& file_and_line);

/// "task_succeeded {"charge_id":"c-1"}" without its number; payloads are cut to `width` bytes, 0:
/// not at all.
std::string text_of(const model::Event& event, std::size_t width);

}  // namespace eventual::program
