// One connection of the server, and the loop (thread) that it belongs to. Internal to the server.
#pragma once

#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "eventual/http.hpp"
#include "gateway/origin.hpp"
#include "gateway/pipe.hpp"
#include "gateway/request_parser.hpp"
#include "gateway/response_writer.hpp"
#include "gateway/server.hpp"
#include "gateway/tls.hpp"

namespace eventual::gateway::detail {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// Programs that a handler starts must not hold our sockets, and the address with them.
void keep_from_children(int descriptor) noexcept;

struct Counters {
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> requests_in_flight{0};
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> requests_refused_total{0};
  std::atomic<std::uint64_t> bodies_bytes{0};
};

/// What all loops of a server share. Constant after start, but for the counters.
struct Shared {
  ServerOptions options;
  Handler handler;
  HostPolicy hosts;
  std::shared_ptr<Counters>
      counters;  // shared: responders count themselves out, also after the server
  std::mutex stopping_mutex;
  std::condition_variable connection_closed;
};

struct Answer {
  /// The number of no request: the connection is only to look what there is to do.
  static constexpr std::uint64_t k_nothing = UINT64_MAX;
  std::weak_ptr<Connection> connection;
  std::uint64_t sequence = 0;
  http::Response response;
  std::shared_ptr<Pipe> pipe;  ///< what its body comes from; null: it is in the response. Shared
                               ///< with the handler
  bool is_event_stream = false;
};

class Loop;

/// Brings answers from any thread to the loop of their connection.
struct Mailbox {
  std::mutex mutex;
  std::vector<Answer> answers;
  Loop* loop = nullptr;  ///< null when the loop is gone
  bool scheduled = false;
  std::shared_ptr<Counters> counters;

  void deliver(Answer answer);
  void nudge(const std::weak_ptr<Connection>& connection);
};

/// One thread with its connections. All but the mailbox is touched by that thread only, once it
/// runs.
class Loop {
 public:
  explicit Loop(Shared& shared);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start_thread();
  void join();

  /// Any thread. Ends idle connections now and the others after their answers.
  void drain();
  /// Any thread. Ends all connections and the thread.
  void finish();
  void take_answers();

  Shared& shared;
  asio::io_context context{1};
  std::shared_ptr<Mailbox> mailbox;
  std::unordered_set<std::shared_ptr<Connection>>
      connections;  // shared with the pending operations of each
  bool draining = false;
  DateText date;

 private:
  void arm_sweep();
  void sweep();

  Clock::duration sweep_interval_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>
      sweep_timer_;
  std::vector<Answer> taken_;
  std::thread thread_;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Shared& shared);

  Socket& socket() noexcept { return socket_; }

  /// On the loop's thread. With `refused` it only says that there are too many connections.
  void start(bool refused);
  void complete(Answer&& answer);
  void mark_waiting(std::uint64_t sequence);
  /// Sends what can be sent, parses what can be parsed, reads on.
  void pump();
  void drain();
  void close();
  bool expired(Clock::time_point now) const noexcept;
  void expire(Clock::time_point now);

 private:
  struct Slot {
    http::Response response;
    bool ready = false;
    bool waiting = false;
    bool keep_alive = true;
    bool is_head = false;
    bool http_1_0 = false;
    std::shared_ptr<Pipe> pipe;  // shared with the handler
    bool is_event_stream = false;
    bool begun = false;  ///< its head is on its way, the body follows from the pipe
    bool close = false;  ///< the connection ends after it
  };

  void parse();
  bool accept_header();
  void dispatch();
  /// Hands what was read of a body to its handler; false when parsing pauses.
  bool pass_body(ParseStatus status);
  void fail_body(int status, std::string_view name, std::string_view message);
  bool account_body();
  void refuse(const Refusal& refusal);
  void push_answer(http::Response response, bool keep_alive);
  void flush();
  bool collect();
  bool collect_piece(Slot& slot);
  void pop_answer(bool close);
  void append_answer(Slot slot, bool close);
  void write();
  bool seal();
  bool unseal(std::size_t size);
  void wait_writable();
  void read();
  void on_read(std::size_t size);
  void on_end_of_input();
  void after_last_answer();
  void arm_read_deadline();
  void release_body();
  bool mid_request() const noexcept;
  std::string_view unread() const noexcept;
  void make_room(std::size_t size);

  Loop& loop_;
  Shared& shared_;
  Socket socket_;
  RequestParser parser_;
  std::string remote_address_;

  std::string input_;  ///< [input_begin_, input_end_) is not parsed yet
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;

  std::deque<Slot> slots_;  ///< requests in order of arrival, the oldest has first_sequence_
  std::uint64_t first_sequence_ = 0;

  std::string output_;
  std::string output_body_;  ///< a large body that follows output_
  std::size_t output_sent_ = 0;

  std::unique_ptr<TlsSession> tls_;
  std::string encrypted_;  ///< read, not decrypted yet
  bool sealed_ = false;    ///< the output is encrypted

  Admission admission_;
  std::shared_ptr<Pipe> body_pipe_;  ///< of the request whose body is being read. Shared with its
                                     ///< handler
  bool body_keep_alive_ = true;
  std::size_t body_accounted_ = 0;
  Clock::time_point request_began_{};
  Clock::time_point body_began_{};
  Clock::time_point read_deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();
  bool first_request_ = true;
  bool pumping_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool stop_parsing_ = false;
  bool continue_wanted_ = false;
  bool close_after_output_ = false;
  bool lingering_ = false;
  bool end_of_input_ = false;
  bool closed_ = false;
};

}  // namespace eventual::gateway::detail
