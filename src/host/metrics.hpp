// What a running service tells Prometheus, at GET /_eventual/metrics. docs/metrics.md names each.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "engine/engine.hpp"
#include "host/worker_pool.hpp"
#include "ports/store.hpp"

namespace eventual::host {

/// Counts and durations of what handlers and the store did since the service started. Any thread.
class Metrics {
 public:
  using Clock = std::chrono::steady_clock;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// One command or route, or one task or subscription: look it up once, it lives as long as this.
  class Requests;
  class Attempts;
  Requests& requests_of(const std::string& endpoint);
  Attempts& attempts_of(const std::string& task);

  /// `time`: from its arrival at the handlers until its answer begins.
  static void answered(Requests& requests, int status, Clock::duration time);
  static void attempt_ended(Attempts& attempts, bool succeeded, Clock::duration time);
  /// `time`: from handing rows to the store until they are durable.
  void committed(Clock::duration time);

  /// What is counted elsewhere, as of now.
  struct Now {
    std::string service;
    bool ready = false;
    engine::Figures engine;
    ports::StoreFigures store;
    WorkerPool::Figures pool;
  };
  /// All of it in Prometheus' text format 0.0.4.
  std::string text(const Now& now) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventual::host
