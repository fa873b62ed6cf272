// orders-demo: the order service under load, killed with SIGKILL again and again, with every
// outcome checked.
#include <fmt/format.h>
#include <stdlib.h>

#include <charconv>
#include <cstdio>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "plan.hpp"
#include "run.hpp"
#include "verdict.hpp"

namespace {

constexpr std::string_view k_usage =
    "usage: orders-demo [--orders N] [--kills K] [--seed S] [--keep]\n"
    "\n"
    "Starts the order service and a payment stand-in in a fresh folder, places N orders (240),\n"
    "kills the service K times (6) with SIGKILL while they are in flight, restarts it, and checks\n"
    "that every order ended as it should and every card was charged once.\n"
    "\n"
    "  --seed S   another schedule (1); the same seed gives the same orders and kills\n"
    "  --keep     keep the folder with the data, the ledger and the logs\n";
constexpr std::size_t k_violations_shown_max = 50;
constexpr std::size_t k_log_lines_shown_max = 30;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const char* end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, out).ptr == end;
}

std::optional<demo::Settings> parse(int argc, char** argv) {
  demo::Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--keep") {
      settings.keep = true;
      continue;
    }
    const std::string_view value = i + 1 < argc ? argv[++i] : "";
    const bool known =
        (name == "--orders" && parse_number(value, settings.orders) && settings.orders > 0) ||
        (name == "--kills" && parse_number(value, settings.kills)) ||
        (name == "--seed" && parse_number(value, settings.seed));
    if (!known) return std::nullopt;
  }
  return settings;
}

/// A fresh folder, removed at the end.
class Folder {
 public:
  explicit Folder(bool keep) : keep_(keep) {
    path_ = (std::filesystem::temp_directory_path() / "orders-demo-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr)
      throw std::runtime_error("cannot make a folder like " + path_);
  }
  ~Folder() {
    std::error_code ignored;
    if (keep_) {
      fmt::print("kept: {}\n", path_);
    } else {
      std::filesystem::remove_all(path_, ignored);
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  bool keep_;
  std::string path_;
};

void print_log(const std::string& path) {
  std::ifstream file(path);
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
    if (lines.size() > k_log_lines_shown_max) lines.pop_front();
  }
  if (lines.empty()) return;
  fmt::print(stderr, "the end of the service's log:\n");
  for (const std::string& line : lines) fmt::print(stderr, "  {}\n", line);
}

int run_and_judge(const demo::Settings& settings, const std::string& folder) {
  const demo::Plan plan = demo::make_plan(settings);
  const demo::Report report = demo::run(settings, plan, folder);
  const std::vector<std::string> violations = demo::judge(settings, plan, report);
  if (violations.empty()) {
    fmt::print("OK\n");
    return 0;
  }
  fmt::print("\nFAILED, {} violations (seed {}):\n", violations.size(), settings.seed);
  for (std::size_t i = 0; i < violations.size() && i < k_violations_shown_max; ++i)
    fmt::print("  {}\n", violations[i]);
  if (violations.size() > k_violations_shown_max) fmt::print("  …\n");
  std::fflush(stdout);
  print_log(folder + "/orders.log");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    fmt::print("{}", k_usage);
    return 0;
  }
  const std::optional<demo::Settings> settings = parse(argc, argv);
  if (!settings) {
    fmt::print(stderr, "{}", k_usage);
    return 2;
  }
  demo::handle_interrupts();
  try {
    const Folder folder(settings->keep);
    try {
      return run_and_judge(*settings, folder.path());
    } catch (const std::exception& error) {
      fmt::print(stderr, "\norders-demo: {}\n", error.what());
      if (demo::interrupted()) return 130;
      print_log(folder.path() + "/orders.log");
      return 1;
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "orders-demo: {}\n", error.what());
    return 1;
  }
}
