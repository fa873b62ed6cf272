// The binary form of rows: fields in declaration order, each self-delimiting, so that a field
// appended later reads as its default from an older row.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "eventual/options.hpp"
#include "eventual/time.hpp"
#include "model/history.hpp"

namespace eventual::model {

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void operator()(std::string_view, std::uint32_t value) { base::append_varint32(out_, value); }
  void operator()(std::string_view, std::uint64_t value) { base::append_varint64(out_, value); }
  void operator()(std::string_view, bool value) { out_.push_back(value ? '\1' : '\0'); }
  void operator()(std::string_view, double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    base::append_big_endian(out_, bits);
  }
  void operator()(std::string_view, Timestamp value) {
    append_signed(value.time_since_epoch().count());
  }
  void operator()(std::string_view, Duration value) { append_signed(value.count()); }
  void operator()(std::string_view, const std::string& value) { base::append_sized(out_, value); }
  void operator()(std::string_view, const JsonText& value) { base::append_sized(out_, value.text); }
  void operator()(std::string_view name, const ErrorRecord& value) {
    (*this)(name, value.name), (*this)(name, value.message), (*this)(name, value.details_json);
  }
  void operator()(std::string_view name, const RetryPolicy& value) {
    (*this)(name, value.max_attempts), (*this)(name, value.initial_interval),
        (*this)(name, value.multiplier), (*this)(name, value.max_interval),
        (*this)(name, value.jitter);
    base::append_varint32(out_, static_cast<std::uint32_t>(value.non_retryable.size()));
    for (const std::string& error_name : value.non_retryable) (*this)(name, error_name);
  }
  template <class T>
    requires std::is_enum_v<T>
  void operator()(std::string_view, T value) {
    out_.push_back(static_cast<char>(value));
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    (*this)(name, value.has_value());
    if (value) (*this)(name, *value);
  }

 private:
  void append_signed(std::int64_t value) { base::append_varint64(out_, base::zigzag(value)); }
  std::string& out_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : reader_(bytes) {}

  bool failed() const noexcept { return reader_.failed(); }

  template <class T>
  void operator()(std::string_view name, T& value) {
    if (reader_.rest().empty()) return;  // written before the field existed
    read(name, value);
  }

 private:
  void read(std::string_view, std::uint32_t& value) { value = reader_.varint32().value_or(0); }
  void read(std::string_view, std::uint64_t& value) { value = reader_.varint64().value_or(0); }
  void read(std::string_view, bool& value) { value = byte() != 0; }
  void read(std::string_view, double& value) {
    const std::uint64_t bits = reader_.big_endian<std::uint64_t>().value_or(0);
    std::memcpy(&value, &bits, sizeof value);
  }
  void read(std::string_view, Timestamp& value) { value = Timestamp(Duration(read_signed())); }
  void read(std::string_view, Duration& value) { value = Duration(read_signed()); }
  void read(std::string_view, std::string& value) {
    value = reader_.sized().value_or(std::string_view());
  }
  void read(std::string_view name, JsonText& value) { read(name, value.text); }
  void read(std::string_view name, ErrorRecord& value) {
    read(name, value.name), read(name, value.message), read(name, value.details_json);
  }
  void read(std::string_view name, RetryPolicy& value) {
    read(name, value.max_attempts), read(name, value.initial_interval),
        read(name, value.multiplier), read(name, value.max_interval), read(name, value.jitter);
    value.non_retryable.clear();
    const std::uint32_t count = reader_.varint32().value_or(0);
    for (std::uint32_t i = 0; i < count && !reader_.failed(); ++i)
      read(name, value.non_retryable.emplace_back());
  }
  template <class T>
    requires std::is_enum_v<T>
  void read(std::string_view, T& value) {
    value = static_cast<T>(byte());
  }
  template <class T>
  void read(std::string_view name, std::optional<T>& value) {
    value.reset();
    if (byte() != 0) read(name, value.emplace());
  }

  std::uint8_t byte() { return reader_.big_endian<std::uint8_t>().value_or(0); }
  std::int64_t read_signed() { return base::unzigzag(reader_.varint64().value_or(0)); }

  base::ByteReader reader_;
};

/// Appends the fields of a record. `fields` is written once for reading and writing, hence the
/// cast.
template <class Record>
void encode_fields(const Record& record, std::string& out) {
  Encoder encoder(out);
  const_cast<Record&>(record).fields(encoder);  // NOLINT: the encoder only reads
}

}  // namespace eventual::model
