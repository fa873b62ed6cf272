// orders-payments: the payment stand-in as a process of its own, so that its books survive whatever
// happens to the service.
//
//   orders-payments --socket PATH --ledger FILE [--delay-ms MIN-MAX] [--seed N]
//
// A client connects, sends one line (operation, key, subject, amount in cents; tab-separated) and
// gets one line: "accepted" or "refused" and a text. The attempt is in the ledger, synced, before
// the answer goes out, and the answer takes a while: whoever kills the client in between makes it
// ask again. The line "in_flight" asks how many answers are on their way.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ledger.hpp"

namespace {

constexpr std::size_t k_line_bytes_max = 4096;

struct Options {
  std::string socket;
  std::string ledger;
  std::int64_t delay_min_ms = 2;
  std::int64_t delay_max_ms = 20;
  std::uint64_t seed = 1;
};

class StandIn {
 public:
  explicit StandIn(const Options& options)
      : books_(options.ledger),
        random_(options.seed),
        delay_ms_(options.delay_min_ms, options.delay_max_ms) {}

  std::string answer(const std::string& line, std::int64_t process) {
    std::vector<std::string> fields = ledger::split_fields(line);
    if (fields.front() == "in_flight")
      return ledger::join_fields({"accepted", std::to_string(in_flight_.load())});
    ledger::Request request;
    request.process = process;
    if (fields.size() != 4 || !parse_number(fields[3], request.amount_cents)) {
      return ledger::join_fields({"error", "expected operation, key, subject, amount"});
    }
    request.operation = std::move(fields[0]);
    request.key = std::move(fields[1]);
    request.subject = std::move(fields[2]);
    try {
      const ledger::Answer given = books_.apply(request);
      in_flight_ += 1;
      std::this_thread::sleep_for(std::chrono::milliseconds(next_delay_ms()));
      in_flight_ -= 1;
      return ledger::join_fields({given.accepted ? "accepted" : "refused", given.text});
    } catch (const std::exception& error) {
      return ledger::join_fields({"error", error.what()});
    }
  }

  static bool parse_number(std::string_view text, std::int64_t& out) {
    const char* end = text.data() + text.size();
    return std::from_chars(text.data(), end, out).ptr == end && !text.empty();
  }

 private:
  std::int64_t next_delay_ms() {
    const std::lock_guard lock(mutex_);
    return delay_ms_(random_);
  }

  ledger::Ledger books_;
  std::atomic<std::int64_t> in_flight_ = 0;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::uniform_int_distribution<std::int64_t> delay_ms_;
};

void serve(StandIn& stand_in, int client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  std::string line;
  char buffer[512];
  while (!line.ends_with('\n') && line.size() < k_line_bytes_max) {
    const ssize_t received = ::recv(client, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) break;
    line.append(buffer, static_cast<std::size_t>(received));
  }
  if (line.ends_with('\n')) {
    const std::string reply = stand_in.answer(line, peer.pid);
    // A client that was killed meanwhile does not hear it.
    (void)::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
  }
  ::close(client);
}

int fail(const std::string& what) {
  std::fprintf(stderr, "orders-payments: %s\n", what.c_str());
  return 1;
}

int listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ::unlink(path.c_str());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 ||
      ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 512) != 0) {
    return -1;
  }
  return listener;
}

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    std::int64_t seed = 0;
    if (name == "--socket") {
      options.socket = value;
    } else if (name == "--ledger") {
      options.ledger = value;
    } else if (name == "--seed" && StandIn::parse_number(value, seed)) {
      options.seed = static_cast<std::uint64_t>(seed);
    } else if (name == "--delay-ms") {
      const std::size_t dash = value.find('-');
      if (!StandIn::parse_number(value.substr(0, dash), options.delay_min_ms)) return std::nullopt;
      options.delay_max_ms = options.delay_min_ms;
      if (dash != value.npos &&
          !StandIn::parse_number(value.substr(dash + 1), options.delay_max_ms))
        return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  const bool complete = argc % 2 == 1 && !options.socket.empty() && !options.ledger.empty();
  if (!complete || options.delay_min_ms < 0 || options.delay_max_ms < options.delay_min_ms)
    return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = parse(argc, argv);
  if (!options) {
    std::fputs(
        "usage: orders-payments --socket PATH --ledger FILE [--delay-ms MIN-MAX] [--seed N]\n",
        stderr);
    return 2;
  }
  try {
    StandIn stand_in(*options);
    const int listener = listen_on(options->socket);
    if (listener < 0) return fail(options->socket + ": " + std::strerror(errno));
    while (true) {
      const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) {
        std::thread(serve, std::ref(stand_in), client).detach();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        std::_Exit(fail(std::string("accept: ") + std::strerror(errno)));
      }
    }
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
