// What the service is: a command that answers at once, and a workflow that takes its time.
#pragma once

#include <chrono>
#include <eventual/eventual.hpp>
#include <string>

namespace ev = eventual;
using namespace std::chrono_literals;

inline ev::Service service{"@name@"};

struct Person {
  std::string name;
};

// GET /hello/Sam
inline const auto hello =
    service.command("hello", {.method = ev::http::Method::get, .path = "/hello/:name"},
                    [](Person person) -> std::string { return "Hello, " + person.name + "!"; });

// A task is real work on a worker thread; its result is recorded once.
inline const auto write_greeting = service.task("writeGreeting", [](Person person) -> std::string {
  return "Good morning, " + person.name + "!";
});

// A workflow survives kill -9, restarts and years of sleep.
inline const auto greet_tomorrow =
    service.workflow("greetTomorrow", [](Person person) -> ev::Future<std::string> {
      co_await ev::sleep_for(24h);
      co_return co_await write_greeting(person);
    });
