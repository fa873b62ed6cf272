#include "gateway/connection.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::detail {
namespace {

constexpr std::size_t k_read_header_bytes = 4U * 1024;
constexpr std::size_t k_read_body_bytes = 64U * 1024;
constexpr std::size_t k_input_keep_bytes_max =
    16U * 1024;  // what an idle connection may hold on to
constexpr std::size_t k_output_keep_bytes_max = 64U * 1024;  // likewise
constexpr std::size_t k_large_body_bytes = 16U * 1024;  // from here on not copied behind its head
constexpr std::size_t k_body_timeout_step_bytes = 64U * 1024;

constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";

Clock::time_point after(Clock::time_point from, Duration duration) {
  constexpr auto k_longest = std::chrono::hours(24 * 365);
  return from + std::min<Clock::duration>(std::min<Duration>(duration, k_longest), k_longest);
}

http::Response unavailable(std::string_view message) {
  return error_response(503, error_names::k_unavailable, message);
}

}  // namespace

void keep_from_children(int descriptor) noexcept { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

Connection::Connection(Loop& loop, Shared& shared)
    : loop_(loop),
      shared_(shared),
      socket_(loop.context),
      parser_(shared.options.header_bytes_max, shared.options.body_bytes_max) {}

void Connection::start(bool refused) {
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  keep_from_children(socket_.native_handle());
  boost::system::error_code code;
  socket_.non_blocking(true, code);
  const auto peer = socket_.remote_endpoint(ignored);
  if (code || loop_.draining) return close();
  remote_address_ = peer.address().to_string();
  read_deadline_ = after(Clock::now(), shared_.options.header_timeout);
  if (refused) {
    shared_.counters->requests_refused_total.fetch_add(1, std::memory_order_relaxed);
    stop_parsing_ = true;
    push_answer(unavailable("too many connections"), false);
  }
  pump();
}

bool Connection::mid_request() const noexcept { return parser_.active() || !unread().empty(); }

std::string_view Connection::unread() const noexcept {
  return {input_.data() + input_begin_, input_end_ - input_begin_};
}

void Connection::make_room(std::size_t size) {
  if (input_begin_ == input_end_) {
    input_begin_ = input_end_ = 0;
    if (input_.size() > k_input_keep_bytes_max && size <= k_read_header_bytes) {
      input_ = std::string();
    }
  } else if (input_begin_ > 0 && input_.size() - input_end_ < size) {
    input_.erase(0, input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  if (input_.size() - input_end_ < size) input_.resize(input_end_ + size);
}

// The handler may answer at once, from within parse(); its answer then waits until the parsing
// pauses, so that answers to pipelined requests leave together.
void Connection::pump() {
  if (pumping_ || closed_) return;
  pumping_ = true;
  for (;;) {
    parse();
    const bool was_full = slots_.size() >= shared_.options.pipelined_requests_max;
    flush();
    const bool room = slots_.size() < shared_.options.pipelined_requests_max;
    if (closed_ || !was_full || !room || stop_parsing_ || unread().empty()) break;
  }
  pumping_ = false;
  if (closed_) return;
  if (slots_.empty() && !writing_) {
    if (end_of_input_) return close();
    if (loop_.draining && !mid_request() && !lingering_) return close();
  }
  arm_read_deadline();
  read();
}

void Connection::parse() {
  while (!stop_parsing_ && !closed_ && slots_.size() < shared_.options.pipelined_requests_max) {
    const bool was_active = parser_.active();
    const std::string_view data = unread();
    if (data.empty() && !was_active) return;
    const RequestParser::Step step = parser_.put(data.data(), data.size());
    input_begin_ += step.consumed;
    if (!was_active && parser_.active()) request_began_ = Clock::now();
    if (parser_.header_done() && !account_body()) return;
    switch (step.status) {
      case ParseStatus::header_done:
        if (!accept_header()) return;
        continue;
      case ParseStatus::done:
        dispatch();
        continue;
      case ParseStatus::failed:
        return refuse(parser_.refusal());
      case ParseStatus::need_more:
        return;
    }
  }
}

bool Connection::accept_header() {
  http::Request& request = parser_.request();
  const std::string_view host = http::find(request.headers, "host");
  const std::string_view origin = http::find(request.headers, "origin");
  if (parser_.host_count() > 1 || (parser_.host_count() == 0 && !parser_.is_http_1_0())) {
    refuse({400, error_names::k_invalid_input, "the request must have one Host header"});
    return false;
  }
  if (parser_.host_count() == 1 && !shared_.hosts.host_allowed(host)) {
    refuse({403, error_names::k_not_allowed,
            "this Host is not served here; serve it by naming it as a public URL or allowed host"});
    return false;
  }
  if (!origin.empty() && !shared_.hosts.origin_allowed(origin, host)) {
    refuse({403, error_names::k_not_allowed, "pages of this Origin may not call this service"});
    return false;
  }
  if (const Result<void> decoded = decode_target(request); !decoded) {
    refuse({400, error_names::k_invalid_input, decoded.error().message()});
    return false;
  }
  body_began_ = Clock::now();
  continue_wanted_ = parser_.expects_continue() && unread().empty();
  return true;
}

bool Connection::account_body() {
  const std::size_t size = parser_.request().body.size();
  if (size <= body_accounted_) return true;
  const std::size_t more = size - body_accounted_;
  body_accounted_ = size;
  const auto before = shared_.counters->bodies_bytes.fetch_add(more, std::memory_order_relaxed);
  if (before + more <= shared_.options.bodies_bytes_max) return true;
  refuse({503, error_names::k_unavailable, "too many bytes of requests are in flight"});
  return false;
}

void Connection::release_body() {
  shared_.counters->bodies_bytes.fetch_sub(body_accounted_, std::memory_order_relaxed);
  body_accounted_ = 0;
}

void Connection::refuse(const Refusal& refusal) {
  shared_.counters->requests_refused_total.fetch_add(1, std::memory_order_relaxed);
  stop_parsing_ = true;
  push_answer(error_response(refusal.status, refusal.name, refusal.message), false);
  release_body();
  parser_.reset();
  continue_wanted_ = false;
}

void Connection::push_answer(http::Response response, bool keep_alive) {
  Slot& slot = slots_.emplace_back();
  slot.response = std::move(response);
  slot.ready = true;
  slot.keep_alive = keep_alive;
  slot.is_head = parser_.request().method == http::Method::head;
  slot.http_1_0 = parser_.is_http_1_0();
}

void Connection::dispatch() {
  Counters& counters = *shared_.counters;
  const bool keep_alive = parser_.keep_alive();
  continue_wanted_ = false;
  first_request_ = false;
  if (!keep_alive) stop_parsing_ = true;
  counters.requests_total.fetch_add(1, std::memory_order_relaxed);
  if (counters.requests_in_flight.fetch_add(1, std::memory_order_relaxed) >=
      shared_.options.requests_in_flight_max) {
    counters.requests_in_flight.fetch_sub(1, std::memory_order_relaxed);
    counters.requests_refused_total.fetch_add(1, std::memory_order_relaxed);
    push_answer(unavailable("too many requests are in flight"), keep_alive);
    release_body();
    parser_.reset();
    return;
  }
  Slot& slot = slots_.emplace_back();
  slot.keep_alive = keep_alive;
  slot.is_head = parser_.request().method == http::Method::head;
  slot.http_1_0 = parser_.is_http_1_0();
  http::Request request = std::move(parser_.request());
  request.remote_address = remote_address_;
  Responder responder(loop_.mailbox, weak_from_this(), first_sequence_ + slots_.size() - 1,
                      std::exchange(body_accounted_, 0));
  parser_.reset();
  try {
    shared_.handler(std::move(request), std::move(responder));
  } catch (...) {
    // The responder died with the call, which answers 500.
  }
}

void Connection::complete(std::uint64_t sequence, http::Response response) {
  if (closed_ || sequence < first_sequence_ || sequence - first_sequence_ >= slots_.size()) return;
  Slot& slot = slots_[sequence - first_sequence_];
  if (slot.ready) return;
  slot.response = std::move(response);
  slot.ready = true;
}

void Connection::mark_waiting(std::uint64_t sequence) {
  if (loop_.draining) return complete(sequence, unavailable("the service is stopping"));
  if (closed_ || sequence < first_sequence_ || sequence - first_sequence_ >= slots_.size()) return;
  slots_[sequence - first_sequence_].waiting = true;
}

void Connection::drain() {
  for (Slot& slot : slots_) {
    if (!slot.waiting || slot.ready) continue;
    slot.response = unavailable("the service is stopping");
    slot.ready = true;
  }
  pump();
}

void Connection::flush() {
  while (!closed_ && !writing_ && collect()) write();
  if (closed_ || writing_ || !slots_.empty()) return;
  if (continue_wanted_ && !close_after_output_) {
    continue_wanted_ = false;
    output_ += k_continue;
    write();
  }
}

/// Moves answers whose turn it is to the output; true when there is something to send.
bool Connection::collect() {
  while (!slots_.empty() && slots_.front().ready && output_body_.empty() && !close_after_output_) {
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_sequence_;
    const bool last = loop_.draining && slots_.empty() && !mid_request();
    const bool asked =
        equals_ignoring_case(http::find(slot.response.headers, "connection"), "close");
    const bool close = last || asked || !slot.keep_alive;
    append_answer(std::move(slot), close);
  }
  return !output_.empty();
}

void Connection::append_answer(Slot slot, bool close) {
  if (slot.response.status < 200 || slot.response.status > 599) {
    slot.response = error_response(500, error_names::k_internal, "the answer has no valid status");
  }
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  append_head(output_, slot.response,
              {.close = close, .announce_keep_alive = slot.http_1_0, .date = loop_.date.at(now)});
  if (!slot.is_head && may_have_body(slot.response.status)) {
    if (slot.response.body.size() < k_large_body_bytes) {
      output_ += slot.response.body;
    } else {
      output_body_ = std::move(slot.response.body);
    }
  }
  if (!close) return;
  close_after_output_ = true;
  stop_parsing_ = true;
  first_sequence_ += slots_.size();
  slots_.clear();
}

void Connection::write() {
  while (output_sent_ < output_.size() + output_body_.size()) {
    const std::size_t head = std::min(output_sent_, output_.size());
    const std::size_t body = output_sent_ - head;
    const std::array<asio::const_buffer, 2> buffers{
        asio::const_buffer(output_.data() + head, output_.size() - head),
        asio::const_buffer(output_body_.data() + body, output_body_.size() - body)};
    boost::system::error_code code;
    output_sent_ += socket_.write_some(buffers, code);
    if (code == asio::error::would_block || code == asio::error::try_again) return wait_writable();
    if (code) return close();
  }
  output_sent_ = 0;
  output_.clear();
  if (output_.capacity() > k_output_keep_bytes_max) output_.shrink_to_fit();
  output_body_ = std::string();
  if (close_after_output_) after_last_answer();
}

void Connection::wait_writable() {
  writing_ = true;
  write_deadline_ = after(Clock::now(), shared_.options.body_timeout);
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& code) {
                       self->writing_ = false;
                       self->write_deadline_ = Clock::time_point::max();
                       if (self->closed_) return;
                       if (code) return self->close();
                       self->write();
                       self->pump();
                     });
}

// Closing at once would let unread input reset the connection, and the client might lose the
// answer.
void Connection::after_last_answer() {
  if (end_of_input_) return close();
  boost::system::error_code code;
  socket_.shutdown(Socket::shutdown_send, code);
  if (code) return close();
  lingering_ = true;
  read_deadline_ = after(Clock::now(), shared_.options.linger_timeout);
}

void Connection::read() {
  if (reading_ || closed_ || end_of_input_) return;
  if (stop_parsing_ && !lingering_) return;
  if (!lingering_ && slots_.size() >= shared_.options.pipelined_requests_max) return;
  make_room(parser_.header_done() || lingering_ ? k_read_body_bytes : k_read_header_bytes);
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
      [self = shared_from_this()](const boost::system::error_code& code, std::size_t size) {
        self->reading_ = false;
        if (self->closed_) return;
        if (code == asio::error::eof) return self->on_end_of_input();
        if (code) return self->close();
        self->on_read(size);
      });
}

