// A running service, and the command that talks to it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/command.hpp"

namespace eventual::cli {

using testing::DeskService;
using testing::How;
using testing::masked;
using testing::Ran;

/// All verbs; a test compares them with --help.
inline constexpr auto k_verbs = std::to_array<const char*>(
    {"start",      "executions", "execution", "why",          "history",   "timeline",
     "signal",     "query",      "update",    "cancel",       "terminate", "tasks",
     "pause",      "resume",     "retry",     "fork",         "services",  "invoke",
     "workflows",  "manifest",   "openapi",   "schedules",    "logs",      "doctor",
     "completion", "emit",       "entities",  "dead-letters", "new",       "dev",
     "replay",     "verify",     "export",    "backup",       "restore",   "import"});

/// A fresh folder that goes with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(::testing::TempDir() + "/eventual-cli-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// What a terminal was sent, line by line, without colours. What is drawn over is a line too.
inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string line(text.substr(0, end));
    for (std::size_t code; (code = line.find('\x1b')) != std::string::npos;) {
      line.erase(code, line.find_first_of("mK", code) - code + 1);
    }
    lines.push_back(std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

class Verbs : public ::testing::Test {
 protected:
  /// Starts one and waits until it waits for something, or has closed.
  void start(const std::string& workflow, const std::string& input, const std::string& name) {
    const Ran ran = desk_.eventual({"start", workflow, input, "--name", name});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    settled(workflow + "/" + name);
  }

  /// The document of the execution once it moves no more by itself.
  Json settled(const std::string& id) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      Json json = desk_.eventual({"execution", id, "--json"}).json();
      if (json["closed_at"].is_string()) return json;
      for (const Json& one : json["waiting_for"].as_array()) {
        if (one["state"] != Json("running")) return json;
      }
    }
    ADD_FAILURE() << id << " does not settle";
    return {};
  }

  /// The dead letters once there are so many.
  Json dead_letters(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    Json found;
    do {
      found = desk_.eventual({"dead-letters", "--json"}).json()["dead_letters"];
    } while (found.size() != count && std::chrono::steady_clock::now() < end);
    EXPECT_EQ(found.size(), count);
    return found;
  }

  std::string out(const std::vector<std::string>& arguments) {
    const Ran ran = desk_.eventual(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return masked(ran.out);
  }

  DeskService desk_;
};

}  // namespace eventual::cli
