// Writes the head of answers.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "eventual/http.hpp"

namespace eventual::gateway::detail {

/// The value of a Date header, formatted once a second.
class DateText {
 public:
  std::string_view at(std::time_t now);

 private:
  std::time_t formatted_ = -1;
  std::string text_;
};

struct HeadOptions {
  bool close = false;                ///< say that the connection ends
  bool announce_keep_alive = false;  ///< HTTP/1.0 clients want to hear it
  std::string_view date;
  bool chunked = false;         ///< the body follows in chunks
  bool without_length = false;  ///< the body ends with the connection
};

/// Appends status line and fields of `response`, with its length. Fields that the server owns
/// (content-length, connection, …) and fields that hold line breaks are left out.
void append_head(std::string& out, const http::Response& response, const HeadOptions& options);

/// False for statuses whose answers have none.
bool may_have_body(int status) noexcept;

}  // namespace eventual::gateway::detail
