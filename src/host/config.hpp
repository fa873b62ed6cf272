// The configuration of a service: defaults, then eventual.toml, then EVENTUAL_* variables, then
// flags.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/options.hpp"
#include "eventual/time.hpp"

namespace eventual::host {

struct Config {
  std::string listen = "127.0.0.1:9000";
  std::string public_url;  ///< empty: http:// and the bound address
  std::string data = "./.eventual";
  std::string store = "rocksdb";
  LogLevel log_level = LogLevel::info;
  bool log_json = false;
  Duration retention = std::chrono::days(7);        ///< of closed executions; k_forever keeps all
  Duration event_retention = std::chrono::days(3);  ///< of stored events, likewise
  Duration event_id_retention = std::chrono::hours(24);  ///< of their ids, likewise
  Duration grace{10'000};                         ///< how long a stop waits for running handlers
  std::optional<std::size_t> payload_limit = {};  ///< bytes of one value; nothing: ServiceOptions
  std::uint32_t handlers_running_max = 0;         ///< 0: twice the cores, at least 4
  std::uint32_t handler_threads_max = 256;
  std::vector<std::string> allowed_hosts;
  std::string tls_cert;  ///< PEM file; empty: plain HTTP
  std::string tls_key;   ///< PEM file; together with tls_cert
  std::vector<std::string> allowed_origins;
  std::string admin_token;  ///< from EVENTUAL_ADMIN_TOKEN alone: flags and files are seen by others
};

/// One setting: its key in eventual.toml; EVENTUAL_<KEY> and --<key> follow from it.
struct Setting {
  std::string_view key;
  std::string_view value;  ///< what people write for it, in --help
  std::string_view help;
  Result<void> (*apply)(Config& config, const std::string& text);
};
std::span<const Setting> settings();
/// "log_level" -> "--log-level", "EVENTUAL_LOG_LEVEL".
std::string flag_of(const Setting& setting);
std::string variable_of(const Setting& setting);

struct ConfigSources {
  std::optional<std::string>
      file;  ///< must exist; absent: eventual.toml in the working directory, if there is one
  std::function<std::optional<std::string>(const std::string& variable)> environment;
  std::map<std::string, std::string> flags;  ///< by key
};

/// InvalidInput says where the value comes from and what is wrong with it: unknown keys, values
/// that do not fit, an address beyond loopback without an admin token.
Result<Config> load_config(const ConfigSources& sources);

}  // namespace eventual::host
