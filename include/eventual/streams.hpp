// Bodies in pieces: requests that are read as they arrive, answers that are sent as they are made.
//
//   orders.http.post("/upload", [](http::BodyReader& body) -> std::string {
//     std::size_t bytes = 0;
//     for (std::string piece = body.read(); !piece.empty(); piece = body.read()) bytes +=
//     piece.size(); return std::to_string(bytes);
//   });
//   orders.http.get("/ticks", [](http::EventStream& events) {
//     for (int i = 0; events.open() && i < 10; ++i) events.send({.data = std::to_string(i)});
//   });
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eventual/detail/middleware.hpp"
#include "eventual/http.hpp"

namespace eventual::http {

/// The body of a request. A handler that asks for it is called as soon as the header is there, and
/// the connection is read only as fast as the handler reads. For the handler's thread.
class BodyReader {
 public:
  explicit BodyReader(detail::BodySource* source) noexcept : source_(source) {}

  /// The next piece; empty at the end. Blocks until there is one. Throws HttpError (413 when the
  /// body is larger than the route allows, 408 when it comes too slowly) or Error("Closed") when
  /// the caller is gone.
  std::string read();

  /// What is left, at most `bytes_max` of it; more throws HttpError 413.
  std::string read_all(std::size_t bytes_max);

 private:
  detail::BodySource* source_;
};

/// The answer of a handler that sends it in pieces. When the handler returns the answer is
/// complete; when it throws after begin() the connection is cut, so that the caller does not take
/// the half for the whole. For the handler's thread.
class ResponseWriter {
 public:
  explicit ResponseWriter(detail::BodySink* sink) noexcept : sink_(sink) {}

  /// Sends status and headers; its body is the first piece. A second call throws.
  void begin(Response head = {});
  /// Sends a piece; begins by itself. Blocks while more than 256 KiB wait for the caller to read
  /// them. Throws Error("Closed") when the caller is gone.
  void write(std::string_view bytes);
  /// The caller is there.
  bool open() const noexcept;

 private:
  detail::BodySink* sink_;
};

/// One server-sent event.
struct ServerEvent {
  std::string event = {};  ///< its type; empty: "message"
  std::string data = {};   ///< may have several lines
  std::string id = {};     ///< what a reconnecting browser sends as Last-Event-ID
  std::optional<std::uint32_t> retry_ms = {};
};

/// An answer of server-sent events (text/event-stream). It does not hold up a stop of the service:
/// open() is false then. For the handler's thread.
class EventStream {
 public:
  explicit EventStream(detail::BodySink* sink) noexcept : sink_(sink) {}

  /// Sends the header, so that the caller knows that it is connected. send() does it by itself.
  void begin();
  /// Blocks while too much waits to be sent. Throws Error("Closed") when the caller is gone, and
  /// InvalidInput when `event` or `id` hold a line break.
  void send(const ServerEvent& event);
  /// A line that callers ignore. Send one now and then on a quiet stream, to notice callers that
  /// have gone.
  void comment(std::string_view text = {});
  /// The caller is there and the service is not stopping.
  bool open() const noexcept;

 private:
  detail::BodySink* sink_;
};

}  // namespace eventual::http