void Connection::on_read(std::size_t size) {
  if (lingering_) {
    input_begin_ = input_end_ = 0;
    return read();
  }
  input_end_ += size;
  pump();
}

// A client may end its side and still wait for its answers.
void Connection::on_end_of_input() {
  end_of_input_ = true;
  if (lingering_) return close();
  stop_parsing_ = true;
  release_body();
  parser_.reset();
  input_begin_ = input_end_ = 0;
  pump();
}

void Connection::arm_read_deadline() {
  if (lingering_) return;
  const ServerOptions& options = shared_.options;
  if (stop_parsing_ || slots_.size() >= options.pipelined_requests_max) {
    read_deadline_ = Clock::time_point::max();
  } else if (parser_.header_done()) {
    const auto steps = parser_.request().body.size() / k_body_timeout_step_bytes;
    const auto all = std::min<Duration>(options.body_timeout, std::chrono::hours(1)) *
                     static_cast<Duration::rep>(steps + 1);
    read_deadline_ = after(body_began_, all);
  } else if (parser_.active()) {
    read_deadline_ = after(request_began_, options.header_timeout);
  } else if (!slots_.empty() || writing_) {
    read_deadline_ = Clock::time_point::max();
  } else if (!first_request_) {
    read_deadline_ = after(Clock::now(), options.idle_timeout);
  }
}

bool Connection::expired(Clock::time_point now) const noexcept {
  return now >= read_deadline_ || now >= write_deadline_;
}

void Connection::expire(Clock::time_point now) {
  if (closed_ || !expired(now)) return;
  if (now >= write_deadline_ || lingering_ || !parser_.active()) return close();
  refuse({408, "Timeout", "the request did not arrive in time"});
  pump();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  const auto self = shared_from_this();
  release_body();
  boost::system::error_code ignored;
  socket_.close(ignored);
  loop_.connections.erase(self);
  slots_.clear();
  if (shared_.counters->connections_open.fetch_sub(1) == 1) {
    const std::lock_guard lock(shared_.stopping_mutex);
    shared_.connection_closed.notify_all();
  }
}

}  // namespace eventual::gateway::detail
