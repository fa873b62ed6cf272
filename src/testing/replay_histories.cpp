#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include "engine/verify.hpp"
#include "eventual/replay.hpp"
#include "model/exported_history.hpp"

namespace eventual {

void replay_history(Service& service, std::string_view json) {
  const model::ExportedHistory history = model::read_history(json).value();
  model::check_history(history).value();
  const std::optional<Error> difference =
      engine::replay(service.declarations(), history.execution_id, history.run, history.turns);
  if (!difference) return;
  throw Error(difference->name(),
              "execution " + history.execution_id + ": " + difference->message(),
              difference->details_json());
}

std::size_t replay_histories(Service& service, const std::string& path) {
  std::set<std::string> files;
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) {
    files.insert(path);
  } else {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
      if (entry.path().extension() == ".json") files.insert(entry.path().string());
    }
  }
  if (files.empty()) {
    throw Error(std::string(error_names::k_not_found), "there is no history at " + path);
  }
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
    try {
      replay_history(service, text);
    } catch (const Error& failure) {
      throw Error(failure.name(), file + ": " + failure.message(), failure.details_json());
    }
  }
  return files.size();
}

}  // namespace eventual
