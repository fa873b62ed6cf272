#include "gateway/connection.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
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
constexpr std::size_t k_output_step_bytes = 64U * 1024;  // of a body in pieces, between two writes

constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view k_last_chunk = "0\r\n\r\n";
constexpr std::string_view k_methods_served = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

void append_chunk(std::string& out, std::string_view bytes) {
  std::array<char, 2 * sizeof(std::size_t)> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  out.append(size.data(), end);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

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
      parser_(shared.options.header_bytes_max) {
  if (shared.options.tls != nullptr) tls_ = std::make_unique<TlsSession>(*shared.options.tls);
}

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
    if (tls_ != nullptr) return close();  // nothing can be said before the handshake
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
  while (!stop_parsing_ && !closed_ &&
         (body_pipe_ != nullptr || slots_.size() < shared_.options.pipelined_requests_max)) {
    if (body_pipe_ != nullptr && body_pipe_->full()) return;
    const bool was_active = parser_.active();
    const std::string_view data = unread();
    if (data.empty() && !was_active) return;
    const RequestParser::Step step = parser_.put(data.data(), data.size());
    input_begin_ += step.consumed;
    if (!was_active && parser_.active()) request_began_ = Clock::now();
    if (body_pipe_ != nullptr) {
      if (!pass_body(step.status)) return;
      continue;
    }
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
  const std::string_view authority = authority_of(request.raw_target);
  if ((parser_.host_count() == 1 && !shared_.hosts.host_allowed(host)) ||
      (!authority.empty() && !shared_.hosts.host_allowed(authority))) {
    refuse({403, error_names::k_not_allowed,
            "this Host is not served here; serve it by naming it as a public URL or allowed host"});
    return false;
  }
  const ServerOptions& options = shared_.options;
  const Result<void> decoded = decode_target(request);
  admission_ = decoded && options.admit ? options.admit(request) : Admission();
  if (!origin.empty() && !admission_.checks_origin && !shared_.hosts.origin_allowed(origin, host)) {
    refuse({403, error_names::k_not_allowed, "pages of this Origin may not call this service"});
    return false;
  }
  if (!decoded) {
    refuse({400, error_names::k_invalid_input, decoded.error().message()});
    return false;
  }
  const std::size_t most = admission_.reads_in_pieces ? SIZE_MAX : options.body_bytes_max;
  const std::size_t asked = admission_.body_bytes_max == 0 ? most : admission_.body_bytes_max;
  if (!parser_.limit_body(std::min(asked, most))) {
    refuse(parser_.refusal());
    return false;
  }
  body_began_ = Clock::now();
  continue_wanted_ = parser_.expects_continue() && unread().empty();
  if (admission_.reads_in_pieces) dispatch();
  return !closed_ && !stop_parsing_;
}

bool Connection::pass_body(ParseStatus status) {
  std::string& body = parser_.request().body;
  if (!body.empty()) {
    body_pipe_->put(body);
    body.clear();
    body_began_ = Clock::now();
  }
  switch (status) {
    case ParseStatus::done:
      body_pipe_->end();
      body_pipe_.reset();
      parser_.reset();
      if (!body_keep_alive_) stop_parsing_ = true;
      return true;
    case ParseStatus::failed:
      fail_body(parser_.refusal().status, parser_.refusal().name, parser_.refusal().message);
      return false;
    default:
      return false;
  }
}

/// Its handler still answers; then the connection ends.
void Connection::fail_body(int status, std::string_view name, std::string_view message) {
  body_pipe_->fail(http::HttpError(status, std::string(name), std::string(message)));
  body_pipe_.reset();
  stop_parsing_ = true;
  parser_.reset();
  if (!slots_.empty()) slots_.back().keep_alive = false;
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
  http::Response response = error_response(refusal.status, refusal.name, refusal.message);
  if (refusal.status == 405) response.headers.emplace_back("allow", k_methods_served);
  push_answer(std::move(response), false);
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
  const bool in_pieces = admission_.reads_in_pieces;
  const bool keep_alive = parser_.keep_alive();
  const bool continue_now = continue_wanted_ && in_pieces && slots_.empty() && !writing_;
  continue_wanted_ = false;
  first_request_ = false;
  if (!keep_alive && !in_pieces) stop_parsing_ = true;
  counters.requests_total.fetch_add(1, std::memory_order_relaxed);
  if (counters.requests_in_flight.fetch_add(1, std::memory_order_relaxed) >=
      shared_.options.requests_in_flight_max) {
    counters.requests_in_flight.fetch_sub(1, std::memory_order_relaxed);
    counters.requests_refused_total.fetch_add(1, std::memory_order_relaxed);
    if (in_pieces) stop_parsing_ = true;  // its body is not read
    push_answer(unavailable("too many requests are in flight"), keep_alive && !in_pieces);
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
  if (in_pieces) {
    body_pipe_ = std::make_shared<Pipe>();
    body_pipe_->set_wake(
        [mailbox = loop_.mailbox, connection = weak_from_this()] { mailbox->nudge(connection); });
    body_keep_alive_ = keep_alive;
    if (continue_now) output_ += k_continue;
  }
  Responder responder(loop_.mailbox, weak_from_this(), first_sequence_ + slots_.size() - 1,
                      std::exchange(body_accounted_, 0), admission_, body_pipe_);
  if (!in_pieces) parser_.reset();
  try {
    shared_.handler(std::move(request), std::move(responder));
  } catch (...) {
    // The responder died with the call, which answers 500.
  }
}

void Connection::complete(Answer&& answer) {
  const std::uint64_t sequence = answer.sequence;
  if (closed_ || sequence < first_sequence_ || sequence - first_sequence_ >= slots_.size() ||
      slots_[sequence - first_sequence_].ready) {
    if (answer.pipe != nullptr) answer.pipe->close();
    return;
  }
  Slot& slot = slots_[sequence - first_sequence_];
  slot.response = std::move(answer.response);
  slot.pipe = std::move(answer.pipe);
  slot.is_event_stream = answer.is_event_stream;
  slot.ready = true;
  if (slot.is_event_stream && (loop_.draining || end_of_input_)) slot.pipe->close();
}

void Connection::mark_waiting(std::uint64_t sequence) {
  if (loop_.draining) {
    return complete({{}, sequence, unavailable("the service is stopping"), nullptr, false});
  }
  if (closed_ || sequence < first_sequence_ || sequence - first_sequence_ >= slots_.size()) return;
  slots_[sequence - first_sequence_].waiting = true;
}

void Connection::drain() {
  for (Slot& slot : slots_) {
    if (slot.is_event_stream) slot.pipe->close();
    if (!slot.waiting || slot.ready) continue;
    slot.response = unavailable("the service is stopping");
    slot.ready = true;
  }
  pump();
}

void Connection::flush() {
  while (!closed_ && !writing_ && (collect() || (tls_ != nullptr && tls_->has_output()))) write();
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
    Slot& front = slots_.front();
    if (!front.begun) {
      // What is left of a body that nobody reads would be taken for the next request.
      const bool is_unread = body_pipe_ != nullptr && slots_.size() == 1;
      const bool last = loop_.draining && slots_.size() == 1 && !mid_request();
      const bool asked =
          equals_ignoring_case(http::find(front.response.headers, "connection"), "close");
      front.close = last || asked || !front.keep_alive || (is_unread && front.pipe == nullptr);
    }
    if (front.pipe != nullptr) {
      if (!collect_piece(front)) break;
      continue;
    }
    Slot slot = std::move(front);
    const bool close = slot.close;
    append_answer(std::move(slot), close);
    pop_answer(close);
  }
  // What ends with the connection may have nothing more to say.
  return !output_.empty() || (close_after_output_ && !lingering_);
}

/// Adds what there is of an answer that comes in pieces; false when there is nothing more for now.
bool Connection::collect_piece(Slot& slot) {
  const bool has_body = !slot.is_head && may_have_body(slot.response.status);
  if (!slot.begun) {
    slot.begun = true;
    slot.close = slot.close || (slot.http_1_0 && has_body);
    append_answer(slot, slot.close);
  }
  if (output_.size() >= k_output_step_bytes) return false;
  std::string piece;
  const Pipe::State state = slot.pipe->take(piece);
  if (!piece.empty() && has_body) {
    if (slot.http_1_0) {
      output_ += piece;
    } else {
      append_chunk(output_, piece);
    }
  }
  switch (state) {
    case Pipe::State::more:
      return false;
    case Pipe::State::given_up:  // the caller must not take it for whole
      close();
      return false;
    case Pipe::State::whole:
      break;
  }
  if (has_body && !slot.http_1_0) output_ += k_last_chunk;
  pop_answer(slot.close || (body_pipe_ != nullptr && slots_.size() == 1));
  return true;
}

void Connection::pop_answer(bool close) {
  slots_.pop_front();
  ++first_sequence_;
  if (!close) return;
  close_after_output_ = true;
  stop_parsing_ = true;
  if (body_pipe_ != nullptr) fail_body(400, error_names::k_closed, "the request is answered");
  first_sequence_ += slots_.size();
  for (const Slot& slot : slots_) {
    if (slot.pipe != nullptr) slot.pipe->close();
  }
  slots_.clear();
}

void Connection::append_answer(Slot slot, bool close) {
  if (slot.response.status < 200 || slot.response.status > 599) {
    slot.response = error_response(500, error_names::k_internal, "the answer has no valid status");
  }
  const bool in_pieces = slot.pipe != nullptr && may_have_body(slot.response.status);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  append_head(output_, slot.response,
              {.close = close,
               .announce_keep_alive = slot.http_1_0,
               .date = loop_.date.at(now),
               .chunked = in_pieces && !slot.http_1_0,
               .without_length = in_pieces});
  if (slot.is_head || !may_have_body(slot.response.status)) return;
  if (slot.response.body.size() < k_large_body_bytes) {
    output_ += slot.response.body;
  } else {
    output_body_ = std::move(slot.response.body);
  }
}

/// Encrypts the output, with what the session itself has to say; false when it has failed.
bool Connection::seal() {
  if (tls_ == nullptr || sealed_) return true;
  if (!tls_->write(output_) || !tls_->write(output_body_)) return false;
  if (close_after_output_) tls_->end();
  output_.clear();
  output_body_ = std::string();
  tls_->take_output(output_);
  sealed_ = true;
  return true;
}

/// Decrypts `size` bytes that were read, behind the input; false when the connection is over.
bool Connection::unseal(std::size_t size) {
  tls_->receive({encrypted_.data(), size});
  for (;;) {
    make_room(k_read_header_bytes);
    std::size_t got = 0;
    const TlsSession::Status status =
        tls_->read(input_.data() + input_end_, input_.size() - input_end_, got);
    input_end_ += got;
    switch (status) {
      case TlsSession::Status::ok:
        if (lingering_) input_begin_ = input_end_ = 0;
        continue;
      case TlsSession::Status::wants_more:
        return true;
      case TlsSession::Status::ended:
        // What came before the end is still answered.
        if (!unread().empty()) pump();
        if (!closed_) on_end_of_input();
        return false;
      case TlsSession::Status::failed:
        flush();  // the alert that says why
        close();
        return false;
    }
  }
}

void Connection::write() {
  if (!seal()) return close();
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
  sealed_ = false;
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
  if (!lingering_ && body_pipe_ == nullptr &&
      slots_.size() >= shared_.options.pipelined_requests_max) {
    return;
  }
  if (body_pipe_ != nullptr && body_pipe_->full()) return;
  const bool much = parser_.header_done() || lingering_;
  asio::mutable_buffer room;
  if (tls_ != nullptr) {
    encrypted_.resize(much ? k_read_body_bytes : k_read_header_bytes);
    room = asio::buffer(encrypted_);
  } else {
    make_room(much ? k_read_body_bytes : k_read_header_bytes);
    room = asio::buffer(input_.data() + input_end_, input_.size() - input_end_);
  }
  reading_ = true;
  socket_.async_read_some(
      room, [self = shared_from_this()](const boost::system::error_code& code, std::size_t size) {
        self->reading_ = false;
        if (self->closed_) return;
        if (code == asio::error::eof) return self->on_end_of_input();
        if (code) return self->close();
        self->on_read(size);
      });
}

void Connection::on_read(std::size_t size) {
  if (tls_ != nullptr) {
    if (!unseal(size)) return;
  } else {
    input_end_ += size;
  }
  if (lingering_) {
    input_begin_ = input_end_ = 0;
    return read();
  }
  pump();
}

// A client may end its side and still wait for its answers.
void Connection::on_end_of_input() {
  end_of_input_ = true;
  if (lingering_) return close();
  for (const Slot& slot : slots_) {
    if (slot.is_event_stream) return close();  // nobody listens any more
  }
  stop_parsing_ = true;
  if (body_pipe_ != nullptr) fail_body(400, error_names::k_closed, "the caller is gone");
  release_body();
  parser_.reset();
  input_begin_ = input_end_ = 0;
  pump();
}

void Connection::arm_read_deadline() {
  if (lingering_) return;
  const ServerOptions& options = shared_.options;
  if (stop_parsing_ || (body_pipe_ == nullptr && slots_.size() >= options.pipelined_requests_max)) {
    read_deadline_ = Clock::time_point::max();
  } else if (body_pipe_ != nullptr) {
    // While the handler does not read, the caller is not to blame.
    if (body_pipe_->full()) {
      body_began_ = read_deadline_ = Clock::time_point::max();
    } else {
      if (body_began_ == Clock::time_point::max()) body_began_ = Clock::now();
      read_deadline_ = after(body_began_, options.body_timeout);
    }
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
  if (body_pipe_ != nullptr) {
    fail_body(408, "Timeout", "the request did not arrive in time");
  } else {
    refuse({408, "Timeout", "the request did not arrive in time"});
  }
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
  if (body_pipe_ != nullptr) fail_body(400, error_names::k_closed, "the caller is gone");
  for (const Slot& slot : slots_) {
    if (slot.pipe != nullptr) slot.pipe->close();
  }
  slots_.clear();
  if (shared_.counters->connections_open.fetch_sub(1) == 1) {
    const std::lock_guard lock(shared_.stopping_mutex);
    shared_.connection_closed.notify_all();
  }
}

}  // namespace eventual::gateway::detail
