#include "ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ledger {
namespace {

constexpr std::string_view k_header =
    "attempt\tat\tprocess\toperation\tkey\tsubject\tamount_cents\trepeated\taccepted\tanswer\n";
constexpr std::size_t k_fields = 10;

std::string current_time() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string milliseconds = std::to_string((now - seconds).count());
  milliseconds.insert(0, 3 - milliseconds.size(), '0');
  return std::string(text) + "." + milliseconds + "Z";
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

Answer decide(const Request& request, std::int64_t attempt) {
  const std::string number = std::to_string(attempt);
  if (request.operation == "charge") {
    if (request.subject.starts_with("declined"))
      return {false, "the bank declined " + request.subject};
    return {true, "charge-" + number};
  }
  if (request.operation == "refund") return {true, "refund-" + number};
  if (request.operation == "book") {
    if (request.subject.ends_with("-unshippable"))
      return {false, "no carrier takes " + request.subject};
    return {true, "parcel-" + number};
  }
  return {false, "no such operation: " + request.operation};
}

std::string to_line(const Entry& entry) {
  return join_fields({std::to_string(entry.attempt), entry.at,
                      std::to_string(entry.request.process), entry.request.operation,
                      entry.request.key, entry.request.subject,
                      std::to_string(entry.request.amount_cents), entry.repeated ? "yes" : "no",
                      entry.answer.accepted ? "yes" : "no", entry.answer.text});
}

Entry from_line(const std::string& path, std::string_view line) {
  std::vector<std::string> fields = split_fields(line);
  if (fields.size() != k_fields)
    throw std::runtime_error(path + ": no ledger line: " + std::string(line));
  Entry entry;
  entry.attempt = std::stoll(fields[0]);
  entry.at = std::move(fields[1]);
  entry.request.process = std::stoll(fields[2]);
  entry.request.operation = std::move(fields[3]);
  entry.request.key = std::move(fields[4]);
  entry.request.subject = std::move(fields[5]);
  entry.request.amount_cents = std::stoll(fields[6]);
  entry.repeated = fields[7] == "yes";
  entry.answer = {fields[8] == "yes", std::move(fields[9])};
  return entry;
}

std::string known_as(const Request& request) { return request.operation + '\t' + request.key; }

/// The file's text up to its last line end.
std::string read_whole_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
  return text;
}

std::vector<Entry> parse(const std::string& path, std::string_view text) {
  std::vector<Entry> entries;
  if (text.empty()) return entries;
  if (!text.starts_with(k_header)) throw std::runtime_error(path + " is no ledger");
  text.remove_prefix(k_header.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    entries.push_back(from_line(path, text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return entries;
}

}  // namespace

std::string join_fields(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += '\t';
    for (const char c : field) {
      switch (c) {
        case '\t':
          line += "%09";
          break;
        case '\n':
          line += "%0A";
          break;
        case '\r':
          line += "%0D";
          break;
        case '%':
          line += "%25";
          break;
        default:
          line += c;
      }
    }
  }
  return line += '\n';
}

std::vector<std::string> split_fields(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string_view code = line.substr(i, 3);
    if (line[i] == '\t') {
      fields.emplace_back();
      continue;
    }
    const char escaped = code == "%09"   ? '\t'
                         : code == "%0A" ? '\n'
                         : code == "%0D" ? '\r'
                         : code == "%25" ? '%'
                                         : '\0';
    if (escaped != '\0') i += 2;
    fields.back() += escaped != '\0' ? escaped : line[i];
  }
  return fields;
}

std::vector<Entry> read_file(const std::string& path) {
  return parse(path, read_whole_lines(path));
}

Ledger::Ledger(const std::string& path) {
  if (path.empty()) return;
  const std::string text = read_whole_lines(path);
  for (const Entry& entry : parse(path, text)) {
    attempts_ = entry.attempt;
    if (!entry.repeated) answers_.emplace(known_as(entry.request), entry.answer);
  }
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) fail(path);
  // A line that a crash cut was never answered: it did not happen.
  if (::ftruncate(file_, static_cast<off_t>(text.size())) != 0) fail(path);
  if (text.empty() && ::write(file_, k_header.data(), k_header.size()) < 0) fail(path);
}

Ledger::~Ledger() {
  if (file_ >= 0) ::close(file_);
}

Answer Ledger::apply(const Request& request) {
  const std::lock_guard lock(mutex_);
  Entry entry{.attempt = attempts_ + 1,
              .at = current_time(),
              .request = request,
              .repeated = false,
              .answer = {}};
  const auto known = answers_.find(known_as(request));
  entry.repeated = known != answers_.end();
  entry.answer = entry.repeated ? known->second : decide(request, entry.attempt);
  append(entry);
  attempts_ = entry.attempt;
  answers_.emplace(known_as(request), entry.answer);
  return entry.answer;
}

void Ledger::append(const Entry& entry) {
  if (file_ < 0) return;
  const std::string line = to_line(entry);
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    fail("the ledger");
  if (::fdatasync(file_) != 0) fail("the ledger");
}

}  // namespace ledger
