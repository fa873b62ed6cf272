// Bodies in pieces, for requests that are handled in process: they are whole before and after.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "eventual/command.hpp"
#include "eventual/detail/middleware.hpp"
#include "eventual/error.hpp"

namespace eventual::testing {

/// A request's body that is there already.
class WholeBody final : public detail::BodySource {
 public:
  explicit WholeBody(std::string body) : body_(std::move(body)) {}
  std::string read() override { return std::exchange(body_, {}); }

 private:
  std::string body_;
};

/// An answer in pieces, put together. A caller that has read so much hangs up.
class CollectedBody final : public detail::BodySink {
 public:
  static constexpr std::size_t k_bytes_max = 64U * 1024 * 1024;

  explicit CollectedBody(CommandContext& context) : context_(context) {}

  void begin(http::Response head, bool) override {
    for (auto& field : context_.response_headers()) head.headers.push_back(std::move(field));
    context_.response_headers().clear();
    response_ = std::move(head);
    begun_ = true;
  }
  void write(std::string_view bytes) override {
    if (!open()) throw Error(std::string(error_names::k_closed), "the caller is gone");
    response_.body += bytes;
  }
  bool begun() const noexcept override { return begun_; }
  bool open() const noexcept override { return response_.body.size() < k_bytes_max; }
  http::Response take() { return std::move(response_); }

 private:
  CommandContext& context_;
  http::Response response_;
  bool begun_ = false;
};

}  // namespace eventual::testing
