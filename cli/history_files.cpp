#include "cli/history_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "cli/context.hpp"
#include "model/exported_history.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_white_space = " \t\r\n";

/// Past the end of the object that begins the text; npos when it does not end.
std::size_t end_of_object(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::string read_file(const std::string& file) {
  std::error_code error;
  if (!fs::exists(file, error)) throw UsageError(fmt::format("{} does not exist", file));
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) throw UsageError(fmt::format("cannot read {}", file));
  return std::move(text).str();
}

void add_file(const std::string& file, std::vector<HistoryInFile>& histories) {
  const std::string text = read_file(file);
  const std::vector<std::string_view> documents = split_documents(text);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string place =
        documents.size() == 1 ? file : fmt::format("{} (history {})", file, i + 1);
    const auto history = model::read_history(documents[i]);
    if (!history) throw UsageError(fmt::format("{}: {}", place, history.error().message()));
    if (history->execution_id.empty()) {
      throw UsageError(fmt::format("{}: it does not say which execution it is of", place),
                       "export it with eventual export");
    }
    if (const auto checked = model::check_history(*history); !checked)
      throw UsageError(fmt::format("{}: {}", place, checked.error().message()));
    histories.push_back({file, static_cast<std::uint64_t>(documents[i].data() - text.data()),
                         documents[i].size(), history->execution_id, history->run});
  }
}

}  // namespace

std::vector<std::string_view> split_documents(std::string_view text) {
  const std::string_view whole = text;
  std::vector<std::string_view> documents;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(k_white_space);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = text.front() == '{' ? end_of_object(text) : std::string_view::npos;
    if (end == std::string_view::npos) return {whole};
    documents.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  if (documents.empty()) return {whole};
  return documents;
}

std::vector<HistoryInFile> histories_at(const std::string& path) {
  std::vector<HistoryInFile> histories;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    add_file(path, histories);
    return histories;
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  if (error) throw UsageError(fmt::format("cannot read {}: {}", path, error.message()));
  if (files.empty())
    throw UsageError(fmt::format("the folder {} holds no exported histories (*.json)", path));
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) add_file(file, histories);
  return histories;
}

std::string text_of(const HistoryInFile& history) {
  std::string text(history.length, '\0');
  std::ifstream stream(history.file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(history.offset));
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream) {
    throw ev::Error(std::string(ev::error_names::k_unavailable),
                    fmt::format("cannot read {} again", history.file));
  }
  return text;
}

}  // namespace eventual::cli
