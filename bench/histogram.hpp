// Latencies in buckets whose width grows with the value: any percentile within 1 %, at a fixed
// size.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace eventual::bench {

/// Holds no pointer: it may live in memory that two processes share.
class Histogram {
 public:
  void add(std::chrono::nanoseconds value, std::uint64_t times = 1) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.count()));
    counts_[bucket_of(ns)] += times;
    count_ += times;
    max_ns_ = std::max(max_ns_, ns);
  }

  void add(const Histogram& other) noexcept {
    for (std::size_t bucket = 0; bucket < k_buckets; ++bucket)
      counts_[bucket] += other.counts_[bucket];
    count_ += other.count_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
  }

  std::uint64_t count() const noexcept { return count_; }
  double max_ms() const noexcept { return static_cast<double>(max_ns_) / 1e6; }

  /// The value that `fraction` (0 to 1) of all values do not exceed; 0 when there are none.
  double percentile_ms(double fraction) const noexcept {
    if (count_ == 0) return 0;
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < k_buckets; ++bucket) {
      seen += counts_[bucket];
      if (seen >= wanted) return static_cast<double>(std::min(middle_of(bucket), max_ns_)) / 1e6;
    }
    return max_ms();
  }

 private:
  // Values below 2^(k_bits + 1) ns have a bucket each; above, every power of two has 2^k_bits
  // buckets.
  static constexpr unsigned k_bits = 6;
  static constexpr std::size_t k_buckets = (65 - k_bits) << k_bits;

  static std::size_t bucket_of(std::uint64_t ns) noexcept {
    const unsigned width = static_cast<unsigned>(std::bit_width(ns));
    const unsigned shift = width > k_bits + 1 ? width - (k_bits + 1) : 0;
    return (std::size_t{shift} << k_bits) + static_cast<std::size_t>(ns >> shift);
  }
  static std::uint64_t middle_of(std::size_t bucket) noexcept {
    const std::size_t power = bucket >> k_bits;
    if (power < 2) return bucket;
    const std::size_t shift = power - 1;
    const std::uint64_t low = static_cast<std::uint64_t>(bucket - (shift << k_bits)) << shift;
    return low + ((std::uint64_t{1} << shift) >> 1);
  }

  std::array<std::uint64_t, k_buckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace eventual::bench
