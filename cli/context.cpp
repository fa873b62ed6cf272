#include "cli/context.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/text.hpp"
#include "cli/times.hpp"

namespace eventual::cli {

Context::Context(GlobalOptions options)
    : options_(std::move(options)),
      terminal_(look_at_terminal(STDOUT_FILENO, options_.no_color)),
      error_terminal_(look_at_terminal(STDERR_FILENO, options_.no_color)) {}

client::OperationsClient& Context::service() {
  if (!service_) {
    client::HttpClientOptions http;
    http.bearer_token = options_.token;
    http.ca_file = options_.ca_file;
    auto made = client::HttpClient::make(options_.url, std::move(http));
    if (!made) throw UsageError(made.error().message());
    http_ = std::move(*made);
    service_.emplace(*http_);
  }
  return *service_;
}

void Context::print_json(const ev::Json& json) const { print(pretty(json) + "\n"); }

void Context::print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Context::say(std::string_view sentence) const {
  print(wrapped(sentence, static_cast<std::size_t>(terminal_.columns)) + "\n");
}

void Context::remark(std::string_view text) const {
  if (options_.json) return;
  fmt::print(stderr, "{}\n", wrapped(text, program::terminal_columns(STDERR_FILENO)));
}

std::string Context::show_time(const ev::Json& iso8601) const {
  if (!iso8601.is_string()) return "-";
  const auto time = ev::parse_iso8601(iso8601.as_string());
  if (!time || options_.absolute_times || !terminal_.is_terminal) return iso8601.as_string();
  return show_relative(*time, now());
}

std::string json_argument(std::string_view what, const std::string& text) {
  std::string json = text;
  std::string from;
  if (text == "-") {
    json.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    from = " from standard input";
  } else if (text.starts_with('@')) {
    const std::string path = text.substr(1);
    std::ifstream file(path, std::ios::binary);
    if (!file) throw UsageError(fmt::format("the {}: cannot read the file \"{}\"", what, path));
    json.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    from = fmt::format(" in {}", path);
  }
  const auto parsed = ev::Json::parse(json);
  if (parsed) return json;
  const bool word =
      from.empty() && !json.empty() && json.find_first_of("{}[]\"") == std::string::npos;
  throw UsageError(fmt::format("the {}{} is no JSON: {}", what, from, parsed.error().message()),
                   word
                       ? fmt::format("text is written with its quotes: '{}'", ev::Json(json).dump())
                       : std::string());
}

}  // namespace eventual::cli
