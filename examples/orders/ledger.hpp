// The payment stand-in's books: every attempt that it ever saw, in a file that is synced before
// anybody gets an answer.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledger {

/// What somebody asks of the stand-in.
struct Request {
  std::string operation;          ///< "charge", "refund" or "book"
  std::string key;                ///< the same key is done once, however often it is asked for
  std::string subject;            ///< the card, the charge or the order
  std::int64_t amount_cents = 0;  ///< of a charge
  std::int64_t process = 0;       ///< who asks
};

/// What it answers: a reference (the charge, the refund, the tracking id), or why not.
struct Answer {
  bool accepted = false;
  std::string text;
};

/// One line of the file.
struct Entry {
  std::int64_t attempt = 0;
  std::string at;  ///< ISO 8601 in UTC with milliseconds
  Request request;
  bool repeated = false;  ///< the key was known: nothing was done again
  Answer answer;
};

/// Tab-separated fields on one line; tabs, line ends and percent signs are written as %09, %0A, %0D
/// and %25.
std::string join_fields(const std::vector<std::string>& fields);
std::vector<std::string> split_fields(std::string_view line);

/// All entries of a ledger file. Throws std::runtime_error on what is no ledger; a last line that a
/// crash cut is left out.
std::vector<Entry> read_file(const std::string& path);

/// Thread rule: any thread may call.
class Ledger {
 public:
  /// Goes on where the file ends. An empty path keeps it in memory only. Throws std::runtime_error.
  explicit Ledger(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Writes down the attempt, durably, and gives its answer: the first one when the key is known. A
  /// charge of a card that begins with "declined" and a booking of an order that ends in
  /// "-unshippable" are refused. Throws std::runtime_error.
  Answer apply(const Request& request);

 private:
  void append(const Entry& entry);

  std::mutex mutex_;
  int file_ = -1;
  std::int64_t attempts_ = 0;
  std::map<std::string, Answer> answers_;
};

}  // namespace ledger
