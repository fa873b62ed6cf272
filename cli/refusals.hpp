// A verb that works on many executions goes on where one of them fails, and tells of it at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.hpp"

namespace eventual::cli {

/// Whether the error is not of one execution: no service answers, or it does not let us in. Throw
/// it instead of going on with the next.
bool concerns_all(const ev::Error& error);

class Refusals {
 public:
  void add(const std::string& execution_id, std::uint64_t run, const ev::Error& error);

  std::size_t count() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }

  /// [{"execution_id", "run", "error", "message"}]
  ev::Json json() const;
  /// A line each on standard error; nothing with --json.
  void tell(const Context& context) const;

 private:
  std::vector<ev::Json> entries_;
};

}  // namespace eventual::cli
