// Secrets: values that are read when they are needed and never shown.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace eventual {

/// A value that nobody may see: a key, a password, a token. Making one reads nothing, so that it
/// may stand in a declaration; the value is read at its first use and kept. It has no JSON form, is
/// printed as "***", and is in no manifest. Copies share what was read. Any thread.
class Secret {
 public:
  /// Longer values are refused.
  static constexpr std::size_t k_bytes_max = 1024U * 1024;

  /// Empty: value() throws.
  Secret() = default;

  /// The value of an environment variable.
  static Secret environment(std::string variable);
  /// What a file holds, without one line break at its end.
  static Secret file(std::string path);
  /// What a command prints, run by the shell, without one line break at its end. Must end with 0.
  static Secret command(std::string command_line);
  /// For tests: a literal in a program is no secret.
  static Secret literal(std::string value);

  /// The value. May block. Throws Unavailable, which says where it was to come from, when it cannot
  /// be had or is empty; it is tried again then.
  const std::string& value() const;

  /// It was made from something.
  explicit operator bool() const noexcept { return source_ != nullptr; }

  /// Where it comes from, for people: "the environment variable STRIPE_KEY".
  std::string origin() const;

  struct Source;

 private:
  explicit Secret(std::shared_ptr<Source> source) : source_(std::move(source)) {}
  // shared: by its copies, which read it once
  std::shared_ptr<Source> source_;
};

/// "***".
std::string_view to_string(const Secret& secret) noexcept;
std::ostream& operator<<(std::ostream& out, const Secret& secret);

}  // namespace eventual
