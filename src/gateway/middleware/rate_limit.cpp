#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "eventual/middleware.hpp"
#include "gateway/middleware/support.hpp"

namespace eventual::middleware {

/// A bucket of permissions for each key, filled as time goes by. The one that was asked longest ago
/// is last in the list.
class RateLimit::Buckets {
 public:
  explicit Buckets(RateLimitOptions options)
      : options_(std::move(options)),
        each_ms_(static_cast<double>(options_.per.count()) /
                 static_cast<double>(std::max<std::uint32_t>(options_.requests, 1))) {}

  struct Outcome {
    std::uint32_t left = 0;
    Duration wait{0};  ///< until the next is allowed; zero: this one is
  };

  Outcome take(const std::string& key, Timestamp now) {
    const std::lock_guard lock(mutex_);
    Bucket& bucket = find(key, now);
    const double most = options_.requests;
    const auto elapsed = static_cast<double>(std::max(now - bucket.at, Duration(0)).count());
    bucket.level = std::min(most, bucket.level + elapsed / each_ms_);
    bucket.at = std::max(now, bucket.at);
    // Rounding must not make a caller wait who has waited long enough.
    constexpr double k_rounding = 1e-6;
    if (bucket.level < 1 - k_rounding) {
      return {0, Duration(static_cast<std::int64_t>(std::ceil((1 - bucket.level) * each_ms_)))};
    }
    bucket.level = std::max(0.0, bucket.level - 1);
    return {static_cast<std::uint32_t>(bucket.level + k_rounding), Duration(0)};
  }

  const RateLimitOptions& options() const noexcept { return options_; }

 private:
  struct Bucket {
    std::string key;
    double level;
    Timestamp at;
  };

  Bucket& find(const std::string& key, Timestamp now) {
    if (const auto found = places_.find(key); found != places_.end()) {
      buckets_.splice(buckets_.begin(), buckets_, found->second);
      return buckets_.front();
    }
    if (buckets_.size() >= std::max<std::size_t>(options_.keys_max, 1)) {
      places_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    buckets_.push_front({key, static_cast<double>(options_.requests), now});
    places_.emplace(key, buckets_.begin());
    return buckets_.front();
  }

  const RateLimitOptions options_;
  const double each_ms_;
  std::mutex mutex_;
  std::list<Bucket> buckets_;
  std::unordered_map<std::string, std::list<Bucket>::iterator> places_;
};

RateLimit::RateLimit(RateLimitOptions options)
    : buckets_(std::make_shared<Buckets>(std::move(options))) {}

void RateLimit::operator()(const http::Request& request, CommandContext& context) const {
  const RateLimitOptions& options = buckets_->options();
  const std::string key = options.key ? options.key(request) : request.remote_address;
  const Buckets::Outcome outcome = buckets_->take(key, request_time());
  http::Fields& headers = context.response_headers();
  headers.emplace_back("ratelimit-limit", std::to_string(options.requests));
  headers.emplace_back("ratelimit-remaining", std::to_string(outcome.left));
  if (outcome.wait == Duration(0)) return;
  const auto seconds = (outcome.wait.count() + 999) / 1000;
  throw http::HttpError(
      429, std::string(error_names::k_limit_exceeded),
      fmt::format("more than {} requests in {} ms", options.requests, options.per.count()), {},
      {{"retry-after", std::to_string(seconds)}});
}

MiddlewareInfo RateLimit::info() const {
  MiddlewareInfo info{.name = "rate limit", .statuses = {429}};
  info.problem = [buckets = buckets_]() -> std::string {
    if (buckets->options().requests == 0) return "requests must be at least 1";
    if (buckets->options().per <= Duration(0)) return "per must be positive";
    return {};
  };
  return info;
}

}  // namespace eventual::middleware
