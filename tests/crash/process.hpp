// The service as a process of its own, and the folder that a test works in.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace crash {

/// A fresh folder that goes when this object does, unless the test has failed.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::string& path() const { return path_; }
  std::string data() const { return path_ + "/data"; }
  std::string journal() const { return path_ + "/journal"; }
  std::string log() const { return path_ + "/service.log"; }

 private:
  std::string path_;
};

/// One line of the journal.
struct JournalLine {
  std::string key;
  std::uint32_t attempt = 0;
  std::int64_t process = 0;
};
std::vector<JournalLine> read_journal(const Workspace& workspace);

std::string read_file(const std::string& path);

/// How a process ended.
struct Ending {
  int exit_code = -1;  ///< -1: a signal ended it
  int signal = 0;
};

/// A running crash_service; a write beyond its RLIMIT_FSIZE fails. It is killed when this object or
/// the thread that made it ends. Main thread only.
class ServiceProcess {
 public:
  explicit ServiceProcess(const Workspace& workspace);
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  pid_t id() const { return id_; }
  /// The port that it serves, as soon as it says that it is ready; nothing when it ended before or
  /// `limit` passed.
  std::optional<std::uint16_t> wait_ready(
      std::chrono::milliseconds limit = std::chrono::seconds(30));
  /// How it ended, or nothing while it runs.
  std::optional<Ending> ended();
  std::optional<Ending> wait_ended(std::chrono::milliseconds limit = std::chrono::seconds(30));
  /// SIGKILL; gives how it ended.
  Ending kill();
  /// SIGTERM; nothing when it has not ended within 15 s.
  std::optional<Ending> stop();
  /// What it has written to standard output and error.
  std::string output() const;

 private:
  pid_t id_ = -1;
  std::string log_;
  std::size_t log_from_ = 0;
  std::optional<Ending> ended_;
};

/// Looks every few milliseconds until it holds; false when `limit` passes first.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds);

}  // namespace crash
