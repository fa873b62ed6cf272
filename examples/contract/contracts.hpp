// What two services ask of each other: each implements its own struct, and calls the other's.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <eventual/client.hpp>
#include <eventual/eventual.hpp>
#include <string>

namespace shop {

namespace ev = eventual;

struct Line {
  std::string order_id;
  std::string item;
  std::int64_t count = 0;
};
struct Delivery {
  std::string id;
  std::string item;
  std::int64_t count = 0;
};

// [contracts]
struct Stock {
  ev::Command<Line, bool> reserve{"reserve"};  // false: orders is told when there is enough
  ev::Command<Delivery, std::int64_t> deliver{"deliver"};  // what is there then
};
struct Orders {
  ev::Workflow<Line, std::string> fulfil{"fulfil"};
  ev::Signal<std::string> reserved{"reserved"};
};
// [/contracts]

/// The URL of a service: from the environment, or where the README starts it.
inline std::string url_of(const char* variable, const char* otherwise) {
  const char* url = std::getenv(variable);
  return url != nullptr ? url : otherwise;
}

}  // namespace shop
