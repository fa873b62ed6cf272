#include "host/config.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/limits.hpp"
#include "gateway/origin.hpp"

namespace eventual::host {
namespace {

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

Result<void> apply_text(std::string& target, const std::string& text) {
  if (text.empty()) return invalid("must not be empty");
  target = text;
  return {};
}

template <class Integer>
Result<void> apply_number(Integer& target, const std::string& text, Integer least, Integer most) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return invalid(fmt::format("must be a whole number from {} to {}", least, most));
  }
  target = value;
  return {};
}

Result<void> apply_list(std::vector<std::string>& target, const std::string& text) {
  target.clear();
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string item = text.substr(from, comma - from);
    while (!item.empty() && item.front() == ' ') item.erase(item.begin());
    while (!item.empty() && item.back() == ' ') item.pop_back();
    if (!item.empty()) target.push_back(std::move(item));
    from = comma + 1;
  }
  return {};
}

Result<void> apply_log_level(Config& config, const std::string& text) {
  constexpr std::array<std::string_view, 5> k_names{"trace", "debug", "info", "warn", "error"};
  const auto found = std::find(k_names.begin(), k_names.end(), text);
  if (found == k_names.end()) return invalid("must be trace, debug, info, warn or error");
  config.log_level = static_cast<LogLevel>(found - k_names.begin());
  return {};
}

Result<void> apply_log_format(Config& config, const std::string& text) {
  if (text != "text" && text != "json") return invalid("must be text or json");
  config.log_json = text == "json";
  return {};
}

Result<void> apply_store(Config& config, const std::string& text) {
  if (text != "rocksdb" && text != "memory") return invalid("must be rocksdb or memory");
  config.store = text;
  return {};
}

Result<void> apply_public_url(Config& config, const std::string& text) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    return invalid("must begin with http:// or https://");
  }
  config.public_url = text;
  while (config.public_url.ends_with('/')) config.public_url.pop_back();
  return {};
}

/// Whether the address is one of this machine is for the server to find out.
Result<void> apply_listen(Config& config, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !apply_number<std::uint32_t>(port, text.substr(colon + 1), 0, 65'535)) {
    return invalid("must be an address and a port such as 127.0.0.1:9000");
  }
  config.listen = text;
  return {};
}

Result<void> apply_grace(Config& config, const std::string& text) {
  std::int64_t milliseconds = 0;
  const Result<void> applied = apply_number<std::int64_t>(milliseconds, text, 0, 3'600'000);
  if (applied) config.grace = Duration(milliseconds);
  return applied;
}

