// Programs as processes: one that ends by itself, and a service that runs meanwhile.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "client/http_client.hpp"
#include "client/operations_client.hpp"

namespace time_machine {

/// A fresh folder that goes with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// "<build>/bin/<name>".
std::string program(const std::string& name);
/// A file or folder of the repository.
std::string source(const std::string& path);

struct Outcome {
  int exit_code = -1;  ///< -1: a signal ended it
  std::string out;
  std::string err;
};

/// Runs `command` to its end, at most two minutes, in the repository's folder, with `input` as its
/// standard input and the environment variables "NAME=value" added.
Outcome run(const std::vector<std::string>& command, const std::string& input = {},
            const std::vector<std::string>& environment = {});

/// A service on a free port of this machine, stopped with this object.
class RunningService {
 public:
  RunningService(const std::string& program_name, const std::string& data);
  ~RunningService();
  RunningService(const RunningService&) = delete;
  RunningService& operator=(const RunningService&) = delete;

  const std::string& url() const { return url_; }
  eventual::client::OperationsClient& client() { return *client_; }

  /// Starts an execution and gives its id.
  std::string start(const std::string& workflow, const std::string& name,
                    const std::string& input_json);
  void signal(const std::string& id, const std::string& signal, const std::string& payload_json);
  /// The status once it is `status`, or what it is after half a minute.
  std::string wait_for(const std::string& id, const std::string& status);

 private:
  pid_t id_ = -1;
  std::string url_;
  std::unique_ptr<eventual::client::HttpClient> http_;
  std::unique_ptr<eventual::client::OperationsClient> client_;
};

}  // namespace time_machine
