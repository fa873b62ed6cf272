// The service's log: one line an entry on standard error.
#pragma once

#include "engine/engine.hpp"
#include "eventual/options.hpp"

namespace eventual::host {

/// A sink for any thread: text for people, or one JSON object a line. Entries below `least` are
/// dropped.
engine::LogSink make_log(LogLevel least, bool json);

}  // namespace eventual::host
