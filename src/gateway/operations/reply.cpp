#include "gateway/operations/reply.hpp"

#include <fmt/format.h>

#include "gateway/execution_json.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::operations {

http::Response answer_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error_response(error);
  } catch (...) {
    return error_response(500, error_names::k_internal, "the request could not be handled");
  }
}

http::Response refusal(const Error& error) {
  const int status = status_of(error.name());
  const bool own = status == 500 && error.name() != error_names::k_internal &&
                   error.name() != error_names::k_corrupt;
  return error_response(own ? 409 : status, error.name(), error.message(), error.details_json());
}

ports::Callback<ports::StartReply> started(const SharedResponder& respond) {
  return reply_with<ports::StartReply>(respond, [](const ports::StartReply& reply) {
    http::Response response = json_response(reply.already_running ? 200 : 201,
                                            ObjectWriter()
                                                .text("execution_id", reply.execution_id)
                                                .number("run", reply.run)
                                                .boolean("already_running", reply.already_running)
                                                .finish());
    if (const auto ref = ports::parse_execution_id(reply.execution_id); ref) {
      response.headers.emplace_back(
          "location", fmt::format("/_eventual/executions/{}/{}", percent_encode((*ref).workflow),
                                  percent_encode((*ref).name)));
    }
    return response;
  });
}

ports::Callback<bool> acted(const SharedResponder& respond, std::string execution_id) {
  return reply_with<bool>(respond, [id = std::move(execution_id)](bool) {
    return json_response(200, ObjectWriter().text("execution_id", id).finish());
  });
}

void Context::read_blocking(const SharedResponder& respond,
                            std::function<http::Response()> read) const {
  const bool accepted = options.run_blocking([respond, read = std::move(read)] {
    try {
      (*respond)(read());
    } catch (...) {
      (*respond)(answer_of(std::current_exception()));
    }
  });
  if (!accepted) {
    (*respond)(error_response(503, error_names::k_unavailable, "too many reads are waiting"));
  }
}

}  // namespace eventual::gateway::operations
