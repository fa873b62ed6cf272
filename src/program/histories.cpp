#include "program/histories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include "engine/engine.hpp"
#include "model/records.hpp"
#include "store/rocksdb/rocksdb_reader.hpp"

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

class StoredHistories final : public Histories {
 public:
  StoredHistories(std::unique_ptr<ports::Store> store, std::uint16_t shards)
      : store_(std::move(store)), shards_(shards) {}

  Result<std::vector<HistoryKey>> list(const Sample& sample) override {
    std::vector<HistoryKey> keys;
    std::map<std::pair<std::string, std::string>, std::uint64_t> closed;
    ports::ListRequest request;
    request.workflow = sample.workflow;
    request.limit = 1000;
    do {
      auto page = engine::list_executions(*store_, shards_, request);
      if (!page) return page.error();
      for (const ports::ExecutionView& view : page->executions) {
        const auto status = model::parse_status(view.status);
        if (status && model::is_closed(*status) &&
            ++closed[{view.execution.workflow, view.status}] > sample.closed_max) {
          continue;
        }
        keys.push_back({view.execution.id(), view.execution.run, view.status, {}});
      }
      request.cursor = page->cursor;
    } while (!request.cursor.empty());
    return keys;
  }

  Result<model::ExportedHistory> read(const HistoryKey& key) override {
    auto stored = engine::read_execution(*store_, shards_, key.execution_id, key.run);
    if (!stored) return stored.error();
    model::ExportedHistory history;
    history.execution_id = key.execution_id;
    history.run = stored->record.run;
    history.status = model::to_string(stored->record.status);
    history.turns = std::move(stored->turns);
    return history;
  }

 private:
  const std::unique_ptr<ports::Store> store_;
  const std::uint16_t shards_;
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

Result<std::unique_ptr<Histories>> histories_of_data(const std::string& folder) {
  auto store = store::open_rocksdb_reader(folder);
  if (!store) return store.error();
  auto row = (*store)->get(ports::Table::meta, "shards");
  if (!row) return row.error();
  std::uint16_t shards = engine::Options().shards;  // of a folder that no service has used yet
  if (*row) std::from_chars((*row)->data(), (*row)->data() + (*row)->size(), shards);
  if (shards == 0) {
    return Error(std::string(error_names::k_corrupt),
                 "the number of shards in the store cannot be read");
  }
  return std::unique_ptr<Histories>(std::make_unique<StoredHistories>(std::move(*store), shards));
}

}  // namespace eventual::program
