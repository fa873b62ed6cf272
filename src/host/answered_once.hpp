// Callbacks that never stay silent.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "ports/operations.hpp"

namespace eventual::host {

/// A callback that is called exactly once: with Unavailable when it is dropped.
template <class T>
ports::Callback<T> answered_once(ports::Callback<T> done) {
  struct Once {
    explicit Once(ports::Callback<T> callback) : done(std::move(callback)) {}
    ~Once() {
      if (done)
        done(Error(std::string(error_names::k_unavailable),
                   "the service stopped before it could answer"));
    }
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;
    ports::Callback<T> done;
  };
  // shared: std::function must be copyable.
  return [once = std::make_shared<Once>(std::move(done))](Result<T> result) {
    if (const ports::Callback<T> callback = std::exchange(once->done, nullptr))
      callback(std::move(result));
  };
}

}  // namespace eventual::host
