// A replay under a debugger: calls eventual_replay_stop() where the debugger asked for.
#pragma once

#include <cstdint>
#include <string>

#include "program/replay/stop.hpp"
#include "program/replay/walk.hpp"

namespace eventual::program {

class Stops final : public Walk {
 public:
  explicit Stops(const model::ExportedHistory& history) : steps_of_history_(steps_of(history)) {}

 protected:
  void step(const Step& step, bool is_call) override;
  void turn(const model::Turn& turn) override { turn_ = turn.number; }
  void on_going_on() override;
  void on_applied(const workflow::Executor& executor) override;
  void on_difference(const model::Event* recorded, const model::Event* attempted,
                     std::source_location location) override;
  void on_end(const workflow::Executor& executor) override;

 private:
  void stop(StopKind kind, const Step& step);
  void stop(StopKind kind, std::uint64_t step, std::int64_t call, std::string text,
            std::string file, std::uint32_t line);

  const std::uint64_t steps_of_history_;
  std::uint32_t turn_ = 0;
  Step event_;                  // the last that was applied
  std::int64_t call_met_ = -1;  // the last that was asked for and made
  std::string text_;
  std::string file_;
};

}  // namespace eventual::program
