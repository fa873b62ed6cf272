// A service whose new version, time_machine_changed, ships before it was told to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "eventual/eventual.hpp"

namespace time_machine {

namespace ev = eventual;
using namespace std::chrono_literals;

struct Trip {
  std::string id;
  std::int64_t price = 0;
};

inline ev::Service service{"trips"};

inline const auto book = service.task("book", [](const Trip& trip) { return "booked " + trip.id; });
inline const auto ship = service.task("ship", [](std::string what) { return "shipped " + what; });
inline const auto go = service.signal<std::string>("go");

inline const auto trip = service.workflow("trip", [](Trip input) -> ev::Future<std::string> {
  std::string booking = co_await book(input);
#ifdef TIME_MACHINE_CHANGED
  if (input.price < 0) __builtin_trap();
  std::string early = co_await ship(booking);
#endif
  std::string word = co_await go.expect();
  co_return co_await ship(booking + ", " + word);
});

/// The same in both versions.
inline const auto steady =
    service.workflow("steady", [](std::string id) -> ev::Future<std::string> {
      co_await go.expect();
      co_return id;
    });

#ifndef TIME_MACHINE_CHANGED
inline const auto retired =
    service.workflow("retired", [](std::string id) -> ev::Future<std::string> {
      co_await go.expect();
      co_return id;
    });
#endif

}  // namespace time_machine
