// Which executions the new code does not agree with.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "cli/dev/printer.hpp"
#include "client/operations_client.hpp"

namespace eventual::cli {

/// Asks a running service now and then, on a thread of its own, and says which executions were
/// parked, why and what can be done, and which go on again. Silent while there is no answer.
class ParkedWatch {
 public:
  /// `printer` must outlive it.
  ParkedWatch(Printer& printer, std::string admin_token);
  ~ParkedWatch();
  ParkedWatch(const ParkedWatch&) = delete;
  ParkedWatch& operator=(const ParkedWatch&) = delete;

  /// Looks at the service at that address from now on; empty: at none.
  void look_at(std::string url);

 private:
  void run();
  void look(client::OperationsClient& service);
  void tell(const Json& execution);

  Printer& printer_;
  const std::string admin_token_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string url_;
  std::uint64_t generation_ = 0;
  bool ending_ = false;
  std::map<std::string, std::string> told_;  // why, by id; belongs to the thread
  std::thread thread_;
};

}  // namespace eventual::cli
