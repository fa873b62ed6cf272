// Load on a service that dies now and then: every request is repeated until it is acknowledged.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "crash/http_client.hpp"

namespace crash {

namespace base = eventual::base;

/// A signal that is to be in the history of its execution once.
struct SentSignal {
  std::string signal;
  std::string id;
  std::int64_t value = 0;
  bool acknowledged = false;
};

/// An execution that was asked for, and how it should end.
struct Wanted {
  std::string workflow;
  std::string name;
  std::int64_t number = 0;
  bool fails = false;
  std::size_t padding_bytes = 0;
  std::int64_t result = 0;
  std::vector<SentSignal> signals;
  bool acknowledged = false;

  std::string id() const { return workflow + "/" + name; }
  /// The body of the request that starts it.
  std::string start_body() const;
};

/// One execution of any of the workflows of service.hpp that end by themselves or by the signals
/// that come with it.
Wanted random_execution(base::Random& random, const std::string& name);

/// Several threads that start executions and send their signals.
class Load {
 public:
  explicit Load(std::uint64_t seed);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Where the service is; 0 while it is not there.
  void set_port(std::uint16_t port) { port_.store(port); }
  /// Begins nothing more, and waits until everything begun is acknowledged.
  void finish();

  // After finish().
  const std::vector<Wanted>& executions() const { return executions_; }
  /// Requests that got no answer, and so were repeated.
  std::uint64_t repeated() const { return repeated_.load(); }
  /// Answers that nobody should get.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void run(std::uint64_t number, base::Random random);
  void perform(Wanted& wanted, base::Random& random);
  /// Repeats it until it is acknowledged. `may_be_closed`: what was sent before may have closed the
  /// execution.
  void ask(const std::string& target, const std::string& body, const std::string& key,
           bool may_be_closed);
  void complain(std::string text);

  static constexpr std::uint64_t k_threads = 3;

  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> finishing_{false};
  std::atomic<bool> giving_up_{false};
  std::atomic<std::uint64_t> repeated_{0};
  std::mutex mutex_;  // guards the next two
  std::vector<Wanted> executions_;
  std::vector<std::string> complaints_;
  std::vector<std::thread> threads_;
};

}  // namespace crash
