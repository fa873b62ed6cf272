// What the tests of the host share.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "eventual/eventual.hpp"
#include "host/node.hpp"
#include "host/worker_pool.hpp"
#include "ports/operations.hpp"
#include "store/open.hpp"

namespace eventual::host {

/// Longer than anything takes: a test that hangs fails with a message.
inline constexpr std::chrono::seconds k_patience{60};

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "eventual-host-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error("Internal", "no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Opens once; who waits goes on.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    if (!opened_.wait_for(lock, k_patience, [&] { return open_; })) {
      ADD_FAILURE() << "nobody opened the gate";
    }
    ++passed_;
  }
  int passed() {
    const std::lock_guard lock(mutex_);
    return passed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int passed_ = 0;
};

class FunctionJob final : public Job {
 public:
  explicit FunctionJob(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

/// Calls an operation and waits for its answer.
template <class T>
Result<T> answer_of(const std::function<void(ports::Callback<T>)>& call) {
  // shared: the callback may come after the patience has ended.
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> future = promise->get_future();
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(k_patience) != std::future_status::ready) {
    return Error("TestTimeout", "no answer came");
  }
  return future.get();
}

inline Result<ports::StartReply> start(ports::Operations& node, std::string workflow,
                                       std::string name, std::string input_json = "null") {
  return answer_of<ports::StartReply>([&](auto done) {
    node.start({.workflow = std::move(workflow),
                .name = std::move(name),
                .input_json = std::move(input_json),
                .timeout = {}},
               std::move(done));
  });
}

inline Result<bool> signal(ports::Operations& node, ports::ExecutionRef execution, std::string name,
                           std::string payload_json = "null") {
  return answer_of<bool>([&](auto done) {
    node.signal({.execution = std::move(execution),
                 .signal = std::move(name),
                 .payload_json = std::move(payload_json),
                 .message_id = {}},
                std::move(done));
  });
}

inline Result<ports::ExecutionView> describe(ports::Operations& node,
                                             ports::ExecutionRef execution) {
  return answer_of<ports::ExecutionView>(
      [&](auto done) { node.describe(std::move(execution), std::move(done)); });
}

/// Waits for it to close.
inline Result<ports::ExecutionView> closed(ports::Operations& node, ports::ExecutionRef execution) {
  return answer_of<ports::ExecutionView>(
      [&](auto done) { node.wait_closed(std::move(execution), k_patience, std::move(done)); });
}

/// "succeeded: 3", "failed: Name: message", or the refusal.
inline std::string outcome(const Result<ports::ExecutionView>& view) {
  if (!view) return view.error().name() + ": " + view.error().message();
  if (view->error) return view->status + ": " + view->error->name() + ": " + view->error->message();
  return view->status + ": " + view->result_json.value_or("");
}

inline std::unique_ptr<Node> start_node(const Service& service, std::unique_ptr<ports::Store> store,
                                        NodeOptions options = {}) {
  return Node::start(service.declarations(), std::move(store), std::move(options)).value();
}

inline std::unique_ptr<ports::Store> memory_store() {
  return store::open_store("memory", "").value();
}
inline std::unique_ptr<ports::Store> rocksdb_store(const std::string& folder) {
  return store::open_store("rocksdb", folder,
                           {.write_buffer_bytes = 1U << 20, .cache_bytes = 1U << 20, .log = {}})
      .value();
}

/// Asks until it holds.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + k_patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace eventual::host
