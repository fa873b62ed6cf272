#include "store/rocksdb/log_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "store/errors.hpp"

namespace eventual::store {
namespace {

// RocksDB's log: blocks of 32 KiB holding records of checksum (4 bytes), length (2), type (1) and
// payload; a record never crosses a block, fewer than 7 bytes at a block's end are unused.
constexpr std::size_t k_block_bytes = 32u << 10;
constexpr std::size_t k_header_bytes = 7;
enum RecordType : std::uint8_t { full = 1, first = 2, middle = 3, last = 4 };

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}
constexpr auto k_crc_table = make_crc_table();

/// CRC-32C, masked as RocksDB stores it.
std::uint32_t masked_crc(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ k_crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

struct Record {
  std::uint8_t type = 0;
  std::size_t size = 0;  // with its header
};

/// The record at the start of `block`, when it is whole and its checksum holds.
std::optional<Record> read_record(std::string_view block) {
  if (block.size() < k_header_bytes) return {};
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(block[at]));
  };
  const auto type = static_cast<std::uint8_t>(byte(6));
  const std::size_t length = byte(4) | byte(5) << 8;
  if (type < full || type > last || k_header_bytes + length > block.size()) return {};
  const std::uint32_t stored = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
  if (masked_crc(block.substr(6, 1 + length)) != stored) return {};
  return Record{type, k_header_bytes + length};
}

/// Whether a commit begins anywhere in `block`, at whatever offset: damage may hide where records
/// begin.
bool has_commit_start(std::string_view block) {
  for (std::size_t at = 0; at + k_header_bytes <= block.size(); ++at) {
    const auto type = static_cast<std::uint8_t>(block[at + 6]);
    if ((type == full || type == first) && read_record(block.substr(at))) return true;
  }
  return false;
}

struct Damage {
  std::size_t offset = 0;  // of the write that cannot be read
  bool has_commits_behind = false;
};

/// The first damage in a log; none when it ends cleanly, with or without zeros.
std::optional<Damage> find_damage(std::string_view log) {
  std::size_t write_start = 0;
  bool inside_write = false;
  for (std::size_t at = 0; at < log.size();) {
    const std::string_view block = log.substr(at, k_block_bytes - at % k_block_bytes);
    if (block.size() < k_header_bytes) {
      at += block.size();
      continue;
    }
    const std::optional<Record> record = read_record(block);
    const bool continues = record && (record->type == middle || record->type == last);
    if (!record || continues != inside_write) {
      const std::string_view rest = log.substr(at);
      const bool only_zeros = std::ranges::all_of(rest, [](char byte) { return byte == 0; });
      if (only_zeros && !inside_write) return {};
      Damage damage{inside_write ? write_start : at, has_commit_start(block.substr(1))};
      for (std::size_t next = at + block.size(); next < log.size() && !damage.has_commits_behind;
           next += k_block_bytes) {
        damage.has_commits_behind = has_commit_start(log.substr(next, k_block_bytes));
      }
      return damage;
    }
    if (!continues) write_start = at;
    inside_write = record->type == first || record->type == middle;
    at += record->size;
  }
  if (inside_write) return Damage{write_start, false};
  return {};
}

Result<std::string> read_whole(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) return unavailable("reading " + name + " failed");
  return bytes;
}

Result<void> cut(const std::string& name, std::size_t size) {
  const int file = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return system_error("opening " + name, errno);
  const bool done = ::ftruncate(file, static_cast<off_t>(size)) == 0 && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (!done) return system_error("cutting " + name, error);
  return {};
}

/// Log files, oldest first: their names are numbers of at least six digits.
std::vector<std::string> log_names(const std::string& store_path) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(store_path, ignored)) {
    if (entry.path().extension() == ".log") names.push_back(entry.path().string());
  }
  std::ranges::sort(names, [](const std::string& left, const std::string& right) {
    return std::pair(left.size(), left) < std::pair(right.size(), right);
  });
  return names;
}

}  // namespace

Result<bool> repair_torn_log(const std::string& store_path) {
  bool repaired = false;
  const std::vector<std::string> names = log_names(store_path);
  bool is_newest = true;  // the newest that holds a commit
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    auto bytes = read_whole(*name);
    if (!bytes) return std::move(bytes).error();
    if (const auto damage = find_damage(*bytes)) {
      if (damage->has_commits_behind || !is_newest) {
        return Error(
            std::string(error_names::k_corrupt),
            fmt::format("the log {} is damaged at byte {} and commits follow it: restore a "
                        "backup",
                        *name, damage->offset));
      }
      if (auto done = cut(*name, damage->offset); !done) return std::move(done).error();
      repaired = true;
    }
    if (read_record(std::string_view(*bytes).substr(0, k_block_bytes))) is_newest = false;
  }
  return repaired;
}

}  // namespace eventual::store
