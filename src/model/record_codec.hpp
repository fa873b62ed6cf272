// A row's record: one byte of format, then its fields. 0 is no format, so that zeroed bytes are
// seen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "model/codec.hpp"

namespace eventual::model {

constexpr std::uint8_t k_record_format = 1;

template <class Record>
std::string encode_record(const Record& record, std::size_t bytes_usual = 0) {
  std::string out;
  out.reserve(bytes_usual);
  out.push_back(static_cast<char>(k_record_format));
  encode_fields(record, out);
  return out;
}

/// Corrupt when it cannot be read, NotAllowed when a newer version of the program wrote it; `what`
/// begins the message.
template <class Record>
Result<Record> decode_record(std::string_view bytes, std::string_view what) {
  if (bytes.empty())
    return Error(std::string(error_names::k_corrupt), std::string(what) + " is empty");
  if (bytes.front() == 0)
    return Error(std::string(error_names::k_corrupt), std::string(what) + " begins with a zero");
  if (static_cast<std::uint8_t>(bytes.front()) > k_record_format) {
    return Error(
        std::string(error_names::k_not_allowed),
        std::string(what) + " was written by a newer version of the program: run that version");
  }
  Record record;
  Decoder decoder(bytes.substr(1));
  record.fields(decoder);
  if (decoder.failed())
    return Error(std::string(error_names::k_corrupt), std::string(what) + " cannot be read");
  return record;
}

}  // namespace eventual::model