/// "90m", "12h", "7d", or "forever".
Result<void> apply_kept(Duration& kept, const std::string& text) {
  if (text == "forever") {
    kept = k_forever;
    return {};
  }
  constexpr std::array<std::pair<char, Duration>, 3> k_units{
      {{'m', std::chrono::minutes(1)}, {'h', std::chrono::hours(1)}, {'d', std::chrono::days(1)}}};
  const auto unit = std::find_if(k_units.begin(), k_units.end(), [&](const auto& known) {
    return !text.empty() && text.back() == known.first;
  });
  std::int64_t number = 0;
  if (unit == k_units.end() ||
      !apply_number<std::int64_t>(number, text.substr(0, text.size() - 1), 1, 100'000)) {
    return invalid("must be a number of minutes, hours or days such as 90m, 12h or 7d, or forever");
  }
  kept = number * unit->second;
  return {};
}

/// "65536", "512KB", "4MiB": bytes, thousands of them, or powers of 1024.
Result<void> apply_payload_limit(Config& config, const std::string& text) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 5> k_units{
      {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"KB", 1'000}, {"MB", 1'000'000}, {"B", 1}}};
  std::string_view digits = text;
  std::size_t unit_bytes = 1;
  for (const auto& [unit, bytes] : k_units) {
    if (!digits.ends_with(unit)) continue;
    digits.remove_suffix(unit.size());
    unit_bytes = bytes;
    break;
  }
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  std::size_t number = 0;
  const bool is_number =
      apply_number<std::size_t>(number, std::string(digits), 1, base::k_payload_limit_most).ok();
  if (!is_number || number * unit_bytes < base::k_payload_limit_least ||
      number * unit_bytes > base::k_payload_limit_most) {
    return invalid("must be a size from 1KiB to 16MiB such as 65536, 512KB or 4MiB");
  }
  config.payload_limit = number * unit_bytes;
  return {};
}

/// What is no origin as browsers send it would never match.
Result<void> apply_origins(Config& config, const std::string& text) {
  std::vector<std::string> origins;
  if (const Result<void> listed = apply_list(origins, text); !listed) return listed;
  for (const std::string& origin : origins) {
    if (origin != "null" && !gateway::is_origin(origin))
      return invalid("must be origins such as https://shop.example, without a path");
  }
  config.allowed_origins = std::move(origins);
  return {};
}

constexpr std::array k_settings{
    Setting{"listen", "ADDRESS:PORT",
            "where to serve; beyond loopback EVENTUAL_ADMIN_TOKEN is needed [127.0.0.1:9000]",
            &apply_listen},
    Setting{"public_url", "URL", "how the world reaches the service [http:// and the address]",
            &apply_public_url},
    Setting{"data", "FOLDER", "where the store lives [./.eventual]",
            [](Config& config, const std::string& text) { return apply_text(config.data, text); }},
    Setting{"store", "rocksdb|memory",
            "what keeps the data; memory forgets it at the end [rocksdb]", &apply_store},
    Setting{"log_level", "LEVEL", "trace, debug, info, warn or error [info]", &apply_log_level},
    Setting{"log_format", "text|json", "how log lines look [text]", &apply_log_format},
    Setting{
        "retention", "TIME", "how long closed executions are kept: 90m, 12h, 7d or forever [7d]",
        [](Config& config, const std::string& text) { return apply_kept(config.retention, text); }},
    Setting{"event_retention", "TIME", "how long events are stored: 90m, 12h, 7d or forever [3d]",
            [](Config& config, const std::string& text) {
              return apply_kept(config.event_retention, text);
            }},
    Setting{"event_id_retention", "TIME",
            "how long a second event of an id is dropped: 90m, 12h, 7d or forever [24h]",
            [](Config& config, const std::string& text) {
              return apply_kept(config.event_id_retention, text);
            }},
    Setting{"grace_ms", "N", "how long a stop waits for running handlers, in ms [10000]",
            &apply_grace},
    Setting{"payload_limit", "SIZE",
            "the largest input, result, signal or event, 1KiB to 16MiB [the service's: 4MiB]",
            &apply_payload_limit},
    Setting{"handlers_running_max", "N",
            "handlers that run at a time; 0: twice the cores, at least 4 [0]",
            [](Config& config, const std::string& text) {
              return apply_number<std::uint32_t>(config.handlers_running_max, text, 0, 4096);
            }},
    Setting{"handler_threads_max", "N", "handler threads, with those that wait [256]",
            [](Config& config, const std::string& text) {
              return apply_number<std::uint32_t>(config.handler_threads_max, text, 2, 16'384);
            }},
    Setting{
        "tls_cert", "FILE", "serve HTTPS with this certificate chain (PEM); needs tls_key",
        [](Config& config, const std::string& text) { return apply_text(config.tls_cert, text); }},
    Setting{
        "tls_key", "FILE", "the private key of tls_cert (PEM)",
        [](Config& config, const std::string& text) { return apply_text(config.tls_key, text); }},
    Setting{"allowed_hosts", "HOST,…", "host names to serve beside the bound one; * serves any",
            [](Config& config, const std::string& text) {
              return apply_list(config.allowed_hosts, text);
            }},
    Setting{"allowed_origins", "ORIGIN,…", "web pages that may call, such as https://shop.example",
            [](Config& config, const std::string& text) { return apply_origins(config, text); }},
};

const Setting* find_setting(std::string_view key) {
  const auto found = std::find_if(k_settings.begin(), k_settings.end(),
                                  [&](const Setting& setting) { return setting.key == key; });
  return found == k_settings.end() ? nullptr : &*found;
}

Result<void> apply(Config& config, const Setting& setting, const std::string& text,
                   const std::string& source) {
  const Result<void> applied = setting.apply(config, text);
  if (applied) return {};
  return invalid(fmt::format("{}: \"{}\" {}", source, text, applied.error().message()));
}

/// A value of eventual.toml as a variable would give it; nothing when it has no such form.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  const auto* list = node.as_array();
  if (list == nullptr) return std::nullopt;
  std::string joined;
  for (const toml::node& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + text->get();
  }
  return joined;
}

Result<void> apply_file(Config& config, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  for (const auto& [key, value] : table) {
    const std::string source = fmt::format("{}:{}: {}", path, value.source().begin.line, key.str());
    const Setting* setting = find_setting(key.str());
    if (setting == nullptr) return invalid(source + " is no setting");
    const std::optional<std::string> text = text_of(value);
    if (!text) return invalid(source + " must be text, a whole number or a list of texts");
    if (const Result<void> applied = apply(config, *setting, *text, source); !applied)
      return applied;
  }
  return {};
}

}  // namespace

std::span<const Setting> settings() { return k_settings; }

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + std::string(setting.key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string variable_of(const Setting& setting) {
  std::string variable = "EVENTUAL_";
  for (const char c : setting.key)
    variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

Result<Config> load_config(const ConfigSources& sources) {
  Config config;
  const std::string file = sources.file.value_or("eventual.toml");
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    if (const Result<void> applied = apply_file(config, file); !applied) return applied.error();
  } else if (sources.file) {
    return invalid(fmt::format("--config: there is no file {}", file));
  }
  for (const Setting& setting : k_settings) {
    const std::string variable = variable_of(setting);
    const std::optional<std::string> text =
        sources.environment ? sources.environment(variable) : std::nullopt;
    if (!text || text->empty()) continue;
    if (const Result<void> applied = apply(config, setting, *text, variable); !applied)
      return applied.error();
  }
  for (const auto& [key, text] : sources.flags) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) return invalid(key + " is no setting");
    if (const Result<void> applied = apply(config, *setting, text, flag_of(*setting)); !applied)
      return applied.error();
  }
  if (sources.environment)
    config.admin_token = sources.environment("EVENTUAL_ADMIN_TOKEN").value_or(std::string());
  if (config.tls_cert.empty() != config.tls_key.empty()) {
    return invalid("tls_cert and tls_key belong together: give both or none");
  }
  if (config.admin_token.empty() && !gateway::listens_on_loopback(config.listen)) {
    return invalid(fmt::format(
        "listen: {} can be reached from other machines, so EVENTUAL_ADMIN_TOKEN must be set; "
        "it protects /_eventual/",
        config.listen));
  }
  return config;
}

}  // namespace eventual::host
