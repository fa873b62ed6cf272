#include "gateway/response_writer.hpp"

#include <fmt/format.h>

#include <array>

#include "gateway/text.hpp"

namespace eventual::gateway::detail {
namespace {

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

bool is_token(std::string_view name) noexcept {
  if (name.empty()) return false;
  for (const char c : name) {
    if (c <= ' ' || c == ':' || c >= 0x7F) return false;
  }
  return true;
}

bool has_control_characters(std::string_view value) noexcept {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) return true;
  }
  return false;
}

bool is_owned(std::string_view name) noexcept {
  return equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "connection") ||
         equals_ignoring_case(name, "transfer-encoding") || equals_ignoring_case(name, "date") ||
         equals_ignoring_case(name, "keep-alive") || equals_ignoring_case(name, "upgrade");
}

}  // namespace

std::string_view DateText::at(std::time_t now) {
  if (now == formatted_) return text_;
  constexpr std::array<std::string_view, 7> k_days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  text_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                      k_days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                      k_months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                      utc.tm_hour, utc.tm_min, utc.tm_sec);
  formatted_ = now;
  return text_;
}

bool may_have_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const http::Response& response, const HeadOptions& options) {
  out += "HTTP/1.1 ";
  const fmt::format_int status(response.status);
  out.append(status.data(), status.size());
  out += ' ';
  out += reason_of(response.status);
  out += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (is_owned(name) || !is_token(name) || has_control_characters(value)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (!options.date.empty()) {
    out += "date: ";
    out += options.date;
    out += "\r\n";
  }
  if (options.close) {
    out += "connection: close\r\n";
  } else if (options.announce_keep_alive) {
    out += "connection: keep-alive\r\n";
  }
  if (options.chunked) {
    out += "transfer-encoding: chunked\r\n";
  } else if (may_have_body(response.status) && !options.without_length) {
    const fmt::format_int length(response.body.size());
    out += "content-length: ";
    out.append(length.data(), length.size());
    out += "\r\n";
  }
  out += "\r\n";
}

}  // namespace eventual::gateway::detail
