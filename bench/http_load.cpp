#include "bench/http_load.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <deque>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace eventual::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds k_stalled{60};
constexpr std::uint64_t k_errors_max = 1'000;

[[noreturn]] void fail(std::string_view what, int error) {
  throw Error(std::string(error_names::k_unavailable),
              fmt::format("{}: {}", what, std::generic_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int value, std::string_view what) : value_(value) {
    if (value_ < 0) fail(what, errno);
  }
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

struct Answer {
  int status = 0;
  std::string_view body;
  std::size_t bytes = 0;  ///< of head and body
};

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

/// The value of "content-length" among header lines.
std::optional<std::size_t> length_in(std::string_view head) {
  constexpr std::string_view k_name = "\r\ncontent-length:";
  const auto found = std::search(head.begin(), head.end(), k_name.begin(), k_name.end(),
                                 [](char a, char b) { return lower(a) == b; });
  if (found == head.end()) return std::nullopt;
  const char* at = &*found + k_name.size();
  while (*at == ' ') ++at;  // a line's end follows
  std::size_t length = 0;
  if (std::from_chars(at, head.data() + head.size(), length).ec != std::errc()) return std::nullopt;
  return length;
}

/// The answer at the start of `input`; nothing while a part of it is missing.
std::optional<Answer> answer_in(std::string_view input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  constexpr std::size_t k_status_at = std::string_view("HTTP/1.1 ").size();
  Answer answer;
  const std::string_view head = input.substr(0, end + 2);
  const auto length = length_in(head);
  if (!head.starts_with("HTTP/1.1 ") || !length ||
      std::from_chars(head.data() + k_status_at, head.data() + head.size(), answer.status).ec !=
          std::errc()) {
    throw Error("NotUnderstood", fmt::format("the answer begins with {}", head));
  }
  answer.bytes = end + 4 + *length;
  if (input.size() < answer.bytes) return std::nullopt;
  answer.body = input.substr(end + 4, *length);
  return answer;
}

class HttpLoad {
 public:
  explicit HttpLoad(const HttpPlan& plan)
      : plan_(plan), poll_(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1") {
    const auto count = std::min<std::uint64_t>(plan.drive.concurrency, plan.drive.count);
    for (std::uint64_t i = 0; i < count; ++i) connections_.push_back(connect());
    for (auto& connection : connections_) free_.push_back(connection.get());
  }

  void run(Measurement& measurement) {
    start_ = steady_clock::now();
    moved_ = start_;
    std::array<epoll_event, 64> events{};
    while (!done()) {
      begin_due();
      const timespec patience = wait_for();
      const int count =
          ::epoll_pwait2(poll_.get(), events.data(), events.size(), &patience, nullptr);
      if (count < 0 && errno != EINTR) fail("epoll_pwait2", errno);
      for (int i = 0; i < count; ++i)
        receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      if (steady_clock::now() - moved_ > k_stalled)
        throw Timeout("the server has not answered for a minute");
    }
    Figures& figures = measurement.figures;
    figures.elapsed_s += std::chrono::duration<double>(steady_clock::now() - start_).count();
    figures.done += done_;
    figures.errors += plan_.drive.count - done_;
    figures.latency = latency_;
    if (measurement.first_error.empty()) measurement.first_error = first_error_;
  }

 private:
  struct Connection {
    explicit Connection(int socket) : descriptor(socket, "socket") {}
    Descriptor descriptor;
    std::string input;
    std::uint64_t index = 0;
    SteadyTime began{};
  };

  std::unique_ptr<Connection> connect() {
    auto connection =
        std::make_unique<Connection>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int socket = connection->descriptor.get();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(plan_.port);
    if (::inet_pton(AF_INET, plan_.address.c_str(), &address.sin_addr) != 1)
      throw Error(std::string(error_names::k_invalid_input), plan_.address + " is no IPv4 address");
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      fail(fmt::format("{}:{}", plan_.address, plan_.port), errno);
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl", errno);
    return connection;
  }

  bool all_begun() const { return begun_ == plan_.drive.count || errors_ >= k_errors_max; }
  bool done() const { return all_begun() && free_.size() == connections_.size(); }
  SteadyTime due() const {
    if (plan_.drive.rate_per_s <= 0) return steady_clock::now();
    return start_ +
           std::chrono::duration_cast<steady_clock::duration>(
               std::chrono::duration<double>(static_cast<double>(begun_) / plan_.drive.rate_per_s));
  }

  void begin_due() {
    while (!free_.empty() && !all_begun()) {
      const SteadyTime at = due();
      if (at > steady_clock::now()) return;
      Connection& connection = *free_.front();
      free_.pop_front();
      connection.index = plan_.drive.first + begun_++;
      connection.began = at;
      send(connection);
    }
  }

  timespec wait_for() const {
    std::chrono::nanoseconds wait = std::chrono::seconds(1);
    if (!free_.empty() && !all_begun())
      wait = std::clamp<std::chrono::nanoseconds>(due() - steady_clock::now(),
                                                  std::chrono::nanoseconds(0), wait);
    return {wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
  }

  /// The socket blocks: a request fits into its buffer.
  void send(Connection& connection) {
    output_.clear();
    plan_.write(connection.index, output_);
    for (std::string_view left = output_; !left.empty();) {
      const ssize_t sent =
          ::send(connection.descriptor.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) fail("sending a request", errno);
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void receive(Connection& connection) {
    std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is filled
    const ssize_t count =
        ::recv(connection.descriptor.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) fail("reading an answer", errno);
    if (count == 0) throw Error("Closed", "the server ended a connection");
    connection.input.append(buffer.data(), static_cast<std::size_t>(count));
    const auto answer = answer_in(connection.input);
    if (!answer) return;
    moved_ = steady_clock::now();
    if (plan_.correct(connection.index, answer->status, answer->body)) {
      ++done_;
      latency_.add(moved_ - connection.began);
    } else {
      ++errors_;
      if (first_error_.empty())
        first_error_ = fmt::format("request {}: {} {}", connection.index, answer->status,
                                   answer->body.substr(0, 200));
    }
    connection.input.erase(0, answer->bytes);
    free_.push_back(&connection);
  }

  const HttpPlan& plan_;
  const Descriptor poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> free_;  // in turn: a server ends those that stay idle
  std::string output_;
  SteadyTime start_{};
  SteadyTime moved_{};
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t errors_ = 0;
  std::string first_error_;
  Histogram latency_;
};

}  // namespace

void run_http(const HttpPlan& plan, Measurement& measurement) { HttpLoad(plan).run(measurement); }

void append_post(std::string& request, std::string_view path, std::string_view json) {
  fmt::format_to(std::back_inserter(request),
                 "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Content-Length: {}\r\n\r\n{}",
                 path, json.size(), json);
}

}  // namespace eventual::bench
