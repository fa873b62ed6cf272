// Errors: what fails has a name that programs test, a message that people read, and optional
// details.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace eventual {

/// A failure as it is recorded, sent and thrown. Throw it from tasks, workflows and commands, or
/// return it in a Result.
///
/// `name` is what programs compare ("OrderCancelled"), `message` is for people, `details` is JSON
/// text or empty. A copy is independent of the original. Two errors are equal when all three parts
/// are.
class Error : public std::exception {
 public:
  Error() = default;
  Error(std::string name, std::string message, std::string details_json = {})
      : name_(std::move(name)),
        message_(std::move(message)),
        details_json_(std::move(details_json)) {}

  const std::string& name() const noexcept { return name_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& details_json() const noexcept { return details_json_; }
  const char* what() const noexcept override { return message_.c_str(); }

  friend bool operator==(const Error& left, const Error& right) {
    return left.name_ == right.name_ && left.message_ == right.message_ &&
           left.details_json_ == right.details_json_;
  }

 private:
  std::string name_;
  std::string message_;
  std::string details_json_;
};

/// A call, a signal that was expected or an execution took longer than allowed.
class Timeout : public Error {
 public:
  static constexpr std::string_view k_name = "Timeout";
  explicit Timeout(std::string message, std::string details_json = {})
      : Timeout(k_name, std::move(message), std::move(details_json)) {}

 protected:
  Timeout(std::string_view name, std::string message, std::string details_json)
      : Error(std::string(name), std::move(message), std::move(details_json)) {}
};

/// A task's attempt went without a heartbeat for longer than its `heartbeat_timeout`. It is a
/// Timeout too.
class HeartbeatTimeout : public Timeout {
 public:
  static constexpr std::string_view k_name = "HeartbeatTimeout";
  explicit HeartbeatTimeout(std::string message, std::string details_json = {})
      : Timeout(k_name, std::move(message), std::move(details_json)) {}
};

/// The execution was asked to stop. Thrown once, at the pending awaits or else the next one; later
/// awaits work.
class Cancelled : public Error {
 public:
  static constexpr std::string_view k_name = "Cancelled";
  explicit Cancelled(std::string message = "the execution was cancelled",
                     std::string details_json = {})
      : Error(std::string(k_name), std::move(message), std::move(details_json)) {}
};

/// The name of an error, as the engine itself raises them. Users' own names are free text.
namespace error_names {
inline constexpr std::string_view k_invalid_input = "InvalidInput";
inline constexpr std::string_view k_not_found = "NotFound";
inline constexpr std::string_view k_closed = "Closed";
inline constexpr std::string_view k_already_exists = "AlreadyExists";
inline constexpr std::string_view k_limit_exceeded = "LimitExceeded";
/// One value is larger than the service's payload_limit; its details tell `bytes` and `limit`.
inline constexpr std::string_view k_payload_too_large = "PayloadTooLarge";
inline constexpr std::string_view k_unavailable = "Unavailable";
inline constexpr std::string_view k_interrupted = "Interrupted";
inline constexpr std::string_view k_determinism = "DeterminismError";
inline constexpr std::string_view k_all_failed = "AllFailed";
inline constexpr std::string_view k_not_allowed = "NotAllowed";
inline constexpr std::string_view k_internal = "Internal";
inline constexpr std::string_view k_corrupt = "Corrupt";
}  // namespace error_names

/// Throws `error` as the class that belongs to its name: Timeout, HeartbeatTimeout, Cancelled, or
/// Error itself.
[[noreturn]] void throw_error(Error error);

/// The Error that describes `exception`: an Error keeps its parts, another std::exception gets its
/// class as name and what() as message, anything else is named "Error". `exception` must not be
/// null.
Error describe(const std::exception_ptr& exception);

/// A value or an Error. Operating errors (disk, network, conflict, input) are returned, not thrown.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): values and errors convert on purpose.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// The value; throws the error when there is none.
  T& value() & {
    require();
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    require();
    return *std::get_if<0>(&state_);
  }
  T value() && {
    require();
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The error; only where ok() is false.
  const Error& error() const& { return std::get<1>(state_); }
  Error error() && { return std::get<1>(std::move(state_)); }

 private:
  void require() const {
    if (state_.index() != 0) throw_error(*std::get_if<1>(&state_));
  }
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: converts on purpose

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  void value() const {
    if (error_) throw_error(*error_);
  }
  const Error& error() const& { return error_.value(); }
  Error error() && { return std::move(error_).value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace eventual
