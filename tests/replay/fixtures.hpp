// The recorded histories of fixtures/ by name, and the service whose workflows they are of.
#pragma once

#include <dirent.h>

#include <algorithm>
#include <string>
#include <vector>

#include "replay/workflows.hpp"

namespace eventual::test {

inline std::string fixture_path(const std::string& name) {
  return std::string(EVENTUAL_SOURCE_DIR) + "/tests/replay/fixtures/" + name;
}

/// Without ".json", sorted.
inline std::vector<std::string> fixtures() {
  std::vector<std::string> names;
  DIR* const directory = opendir(fixture_path("").c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.ends_with(".json")) names.push_back(name.substr(0, name.size() - 5));
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

/// A name of fixtures() as the name of a test.
inline std::string as_test_name(std::string fixture) {
  std::replace(fixture.begin(), fixture.end(), '-', '_');
  return fixture;
}

struct Workflows : TestService {
  Workflows() {
    service.workflow("order", &order);
    service.workflow("family", &family);
    service.workflow("patient", &patient);
    service.workflow("chat", &chat);
    service.workflow("bounded", &bounded);
    service.workflow("teller", &teller);
    service.workflow("telling", &telling);
  }
};

}  // namespace eventual::test
