// A raw HTTP client on a real socket, and Operations that answer what a test tells them.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "eventual/json.hpp"
#include "gateway/text.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway::testing {

struct Reply {
  int status = 0;
  http::Fields headers;
  std::string body;

  std::string header(std::string_view name) const { return std::string(http::find(headers, name)); }
  Json json() const { return Json::parse(body).value(); }
};

/// One connection. Reads give up after five seconds, so that a test fails instead of hanging.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server ended the connection; reading shows how
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  /// A whole request with the usual fields.
  void request(std::string_view method, std::string_view target, std::string_view body = {},
               std::string_view more_headers = {}) {
    std::string text = std::string(method) + " " + std::string(target) +
                       " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more_headers);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + std::string(body));
  }

  /// The next answer; status 0 when the server closed instead. `head` answers have no body.
  Reply reply(bool head = false) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    Reply result;
    const std::string header = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    result.status = std::stoi(header.substr(9, 3));
    for (std::size_t at = header.find("\r\n") + 2; at < header.size();) {
      const std::size_t line_end = header.find("\r\n", at);
      const std::string line = header.substr(at, line_end - at);
      at = line_end + 2;
      const std::size_t colon = line.find(':');
      result.headers.emplace_back(line.substr(0, colon),
                                  std::string(trim(std::string_view(line).substr(colon + 1))));
    }
    const std::string length = result.header("content-length");
    const std::size_t size = head || length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size) {
      if (!fill()) return {};
    }
    result.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return result;
  }

  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view more_headers = {}) {
    request(method, target, body, more_headers);
    return reply(method == "HEAD");
  }

  /// The server ended the connection and sent nothing more.
  bool ended() { return buffer_.empty() && !fill(); }

  /// Nothing has arrived for `wait`.
  bool silent_for(std::chrono::milliseconds wait) {
    pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
    return buffer_.empty() && ::poll(&poll, 1, static_cast<int>(wait.count())) == 0;
  }

  /// Waits until `text` has come, and leaves it there; false when the connection ends before.
  bool await(std::string_view text) {
    while (buffer_.find(text) == std::string::npos) {
      if (!fill()) return false;
    }
    return true;
  }

  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }

 private:
  bool fill() {
    pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, 60'000) <= 0) throw std::runtime_error("no answer within a minute");
    char bytes[65536];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  int socket_;
  std::string buffer_;
};

inline Error error(std::string_view name, std::string message = "because",
                   std::string details = {}) {
  return {std::string(name), std::move(message), std::move(details)};
}

/// Each operation calls what the test has set; those not set answer Unavailable.
class FakeOperations : public ports::Operations {
 public:
  std::function<Result<ports::StartReply>(ports::StartRequest)> on_start;
  std::function<Result<bool>(ports::SignalRequest)> on_signal;
  std::function<Result<ports::UpdateReply>(ports::UpdateRequest)> on_update;
  std::function<Result<std::string>(ports::ExecutionRef)> on_published;
  std::function<Result<ports::ExecutionView>(ports::ExecutionRef)> on_describe;
  std::function<void(ports::ExecutionRef, Duration, ports::Callback<ports::ExecutionView>)> on_wait;
  std::function<Result<bool>(ports::ExecutionRef)> on_cancel;
  std::function<Result<bool>(ports::ExecutionRef, std::string)> on_terminate;
  std::function<Result<bool>(ports::ExecutionRef, std::string)> on_pause;
  std::function<Result<bool>(ports::ExecutionRef)> on_resume;
  std::function<Result<ports::StartReply>(ports::ExecutionRef)> on_retry;
  std::function<Result<ports::StartReply>(ports::ForkRequest)> on_fork;
  std::function<Result<std::vector<ports::ScheduleView>>(std::string)> on_schedules;
  std::function<Result<ports::ScheduleReply>(ports::ScheduleAct)> on_schedule_act;
  std::function<Result<bool>(eventual::detail::AttemptNews)> on_tell;
  std::function<Result<ports::ListReply>(const ports::ListRequest&)> on_list;
  std::function<Result<ports::HistoryReply>(const ports::HistoryRequest&)> on_history;
  std::function<Result<std::string>(const ports::HistoryRequest&)> on_export;
  std::function<Result<ports::BackupReply>(const std::string&)> on_backup;
  std::function<ports::Health()> on_health;

