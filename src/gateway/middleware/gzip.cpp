#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "eventual/middleware.hpp"
#include "gateway/text.hpp"

namespace eventual::middleware {
namespace {

using gateway::trim;

/// The weight of one item of Accept-Encoding in thousandths: "gzip;q=0.5" is 500. A weight that is
/// none counts as 0.
int weight_of(std::string_view parameters) {
  const std::size_t begin = parameters.find("q=");
  if (begin == std::string_view::npos) return 1000;
  const std::string_view text = trim(parameters.substr(begin + 2));
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool valid = code == std::errc() && end == text.data() + text.size() && value >= 0;
  return valid ? static_cast<int>(std::min(value, 1.0) * 1000) : 0;
}

/// RFC 9110, 12.5.3: gzip is wanted at least as much as the plain form.
bool accepts_gzip(const http::Request& request) {
  std::optional<int> gzip;
  std::optional<int> plain;
  std::optional<int> any;
  for (const auto& [name, value] : request.headers) {
    if (!gateway::equals_ignoring_case(name, "accept-encoding")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view item = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const std::size_t semicolon = std::min(item.find(';'), item.size());
      const std::string coding = gateway::to_lower(trim(item.substr(0, semicolon)));
      const int weight = weight_of(gateway::to_lower(item.substr(semicolon)));
      if (coding == "gzip" || coding == "x-gzip") gzip = weight;
      if (coding == "identity") plain = weight;
      if (coding == "*") any = weight;
    }
  }
  const int wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= plain.value_or(0);
}

bool is_compressible(std::string_view content_type) {
  const std::string type = gateway::to_lower(trim(content_type.substr(0, content_type.find(';'))));
  return type.starts_with("text/") || type == "application/json" || type == "application/xml" ||
         type == "application/javascript" || type == "application/x-ndjson" ||
         type == "image/svg+xml" || type.ends_with("+json") || type.ends_with("+xml");
}

bool has_token(const http::Response& response, std::string_view field, std::string_view token) {
  return std::any_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
    return gateway::equals_ignoring_case(header.first, field) &&
           gateway::to_lower(header.second).find(token) != std::string::npos;
  });
}

std::optional<std::string> compressed(const std::string& text, int level) {
  constexpr int k_gzip_window_bits = 15 + 16;
  constexpr int k_memory_level = 8;
  z_stream stream{};
  if (deflateInit2(&stream, std::clamp(level, 1, 9), Z_DEFLATED, k_gzip_window_bits, k_memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT: only read
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!done) return std::nullopt;
  return out;
}

}  // namespace

http::Response Gzip::operator()(const http::Request& request, http::Next<>& next) const {
  constexpr std::size_t k_bytes_max = 1U << 30;
  http::Response response = next();
  const std::size_t size = response.body.size();
  if (size < options_.bytes_min || size > k_bytes_max || response.status == 206 ||
      !is_compressible(http::find(response.headers, "content-type")) ||
      !http::find(response.headers, "content-encoding").empty() ||
      has_token(response, "cache-control", "no-transform")) {
    return response;
  }
  if (!has_token(response, "vary", "accept-encoding")) {
    response.headers.emplace_back("vary", "accept-encoding");
  }
  if (!accepts_gzip(request)) return response;
  std::optional<std::string> small = compressed(response.body, options_.level);
  if (!small || small->size() >= size) return response;
  response.body = std::move(*small);
  response.headers.emplace_back("content-encoding", "gzip");
  for (auto& [name, value] : response.headers) {
    // Other bytes, but the same meaning.
    if (gateway::equals_ignoring_case(name, "etag") && value.starts_with('"')) {
      value.insert(0, "W/");
    }
  }
  return response;
}

MiddlewareInfo Gzip::info() const {
  MiddlewareInfo info{.name = "gzip"};
  info.problem = [level = options_.level]() -> std::string {
    return level >= 1 && level <= 9 ? "" : "level must be from 1 to 9";
  };
  return info;
}

}  // namespace eventual::middleware
