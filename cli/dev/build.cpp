#include "cli/dev/build.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "cli/project.hpp"
#include "eventual/json.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

bool has_preset(const BuildFolder& build) {
  for (const char* name : {"CMakePresets.json", "CMakeUserPresets.json"}) {
    const auto presets = Json::parse(read_file(fs::path(build.project) / name));
    if (!presets || !(*presets)["configurePresets"].is_array()) continue;
    for (const Json& preset : (*presets)["configurePresets"].as_array()) {
      if (preset["name"] == Json(build.preset)) return true;
    }
  }
  return false;
}

/// "<start>\t<end>\t<time>\t<output>\t<hash>"
struct LogEntry {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::string_view output;
};

std::optional<LogEntry> read_entry(std::string_view line) {
  const auto field = [&line]() {
    const std::size_t end = std::min(line.find('\t'), line.size());
    const std::string_view text = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return text;
  };
  const auto number = [](std::string_view text, std::int64_t& value) {
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  };
  LogEntry entry;
  if (!number(field(), entry.start_ms) || !number(field(), entry.end_ms)) return std::nullopt;
  field();
  entry.output = field();
  return entry;
}

}  // namespace

bool BuildFolder::configured() const {
  std::error_code error;
  return fs::exists(path() + "/build.ninja", error);
}

ChildOptions configure_command(const BuildFolder& build) {
  ChildOptions options;
  options.folder = build.project;
  if (has_preset(build)) {
    options.command = {"cmake", "--preset", build.preset};
  } else {
    options.command = {"cmake",
                       "-S",
                       build.project,
                       "-B",
                       build.path(),
                       "-G",
                       "Ninja",
                       "-DCMAKE_BUILD_TYPE=Debug",
                       "-DCMAKE_CXX_COMPILER=clang++-19"};
  }
  const EventualRoot root = find_eventual_root();
  // The project's own word, a -D or a file, counts more than the environment.
  if (!root.path.empty() && std::getenv("Eventual_ROOT") == nullptr)
    options.environment.emplace_back("Eventual_ROOT", root.path);
  return options;
}

ChildOptions build_command(const BuildFolder& build, const std::string& service) {
  ChildOptions options;
  options.folder = build.project;
  options.command = {"ninja", "-C", build.path()};
  if (!service.empty()) options.command.push_back(service);
  return options;
}

std::vector<BuiltService> services_of(const BuildFolder& build) {
  std::vector<BuiltService> services;
  std::error_code error;
  for (fs::directory_iterator entry(build.path() + "/eventual-services", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::vector<std::string> lines = read_lines(entry->path().string());
    if (!lines.empty()) services.push_back({entry->path().filename().string(), lines.front()});
  }
  std::sort(services.begin(), services.end(),
            [](const BuiltService& a, const BuiltService& b) { return a.name < b.name; });
  return services;
}

void NinjaLog::begin() { known_ = read_lines(path_); }

BuildTimes NinjaLog::end(std::string_view program) const {
  const std::unordered_set<std::string_view> known(known_.begin(), known_.end());
  BuildTimes times;
  std::int64_t compiled_ms = 0;
  const std::vector<std::string> lines = read_lines(path_);
  for (const std::string& line : lines) {
    if (known.contains(line)) continue;
    const auto entry = read_entry(line);
    if (!entry) continue;
    if (entry->output == program) {
      times.link = std::chrono::milliseconds(entry->end_ms - entry->start_ms);
      compiled_ms = std::max(compiled_ms, entry->start_ms);
    } else {
      compiled_ms = std::max(compiled_ms, entry->end_ms);
    }
  }
  times.compile = std::chrono::milliseconds(compiled_ms);
  return times;
}

std::string without_colours(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\x1b' || at + 1 >= text.size() || text[at + 1] != '[') {
      plain += text[at];
      continue;
    }
    at += 2;
    while (at < text.size() && (text[at] < '@' || text[at] > '~')) ++at;
  }
  return plain;
}

}  // namespace eventual::cli
