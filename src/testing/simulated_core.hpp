// One seed of a simulation: the process, its store and clock, the clients, and the faults.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "eventual/simulation.hpp"
#include "store/memory/memory_store.hpp"
#include "testing/clients.hpp"
#include "testing/delivery_witness.hpp"
#include "testing/faults.hpp"
#include "testing/virtual_host.hpp"

namespace eventual {

namespace testing {
/// 2001-01-01T00:00:00Z, when each run begins: far from instants that mean something else.
inline constexpr Timestamp k_beginning{Duration(978'307'200'000)};
}  // namespace testing

struct SimulatedRun::Core {
  Core(Service& simulated, const SimulationOptions& given, std::uint64_t run_seed);

  /// The scenario is over: what clients do from here on has no numbers.
  /// Gives how many requests it made.
  std::uint32_t end_plan() {
    planning_ = false;
    return planned_;
  }
  /// A request of the scenario, or one that the simulation adds.
  void add(testing::Request request, Duration after);
  std::string new_message_id() { return "message-" + std::to_string(next_message_++); }
  /// Until nothing moves any more: with faults, then without.
  void run();

  Timestamp now() const noexcept { return clock_ + clock_offset_; }
  /// The latest instant that the process's clock has shown.
  Timestamp latest() const noexcept { return latest_; }

  Service& service;
  const SimulationOptions& options;
  const std::uint64_t seed;
  base::Random plan_random;  ///< of the scenario, so that a fault less does not change it
  testing::Clients clients;
  std::uint64_t steps = 0;
  std::uint64_t crashes = 0;
  std::vector<std::uint64_t> fault_counts;
  testing::DeliveryWitness deliveries;
  std::unique_ptr<testing::VirtualHost> host;

  ports::Store& store() noexcept { return store_; }
  /// A view as the service gives it. Throws what it answers.
  ports::ExecutionView view(const std::string& id);
  /// Where each subscription stands.
  std::vector<ports::SubscriptionView> subscriptions();
  /// Of all subscriptions.
  std::vector<ports::DeadLetterView> dead_letters();

 private:
  enum class StoreFault : std::uint8_t { none, before, after };

  /// The memory store; its commits fail when the run says so.
  class FaultyMemory final : public ports::Store {
   public:
    explicit FaultyMemory(testing::DeliveryWitness& deliveries) : deliveries_(deliveries) {}
    Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override {
      return inner_.get(table, key);
    }
    Result<void> scan(ports::Table table, ports::ScanRange range,
                      const ports::RowVisitor& visit) override {
      return inner_.scan(table, range, visit);
    }
    Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override;
    Result<void> backup(const std::string& folder) override { return inner_.backup(folder); }
    ports::StoreFigures figures() const override { return inner_.figures(); }
    void set_fault(StoreFault fault) noexcept { fault_ = fault; }

   private:
    testing::DeliveryWitness& deliveries_;
    StoreFault fault_ = StoreFault::none;
    store::MemoryStore inner_;
  };

  /// On its way to the engine.
  struct Mail {
    host::Message message;
    Timestamp not_before;
  };
  using AttemptKey = std::tuple<std::string, std::uint32_t, std::uint32_t, std::uint32_t>;

  /// What an operation answers when nothing else goes on. Throws what it fails with.
  template <class T, class Ask>
  T ask(const Ask& operation);

  /// Draws whether a fault happens, and counts it.
  bool strikes(double Faults::* fault);
  base::Random& random_of(double Faults::* fault);
  template <class... Arguments>
  void trace(std::string_view format, const Arguments&... arguments);

  void boot();
  void crash();
  bool meet_faults();
  void pause_something();
  void step_clock();

  void send_request();
  void collect_mail();
  void receive(host::Message message);
  bool bring_later(engine::AttemptResult& result);
  void deliver_mail();
  std::size_t mail_ready() const;
  void commit();
  bool commit_ready() const;
  void run_attempt();
  std::optional<testing::VirtualHost::Substitute> substitute(const engine::Attempt& attempt);
  std::optional<Timestamp> engine_due();
  /// The first of what is due; `next` is when the engine has something to do.
  std::optional<Timestamp> next_due(std::optional<Timestamp> next) const;
  void move_time(Timestamp to);
  bool step();
  void run_until_quiet();
  void repair();

  base::Random random_;                      ///< of the order of things
  std::vector<base::Random> fault_randoms_;  ///< one a kind: one kind less does not change the rest
  FaultyMemory store_;
  bool planning_ = true;
  std::uint32_t planned_ = 0;
  std::uint64_t next_message_ = 0;
  bool calm_ = false;
  bool keeps_nothing_ = false;      ///< in memory
  bool loads_timers_late_ = false;  ///< holds only those that are due soon
  Timestamp clock_;                 ///< of the world
  Duration clock_offset_{};         ///< of the machine's clock
  Timestamp latest_{};
  std::deque<Mail> mail_;
  std::optional<Timestamp> commit_done_at_;     ///< of a slow write
  std::map<AttemptKey, std::string> by_token_;  ///< attempts whose result comes by it
  std::optional<ports::Batch> stale_;           ///< of a process that has died
};

}  // namespace eventual
