// The history of an execution, page by page.
#pragma once

#include <string>

#include "cli/context.hpp"

namespace eventual::cli {

/// Reads all events that there are, oldest first; asked again, those that came since. Belongs to
/// one execution.
class HistoryReader {
 public:
  HistoryReader(Context& context, ports::ExecutionRef execution)
      : context_(context), execution_(std::move(execution)) {}

  /// What was not given before, as a list.
  ev::Json read_new();

 private:
  Context& context_;
  ports::ExecutionRef execution_;
  std::string cursor_;             // of the last page
  std::size_t given_of_page_ = 0;  // events of it that were given
};

}  // namespace eventual::cli
