#include "gateway/operations_api.hpp"

#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include "gateway/blocking_pool.hpp"
#include "gateway/error_response.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/router.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::string_view k_prefix = "/_eventual/";
constexpr std::size_t k_blocking_threads = 2;
constexpr std::size_t k_blocking_jobs_max = 1024;

}  // namespace

class OperationsApi::Impl {
 public:
  Impl(ports::Operations& operations, OperationsApiOptions options)
      : options_(std::move(options)), context_{operations, options_} {
    if (!options_.run_blocking) {
      pool_.emplace(k_blocking_threads, k_blocking_jobs_max);
      options_.run_blocking = [this](std::function<void()> job) {
        return pool_->post(std::move(job));
      };
    }
    operations::add_service(endpoints_);
    operations::add_executions(endpoints_);
    operations::add_logs(endpoints_);
    operations::add_stream(endpoints_);
    operations::add_messages(endpoints_);
    operations::add_acts(endpoints_);
    operations::add_schedules(endpoints_);
    operations::add_tasks(endpoints_);
    operations::add_entities(endpoints_);
    operations::add_events(endpoints_);
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      router_.add(endpoints_[i].method, endpoints_[i].pattern, endpoints_[i].name, i).value();
    }
  }

  void handle(http::Request request, Responder respond) {
    const std::string_view path = raw_path(request.raw_target);
    Match match = router_.match(request.method, path);
    const bool open = match.kind == Match::Kind::found && endpoints_[match.index].open;
    if (!open && !authorized(request)) return respond(unauthorized());
    if (match.kind != Match::Kind::found) return respond(answer_unmatched(match));
    request.path_parameters = std::move(match.path_parameters);
    const auto shared = std::make_shared<Responder>(std::move(respond));
    try {
      endpoints_[match.index].answer(context_, request, shared);
    } catch (...) {
      (*shared)(operations::answer_of(std::current_exception()));
    }
  }

  void list(ports::ListRequest request, const ports::Callback<ports::ListReply>& done) const {
    const bool accepted = options_.run_blocking(
        [this, done, request = std::move(request)] { done(context_.operations.list(request)); });
    if (!accepted)
      done(Error(std::string(error_names::k_unavailable), "too many reads are waiting"));
  }

  bool authorized(const http::Request& request) const {
    if (options_.admin_token.empty()) return true;
    const std::string_view header = http::find(request.headers, "authorization");
    constexpr std::string_view k_scheme = "Bearer ";
    return header.size() > k_scheme.size() &&
           equals_ignoring_case(header.substr(0, k_scheme.size()), k_scheme) &&
           equals_in_constant_time(options_.admin_token, trim(header.substr(k_scheme.size())));
  }

 private:
  static http::Response answer_unmatched(const Match& match) {
    switch (match.kind) {
      case Match::Kind::options: {
        http::Response response{.status = 204, .headers = {}, .body = {}};
        response.headers.emplace_back("allow", match.allow);
        return response;
      }
      case Match::Kind::not_allowed: {
        http::Response response =
            error_response(405, error_names::k_not_allowed, "this path does not take this method");
        response.headers.emplace_back("allow", match.allow);
        return response;
      }
      default:
        return error_response(404, error_names::k_not_found, "there is nothing at this path");
    }
  }

  OperationsApiOptions options_;
  operations::Context context_;
  operations::Endpoints endpoints_;
  Router router_;
  std::optional<BlockingPool> pool_;
};

OperationsApi::OperationsApi(ports::Operations& operations, OperationsApiOptions options)
    : impl_(std::make_unique<Impl>(operations, std::move(options))) {}
OperationsApi::~OperationsApi() = default;

bool OperationsApi::serves(std::string_view raw_path) noexcept {
  return raw_path.starts_with(k_prefix);
}

bool OperationsApi::authorized(const http::Request& request) const {
  return impl_->authorized(request);
}

void OperationsApi::list(ports::ListRequest request, ports::Callback<ports::ListReply> done) const {
  impl_->list(std::move(request), done);
}

http::Response OperationsApi::unauthorized() {
  http::Response response =
      error_response(401, "Unauthorized", "this endpoint needs the admin token");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

void OperationsApi::handle(http::Request request, Responder respond) {
  impl_->handle(std::move(request), std::move(respond));
}

}  // namespace eventual::gateway
