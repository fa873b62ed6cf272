#include "gateway/request_parser.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string>

#include "eventual/error.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::detail {
namespace {

namespace beast_http = boost::beast::http;

// What a body reserves before its bytes have come; more would let small requests claim much memory.
constexpr std::size_t k_body_reserve_bytes_max = 64U * 1024;

std::optional<http::Method> to_method(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return http::Method::get;
    case beast_http::verb::post:
      return http::Method::post;
    case beast_http::verb::put:
      return http::Method::put;
    case beast_http::verb::patch:
      return http::Method::patch;
    case beast_http::verb::delete_:
      return http::Method::del;
    case beast_http::verb::head:
      return http::Method::head;
    case beast_http::verb::options:
      return http::Method::options;
    default:
      return std::nullopt;
  }
}

class BeastParser final : public beast_http::basic_parser<true> {
 public:
  http::Request request;
  bool method_known = true;
  bool http_1_0 = false;
  bool header_complete = false;
  bool has_transfer_encoding = false;
  bool bad_transfer_encoding = false;
  bool bad_expectation = false;
  bool expectation = false;
  std::size_t host_count = 0;

 private:
  using Text = boost::beast::string_view;
  using Code = boost::beast::error_code;

  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(beast_http::verb verb, Text, Text target, int version, Code&) override {
    const auto method = to_method(verb);
    method_known = method.has_value();
    request.method = method.value_or(http::Method::any);
    request.raw_target.assign(target.data(), target.size());
    http_1_0 = version == 10;
  }

  void on_response_impl(int, Text, int, Code&) override {}

  void on_field_impl(beast_http::field field, Text name, Text value, Code&) override {
    if (header_complete) return;  // a trailer
    switch (field) {
      case beast_http::field::host:
        ++host_count;
        break;
      case beast_http::field::transfer_encoding:
        // Another coding before "chunked" would be taken for the body itself.
        bad_transfer_encoding =
            has_transfer_encoding || !equals_ignoring_case(view(value), "chunked");
        has_transfer_encoding = true;
        break;
      case beast_http::field::expect:
        expectation = equals_ignoring_case(view(value), "100-continue");
        bad_expectation = !expectation;
        break;
      default:
        break;
    }
    request.headers.emplace_back(std::string(view(name)), std::string(view(value)));
  }

  void on_header_impl(Code&) override { header_complete = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, Code&) override {
    if (content_length) {
      request.body.reserve(std::min(static_cast<std::size_t>(*content_length),  //
                                    k_body_reserve_bytes_max));
    }
  }

  std::size_t on_body_impl(Text body, Code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }

