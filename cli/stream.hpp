// What happens in a service, as it happens.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace eventual::cli {

/// Both give false to end the listening.
struct Listener {
  /// Reads what there is. Called when the stream has begun, and again whenever it begins anew: what
  /// happens after that is told.
  std::function<bool()> look;
  /// Takes one event of GET /_eventual/stream, by its type.
  std::function<bool(std::string_view event, const ev::Json& data)> take;
};

/// Hears the stream until the listener has enough. One that ends, as when the service starts again
/// or found this program too slow, is begun anew after a second. False where the service has no
/// stream, as older ones: then nothing was called. Throws what the listener throws, the error of a
/// service that refuses, and Unreachable or ConnectionLost when none answers.
bool listen(Context& context, const std::string& target, const Listener& listener);

}  // namespace eventual::cli
