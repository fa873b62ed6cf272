// Queries: questions about an execution, answered from the view that it published last.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "eventual/detail/handler.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/future.hpp"
#include "eventual/ids.hpp"
#include "eventual/schema.hpp"

namespace eventual {

namespace detail {

template <class Parameters>
struct QueryParameters {
  static_assert(!std::is_same_v<Parameters, Parameters>,
                "a query takes the view, by const reference, and at most one input");
};
template <class V>
struct QueryParameters<std::tuple<V>> {
  using View = std::remove_cvref_t<V>;
  using Input = void;
};
template <class V, class I>
struct QueryParameters<std::tuple<V, I>> {
  using View = std::remove_cvref_t<V>;
  using Input = std::remove_cvref_t<I>;
};

template <class Function>
struct QueryTypes : QueryParameters<typename CallableTypes<Function>::Parameters> {
  using Output = std::remove_cvref_t<typename CallableTypes<Function>::Return>;
};

void publish_json(std::string view);

}  // namespace detail

/// Workflows: shows `view` to queries from the end of this turn on; the last one of a turn counts.
/// It is kept when the execution closes, and until the next run publishes another when it continues
/// as new. LimitExceeded when it is too large.
///
/// It takes part in no history: what is published may change from one version of the code to the
/// next. Replay: nothing.
template <class View>
void publish(const View& view) {
  detail::publish_json(to_json(view));
}

/// A query of a service. A literal value: copy it freely.
template <class Input, class Output>
class Query : public detail::RemoteHandle {
 public:
  using input_type = Input;
  using output_type = Output;

  /// Names a query that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Query(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Handlers: asks it of an execution, open or closed: the latest run, or the one that the id
  /// names. Nothing is replayed. Fails with NotFound (no such execution, or it has published
  /// nothing) or as the query's function fails.
  Future<Output> ask(const ExecutionId& execution, const detail::Stored<Input>& input) const
    requires(!std::is_void_v<Input>)
  {
    return ask_json(execution, to_json(input));
  }
  Future<Output> ask(const ExecutionId& execution) const
    requires(std::is_void_v<Input>)
  {
    return ask_json(execution, "null");
  }

 private:
  Future<Output> ask_json(const ExecutionId& execution, std::string input) const {
    detail::QueryAsk asked{.query = name_,
                           .execution_id = execution.id,
                           .run = execution.run,
                           .input = std::move(input),
                           .decode = detail::decoder_of<Output>()};
    if (remote_ != nullptr) return Future<Output>(remote_->ask_query(std::move(asked)));
    return Future<Output>(detail::Runtime::require("asking a query").ask_query(std::move(asked)));
  }

  std::string_view name_;
};

}  // namespace eventual