  void on_finish_impl(Code&) override {}
};

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(std::size_t header_bytes_max) : header_bytes_max_(header_bytes_max) {}

  bool limit_body(std::size_t bytes_max) {
    const auto length = parser_->content_length();
    if (length && *length > bytes_max) {
      fail(beast_http::error::body_limit, 0);
      return false;
    }
    parser_->body_limit(bytes_max);
    return true;
  }

  Step put(const char* data, std::size_t size) {
    std::size_t skipped = 0;
    if (!parser_) {
      // An empty line before a request is tolerated (RFC 9112, 2.2).
      while (skipped < size && (data[skipped] == '\r' || data[skipped] == '\n')) ++skipped;
      if (skipped == size) return {ParseStatus::need_more, skipped};
      begin();
    }
    Step step = parse(data + skipped, size - skipped);
    step.consumed += skipped;
    return step;
  }

  std::optional<BeastParser> parser_;
  http::Request none_;
  Refusal refusal_;

 private:
  void begin() {
    parser_.emplace();
    const std::size_t limit = std::min<std::size_t>(header_bytes_max_, UINT32_MAX);
    parser_->header_limit(static_cast<std::uint32_t>(limit));
    parser_->body_limit(boost::none);  // limit_body() sets it
    header_bytes_ = 0;
  }

  Step parse(const char* data, std::size_t size) {
    boost::beast::error_code code;
    const bool in_header = !parser_->is_header_done();
    const std::size_t consumed = parser_->put({data, size}, code);
    const std::size_t unread = size - consumed;
    if (in_header) header_bytes_ += consumed;
    if (code == beast_http::error::need_more) {
      // The rest is part of a header line, a chunk's head or the trailers: all must fit.
      if (unread + (in_header ? header_bytes_ : 0) > header_bytes_max_) return too_large(consumed);
      return {ParseStatus::need_more, consumed};
    }
    if (code) return fail(code, consumed);
    if (in_header) {
      if (header_bytes_ > header_bytes_max_) return too_large(consumed);
      if (!check_header()) return {ParseStatus::failed, consumed};
      parser_->eager(true);
      return {ParseStatus::header_done, consumed};
    }
    return {parser_->is_done() ? ParseStatus::done : ParseStatus::need_more, consumed};
  }

  bool check_header() {
    if (!parser_->method_known) {
      refusal_ = {405, error_names::k_not_allowed, "this method is not served"};
    } else if (parser_->bad_transfer_encoding) {
      refusal_ = {400, error_names::k_invalid_input, "this transfer encoding is not served"};
    } else if (parser_->bad_expectation) {
      refusal_ = {417, error_names::k_invalid_input, "this expectation is not served"};
    } else {
      return true;
    }
    return false;
  }

  Step too_large(std::size_t consumed) {
    refusal_ = {431, error_names::k_limit_exceeded, "the header of the request is too large"};
    return {ParseStatus::failed, consumed};
  }

  Step fail(const boost::beast::error_code& code, std::size_t consumed) {
    if (code == beast_http::error::header_limit) return too_large(consumed);
    if (code == beast_http::error::body_limit) {
      refusal_ = {413, error_names::k_limit_exceeded, "the body of the request is too large"};
    } else {
      refusal_ = {400, error_names::k_invalid_input, "the request is not valid HTTP/1.1"};
    }
    return {ParseStatus::failed, consumed};
  }

  std::size_t header_bytes_max_;
  std::size_t header_bytes_ = 0;
};

RequestParser::RequestParser(std::size_t header_bytes_max)
    : impl_(std::make_unique<Impl>(header_bytes_max)) {}
RequestParser::~RequestParser() = default;

bool RequestParser::limit_body(std::size_t bytes_max) { return impl_->limit_body(bytes_max); }

RequestParser::Step RequestParser::put(const char* data, std::size_t size) {
  if (impl_->parser_ && impl_->parser_->is_header_done() && impl_->parser_->is_done()) {
    return {ParseStatus::done, 0};  // without a body
  }
  if (size == 0) return {};
  return impl_->put(data, size);
}

bool RequestParser::active() const noexcept { return impl_->parser_.has_value(); }
bool RequestParser::header_done() const noexcept {
  return impl_->parser_ && impl_->parser_->header_complete;
}
http::Request& RequestParser::request() noexcept {
  return impl_->parser_ ? impl_->parser_->request : impl_->none_;
}
const Refusal& RequestParser::refusal() const noexcept { return impl_->refusal_; }
bool RequestParser::keep_alive() const noexcept {
  return impl_->parser_ && impl_->parser_->keep_alive();
}
bool RequestParser::is_http_1_0() const noexcept {
  return impl_->parser_ && impl_->parser_->http_1_0;
}
bool RequestParser::expects_continue() const noexcept {
  return impl_->parser_ && impl_->parser_->expectation && !impl_->parser_->http_1_0 &&
         !impl_->parser_->is_done();
}
std::size_t RequestParser::host_count() const noexcept {
  return impl_->parser_ ? impl_->parser_->host_count : 0;
}
void RequestParser::reset() noexcept { impl_->parser_.reset(); }

}  // namespace eventual::gateway::detail
