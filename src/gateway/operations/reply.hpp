// How the operations endpoints answer.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/operations/endpoint.hpp"

namespace eventual::gateway::operations {

/// What an exception means to the caller.
http::Response answer_of(const std::exception_ptr& exception);

/// The service's own errors are no failure of the server: the execution's state does not allow it.
http::Response refusal(const Error& error);

/// Answers with what `write` makes of the value, or with the error. Never throws.
template <class T, class Write>
ports::Callback<T> reply_with(SharedResponder respond, Write write) {
  return [respond = std::move(respond), write = std::move(write)](Result<T> result) {
    try {
      (*respond)(result ? write(*result) : error_response(result.error()));
    } catch (...) {
      (*respond)(answer_of(std::current_exception()));
    }
  };
}

/// An execution, or a run of one, began.
ports::Callback<ports::StartReply> started(const SharedResponder& respond);

/// Something was done to the execution of this id.
ports::Callback<bool> acted(const SharedResponder& respond, std::string execution_id);

}  // namespace eventual::gateway::operations
