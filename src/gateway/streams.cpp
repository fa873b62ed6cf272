// Bodies in pieces, as handlers see them.
#include "eventual/streams.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "eventual/error.hpp"

namespace eventual::http {
namespace {

detail::BodySink& require(detail::BodySink* sink) {
  if (sink == nullptr) {
    throw Error(std::string(error_names::k_unavailable), "this host sends no answers in pieces");
  }
  return *sink;
}

void append_lines(std::string& out, std::string_view field, std::string_view text) {
  for (;;) {
    const std::size_t end = text.find_first_of("\r\n");
    out += fmt::format("{}: {}\n", field, text.substr(0, end));
    if (end == std::string_view::npos) return;
    const bool pair = text.substr(end, 2) == "\r\n";
    text.remove_prefix(end + (pair ? 2 : 1));
  }
}

void require_one_line(std::string_view what, std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) return;
  throw Error(std::string(error_names::k_invalid_input),
              fmt::format("the {} of a server-sent event must be one line", what));
}

}  // namespace

std::string BodyReader::read() {
  if (source_ == nullptr) {
    throw Error(std::string(error_names::k_unavailable), "this host reads no bodies in pieces");
  }
  return source_->read();
}

std::string BodyReader::read_all(std::size_t bytes_max) {
  std::string all;
  for (std::string piece = read(); !piece.empty(); piece = read()) {
    if (piece.size() > bytes_max - all.size()) {
      throw HttpError(413, std::string(error_names::k_limit_exceeded),
                      fmt::format("the body has more than {} bytes", bytes_max));
    }
    all += piece;
  }
  return all;
}

void ResponseWriter::begin(Response head) {
  detail::BodySink& sink = require(sink_);
  if (sink.begun()) throw std::logic_error("an answer begins once");
  std::string first = std::move(head.body);
  head.body.clear();
  sink.begin(std::move(head), false);
  if (!first.empty()) sink.write(first);
}

void ResponseWriter::write(std::string_view bytes) {
  detail::BodySink& sink = require(sink_);
  if (!sink.begun()) sink.begin({}, false);
  if (!bytes.empty()) sink.write(bytes);
}

bool ResponseWriter::open() const noexcept { return sink_ != nullptr && sink_->open(); }

void EventStream::begin() {
  detail::BodySink& sink = require(sink_);
  if (sink.begun()) return;
  sink.begin({.status = 200,
              .headers = {{"content-type", "text/event-stream"},
                          {"cache-control", "no-store"},
                          {"x-accel-buffering", "no"}},
              .body = {}},
             true);
}

void EventStream::send(const ServerEvent& event) {
  require_one_line("type", event.event);
  require_one_line("id", event.id);
  std::string text;
  if (!event.id.empty()) text += fmt::format("id: {}\n", event.id);
  if (!event.event.empty()) text += fmt::format("event: {}\n", event.event);
  if (event.retry_ms) text += fmt::format("retry: {}\n", *event.retry_ms);
  append_lines(text, "data", event.data);
  begin();
  sink_->write(text + "\n");
}

void EventStream::comment(std::string_view text) {
  std::string lines;
  append_lines(lines, "", text);
  begin();
  sink_->write(lines + "\n");
}

bool EventStream::open() const noexcept { return sink_ != nullptr && sink_->open(); }

}  // namespace eventual::http
