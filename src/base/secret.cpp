#include "eventual/secret.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <ostream>
#include <utility>

#include "eventual/error.hpp"

namespace eventual {

struct Secret::Source {
  enum class Kind { environment, file, command, literal };
  Kind kind;
  std::string from;
  std::mutex mutex;
  std::string value;  // empty: not read yet

  Source(Kind of, std::string text) : kind(of), from(std::move(text)) {}

  std::string origin() const {
    switch (kind) {
      case Kind::environment:
        return "the environment variable " + from;
      case Kind::file:
        return "the file " + from;
      case Kind::command:
        return "the command `" + from + "`";
      case Kind::literal:
        break;
    }
    return "the program";
  }

  [[noreturn]] void fail(std::string_view reason) const {
    throw Error(std::string(error_names::k_unavailable),
                fmt::format("a secret cannot be had: {} {}", origin(), reason));
  }

  std::string read_all(std::FILE* file) const {
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
      const std::size_t count = std::fread(piece.data(), 1, piece.size(), file);
      if (count == 0) return text;
      text.append(piece.data(), count);
      if (text.size() > k_bytes_max) fail(fmt::format("gives more than {} bytes", k_bytes_max));
    }
  }

  std::string read() const {
    switch (kind) {
      case Kind::environment: {
        const char* text = std::getenv(from.c_str());
        return text == nullptr ? std::string() : std::string(text);
      }
      case Kind::file: {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(from.c_str(), "re"),
                                                                   &std::fclose);
        if (file == nullptr) fail("cannot be opened");
        return without_line_break(read_all(file.get()));
      }
      case Kind::command: {
        std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(from.c_str(), "re"),
                                                             &::pclose);
        if (pipe == nullptr) fail("cannot be run");
        std::string text = read_all(pipe.get());
        if (::pclose(pipe.release()) != 0) fail("failed");
        return without_line_break(std::move(text));
      }
      case Kind::literal:
        break;
    }
    return from;
  }

  static std::string without_line_break(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
  }
};

Secret Secret::environment(std::string variable) {
  return Secret(std::make_shared<Source>(Source::Kind::environment, std::move(variable)));
}
Secret Secret::file(std::string path) {
  return Secret(std::make_shared<Source>(Source::Kind::file, std::move(path)));
}
Secret Secret::command(std::string command_line) {
  return Secret(std::make_shared<Source>(Source::Kind::command, std::move(command_line)));
}
Secret Secret::literal(std::string value) {
  return Secret(std::make_shared<Source>(Source::Kind::literal, std::move(value)));
}

const std::string& Secret::value() const {
  if (source_ == nullptr) {
    throw Error(std::string(error_names::k_unavailable),
                "a secret cannot be had: nothing says where it comes from");
  }
  const std::lock_guard lock(source_->mutex);
  if (source_->value.empty()) {
    std::string value = source_->read();
    if (value.empty()) source_->fail("is empty or not there");
    source_->value = std::move(value);  // never changes again: references to it stay valid
  }
  return source_->value;
}

std::string Secret::origin() const {
  return source_ == nullptr ? std::string("nowhere") : source_->origin();
}

std::string_view to_string(const Secret&) noexcept { return "***"; }

std::ostream& operator<<(std::ostream& out, const Secret& secret) {
  return out << to_string(secret);
}

}  // namespace eventual
