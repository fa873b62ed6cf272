// Requests over HTTP/1.1 from one thread: many connections, one request at a time on each.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bench/drive.hpp"
#include "bench/workload.hpp"

namespace eventual::bench {

struct HttpPlan {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  /// Slots are connections. As for Drive: at a rate, latencies count from when a request was due.
  Drive::Plan drive;
  /// Appends the whole request, for a connection that stays open. Called on run_http's thread.
  std::function<void(std::uint64_t index, std::string& request)> write;
  std::function<bool(std::uint64_t index, int status, std::string_view body)> correct;
};

/// Sends all requests and reads the answers, which must have a Content-Length. Blocks. Adds to
/// done, errors, elapsed_s and latency of `measurement`. Throws Error where the server cannot be
/// reached, ends a connection, or says nothing for a minute.
void run_http(const HttpPlan& plan, Measurement& measurement);

/// A request with a JSON body.
void append_post(std::string& request, std::string_view path, std::string_view json);

}  // namespace eventual::bench
