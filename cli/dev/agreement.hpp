// Whether the new code agrees with what open executions have recorded.
#pragma once

#include <optional>
#include <string>

#include "cli/dev/child_process.hpp"
#include "cli/dev/printer.hpp"
#include "eventual/json.hpp"

namespace eventual::cli {

/// Says of an execution that code and history differ, and what can be done. `when` is "parked" or
/// what will happen.
void tell_difference(Printer& printer, std::string_view when, const std::string& execution_id,
                     const std::string& message);

/// Has the program replay the open executions of the service that runs it, and tells which ones it
/// would park when they next go on: those that wait are replayed by nobody until then. Belongs to
/// one thread.
class Agreement {
 public:
  /// `printer` must outlive it.
  explicit Agreement(Printer& printer) : printer_(printer) {}

  /// Begins, and drops what is under way.
  void begin(const std::string& program, const std::string& folder, const std::string& url);
  void end() { verifier_.reset(); }
  /// Becomes readable; -1 while nothing is under way.
  int output() const noexcept { return verifier_ ? verifier_->output() : -1; }
  /// Does not block.
  void look();

 private:
  Printer& printer_;
  std::optional<ChildProcess> verifier_;
  std::string report_;
};

}  // namespace eventual::cli
