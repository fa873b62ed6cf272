#include <fmt/format.h>

#include "eventual/detail/runtime.hpp"
#include "eventual/middleware.hpp"
#include "gateway/middleware/support.hpp"
#include "gateway/text.hpp"

namespace eventual::middleware {

http::Response AccessLog::operator()(const http::Request& request, http::Next<>& next) const {
  const Timestamp begin = request_time();
  http::Response response = next();
  if (detail::Runtime* runtime = detail::Runtime::current()) {
    runtime->log(
        LogLevel::info,
        fmt::format("{} {} {} {} bytes in {} ms from {}", http::to_string(request.method),
                    gateway::raw_path(request.raw_target), response.status, response.body.size(),
                    (request_time() - begin).count(), request.remote_address));
  }
  return response;
}

}  // namespace eventual::middleware
