// What every verb works with: the options that all of them take, the service, and the output.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/terminal.hpp"
#include "client/operations_client.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"

namespace eventual::cli {

namespace ev = eventual;

inline constexpr int k_exit_done = 0;
inline constexpr int k_exit_failed = 1;       ///< the operation failed
inline constexpr int k_exit_usage = 2;        ///< wrong usage
inline constexpr int k_exit_unreachable = 3;  ///< no answer from the service

inline constexpr std::string_view k_url_default = "http://localhost:9000";

/// Wrong usage: one line, exit 2. `next` says what to do instead; `details_json` is for --json.
class UsageError : public ev::Error {
 public:
  explicit UsageError(std::string message, std::string next = {}, std::string details_json = {})
      : Error(std::string(ev::error_names::k_invalid_input), std::move(message),
              std::move(details_json)),
        next_(std::move(next)) {}
  const std::string& next() const noexcept { return next_; }

 private:
  std::string next_;
};

/// Options of every verb.
struct GlobalOptions {
  std::string url;    ///< --url, EVENTUAL_URL
  std::string token;  ///< --token, EVENTUAL_ADMIN_TOKEN
  std::string ca_file;
  bool json = false;
  bool no_color = false;
  bool absolute_times = false;
};

/// Verbs throw ev::Error, which main() prints: UsageError exits 2, Unreachable and ConnectionLost
/// 3, the rest 1.
class Context {
 public:
  explicit Context(GlobalOptions options);

  const GlobalOptions& options() const noexcept { return options_; }
  bool json() const noexcept { return options_.json; }
  const Terminal& terminal() const noexcept { return terminal_; }
  const Terminal& error_terminal() const noexcept { return error_terminal_; }

  /// The address of the service, as it was given.
  const std::string& url() const noexcept { return options_.url; }
  /// Throws UsageError for an address that is none.
  client::OperationsClient& service();

  /// The one document of --json.
  void print_json(const ev::Json& json) const;
  /// Text for people, as it is.
  void print(std::string_view text) const;
  /// A sentence for people, wrapped where it is printed to a narrower terminal; a line end follows.
  void say(std::string_view sentence) const;
  /// A remark for people on standard error, unless --json; wrapped as say().
  void remark(std::string_view text) const;

  /// A time as people asked for it: relative on a terminal, else ISO 8601.
  std::string show_time(const ev::Json& iso8601) const;

 private:
  GlobalOptions options_;
  Terminal terminal_;
  Terminal error_terminal_;
  std::unique_ptr<client::HttpClient> http_;
  std::optional<client::OperationsClient> service_;
};

/// The value, or its error thrown.
template <class T>
T required(ev::Result<T> result) {
  return std::move(result).value();
}

/// JSON that was given on the command line: itself, "@file", or "-" for standard input. Throws
/// UsageError that names `what`.
std::string json_argument(std::string_view what, const std::string& text);

}  // namespace eventual::cli
