// Tells a history and what the code does with it, turn by turn.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "program/replay/walk.hpp"

namespace eventual::program {

struct StoryOptions {
  std::size_t payload_bytes = 60;  ///< longer payloads are cut; 0: none is
  /// It ends when this call has been made; the rest is run and not told.
  std::optional<std::uint32_t> until_call = {};
  std::optional<std::uint64_t> until_step = {};
};

class Story final : public Walk {
 public:
  using Sink = std::function<void(std::string_view line)>;

  Story(StoryOptions options, Sink sink) : options_(options), sink_(std::move(sink)) {}

  /// Whether the call or the step at which it should end came.
  bool reached() const noexcept { return reached_; }

 protected:
  void step(const Step& step, bool is_call) override;
  void turn(const model::Turn& turn) override;
  void on_going_on() override {}
  void on_applied(const workflow::Executor& executor) override { executor_ = &executor; }
  void on_difference(const model::Event* recorded, const model::Event* attempted,
                     std::source_location location) override;
  void on_end(const workflow::Executor& executor) override;

 private:
  void line(const std::string& text);
  void tell_waiting();

  const StoryOptions options_;
  const Sink sink_;
  const workflow::Executor* executor_ = nullptr;
  std::optional<Timestamp> at_;
  bool reached_ = false;
};

}  // namespace eventual::program