  void start(ports::StartRequest request, ports::Callback<ports::StartReply> done) override {
    done(on_start ? on_start(std::move(request)) : Result<ports::StartReply>(unset()));
  }
  void signal(ports::SignalRequest request, ports::Callback<bool> done) override {
    done(on_signal ? on_signal(std::move(request)) : Result<bool>(unset()));
  }
  void update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done) override {
    done(on_update ? on_update(std::move(request)) : Result<ports::UpdateReply>(unset()));
  }
  void published(ports::ExecutionRef execution, ports::Callback<std::string> done) override {
    done(on_published ? on_published(std::move(execution)) : Result<std::string>(unset()));
  }
  void describe(ports::ExecutionRef execution,
                ports::Callback<ports::ExecutionView> done) override {
    done(on_describe ? on_describe(std::move(execution)) : Result<ports::ExecutionView>(unset()));
  }
  void wait_closed(ports::ExecutionRef execution, Duration wait,
                   ports::Callback<ports::ExecutionView> done) override {
    if (!on_wait) return done(unset());
    on_wait(std::move(execution), wait, std::move(done));
  }
  void cancel(ports::ExecutionRef execution, ports::Callback<bool> done) override {
    done(on_cancel ? on_cancel(std::move(execution)) : Result<bool>(unset()));
  }
  void terminate(ports::ExecutionRef execution, std::string reason,
                 ports::Callback<bool> done) override {
    done(on_terminate ? on_terminate(std::move(execution), std::move(reason))
                      : Result<bool>(unset()));
  }
  void pause(ports::ExecutionRef execution, std::string reason,
             ports::Callback<bool> done) override {
    done(on_pause ? on_pause(std::move(execution), std::move(reason)) : Result<bool>(unset()));
  }
  void resume(ports::ExecutionRef execution, ports::Callback<bool> done) override {
    done(on_resume ? on_resume(std::move(execution)) : Result<bool>(unset()));
  }
  void retry(ports::ExecutionRef execution, ports::Callback<ports::StartReply> done) override {
    done(on_retry ? on_retry(std::move(execution)) : Result<ports::StartReply>(unset()));
  }
  void fork(ports::ForkRequest request, ports::Callback<ports::StartReply> done) override {
    done(on_fork ? on_fork(std::move(request)) : Result<ports::StartReply>(unset()));
  }
  void schedules(std::string name,
                 ports::Callback<std::vector<ports::ScheduleView>> done) override {
    done(on_schedules ? on_schedules(std::move(name))
                      : Result<std::vector<ports::ScheduleView>>(unset()));
  }
  void act_on_schedule(ports::ScheduleAct act,
                       ports::Callback<ports::ScheduleReply> done) override {
    done(on_schedule_act ? on_schedule_act(std::move(act)) : Result<ports::ScheduleReply>(unset()));
  }
  void tell_attempt(eventual::detail::AttemptNews news, ports::Callback<bool> done) override {
    done(on_tell ? on_tell(std::move(news)) : Result<bool>(unset()));
  }
  Result<ports::ListReply> list(const ports::ListRequest& request) override {
    return on_list ? on_list(request) : Result<ports::ListReply>(unset());
  }
  Result<ports::HistoryReply> history(const ports::HistoryRequest& request) override {
    return on_history ? on_history(request) : Result<ports::HistoryReply>(unset());
  }
  Result<std::string> export_history(const ports::HistoryRequest& request) override {
    return on_export ? on_export(request) : Result<std::string>(unset());
  }
  Result<ports::BackupReply> backup(const std::string& folder) override {
    return on_backup ? on_backup(folder) : Result<ports::BackupReply>(unset());
  }
  ports::Health health() override { return on_health ? on_health() : ports::Health{}; }

 private:
  static Error unset() { return error(error_names::k_unavailable, "not set by the test"); }
};

}  // namespace eventual::gateway::testing
