// The edit-run loop: builds a project's service, runs it, and does so again on each save.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/dev/agreement.hpp"
#include "cli/dev/build.hpp"
#include "cli/dev/child_process.hpp"
#include "cli/dev/parked_watch.hpp"
#include "cli/dev/printer.hpp"
#include "cli/dev/watcher.hpp"

namespace eventual::cli {

struct DevOptions {
  std::string folder = ".";
  std::string preset = "dev";
  std::string service;              ///< empty: the only one of the project
  std::vector<std::string> passed;  ///< flags for the service
  std::string data;                 ///< its data folder, when it is given: not watched
  /// How long the old process may take to end before it is killed. Its attempts run again.
  std::chrono::milliseconds grace{500};
};

/// One at a time in a program: it takes SIGINT, SIGTERM and SIGCHLD.
class DevLoop {
 public:
  /// Throws UsageError for a folder that is no project.
  DevLoop(DevOptions options, const Context& context);
  ~DevLoop();
  DevLoop(const DevLoop&) = delete;
  DevLoop& operator=(const DevLoop&) = delete;

  /// Until SIGINT or SIGTERM, or "q" on standard input; gives the exit code.
  int run();

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Span = std::chrono::milliseconds;

  /// What is done for the code that was saved last.
  enum class Work : std::uint8_t { none, configuring, building, checking };
  enum class State : std::uint8_t { down, stopping, starting, running };

  /// Of one save, until its code answers.
  struct Cycle {
    Time saved{};
    Time work_began{};
    Time build_ended{};
    Time check_ended{};
    Time switch_began{};
    Time old_ended{};
    Time started{};
    BuildTimes build{};
    bool first = false;
  };

  /// A program file, to tell whether it is another one.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t size = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  void wait_for_something();
  Span time_to_wait() const;
  void note_changes();
  void act_on_changes();
  void read_keys();
  void on_key(const std::string& line);

  void start_work(Work work, ChildOptions command);
  void begin_cycle();
  void look_after_work();
  void configured(const Ending& ending);
  void built(const Ending& ending);
  void checked(const Ending& ending);
  bool choose_service();
  void save_log() const;
  Stamp stamp_of(const std::string& path) const;

  void switch_service();
  void start_service();
  void look_after_service();
  void look_for_readiness();
  void ready(const std::string& url);
  void tell_declarations();
  void stop_all();

  DevOptions options_;
  Printer printer_;
  BuildFolder build_;
  std::optional<Watcher> watcher_;
  std::optional<ParkedWatch> parked_;
  Agreement agreement_;

  std::optional<BuiltService> service_;
  Json manifest_;      // of the code that runs, or ran last
  Json new_manifest_;  // of the code that is about to run

  Work work_ = Work::none;
  std::optional<ChildProcess> worker_;
  std::string log_;
  bool cancelled_ = false;
  std::optional<NinjaLog> ninja_log_;
  Cycle cycle_;

  State state_ = State::down;
  std::optional<ChildProcess> process_;
  std::string output_;  // of the service, an unfinished line
  Time kill_at_{};
  Stamp running_{};
  Stamp checked_{};

  std::optional<Time> changed_since_;
  Time changed_last_{};
  std::vector<std::string> changed_;
  bool settings_changed_ = false;
  bool restart_wanted_ = false;
  bool keys_open_ = true;
  std::string keys_;
  bool stop_ = false;
};

}  // namespace eventual::cli
