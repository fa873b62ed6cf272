#include "program/histories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace eventual::program {
namespace {

namespace fs = std::filesystem;

class HistoryFiles final : public Histories {
 public:
  explicit HistoryFiles(std::vector<std::string> files) : files_(std::move(files)) {}

  Result<std::vector<HistoryKey>> list(const Sample&) override {
    std::vector<HistoryKey> keys;
    keys.reserve(files_.size());
    for (const std::string& file : files_) keys.push_back({{}, 0, {}, file});
    return keys;
  }

  Result<model::ExportedHistory> read(const HistoryKey& key) override {
    const auto in_file = [&key](const Error& error) {
      return Error(error.name(), key.file + ": " + error.message());
    };
    auto text = read_text(key.file);
    if (!text) return text.error();
    auto history = model::read_history(*text);
    if (!history) return in_file(history.error());
    if (history->execution_id.empty()) {
      history->execution_id = key.execution_id;
      if (key.execution_id.empty()) {
        return in_file(Error(std::string(error_names::k_invalid_input),
                             "it does not say which execution it is of: name it with "
                             "--execution-id workflow/name"));
      }
      if (key.run != 0) history->run = key.run;
    }
    if (auto checked = model::check_history(*history); !checked) return in_file(checked.error());
    return history;
  }

 private:
  const std::vector<std::string> files_;
};

}  // namespace

Result<std::string> read_text(const std::string& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    return Error(std::string(error_names::k_not_found), fmt::format("{} does not exist", file));
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream || fs::is_directory(file, error)) {
    return Error(std::string(error_names::k_unavailable), fmt::format("cannot read {}", file));
  }
  return std::move(text).str();
}

Result<std::unique_ptr<Histories>> histories_of_files(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    return Error(std::string(error_names::k_not_found), fmt::format("{} does not exist", path));
  }
  std::vector<std::string> files;
  if (!fs::is_directory(status)) {
    files.push_back(path);
  } else {
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) {
      return Error(std::string(error_names::k_not_found),
                   fmt::format("the folder {} holds no exported histories (*.json)", path));
    }
  }
  return std::unique_ptr<Histories>(std::make_unique<HistoryFiles>(std::move(files)));
}

void Histories::read_many(std::span<const HistoryKey> keys, const HistoryVisitor& visit) {
  for (const HistoryKey& key : keys) {
    if (!visit(key, read(key))) return;
  }
}

}  // namespace eventual::program
