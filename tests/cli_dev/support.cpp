#include "cli_dev/support.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "client/http_client.hpp"

namespace eventual::cli {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string path = (fs::temp_directory_path() / "eventual-dev-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = fs::canonical(path).string();
}

Folder::~Folder() {
  std::error_code ignored;
  if (!testing::Test::HasFailure()) fs::remove_all(path_, ignored);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

void replace_text(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = read_text(path);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << path << " does not hold: " << from;
  write_text(path, text.replace(at, from.size(), to));
}

Finished run_program(const std::vector<std::string>& command, const std::string& folder) {
  auto process = ChildProcess::start({.command = command, .folder = folder, .environment = {}});
  if (!process) throw std::runtime_error(process.error().message());
  Finished finished;
  finished.ending = process->wait(finished.output);
  return finished;
}

std::string eventual_program() { return EVENTUAL_BIN_DIR "/eventual"; }

std::string build_folder() { return fs::path(EVENTUAL_BIN_DIR).parent_path().string(); }

namespace {

std::optional<std::string> send(const std::string& url, client::ClientRequest request) {
  auto http = client::HttpClient::make(url);
  if (!http) return std::nullopt;
  auto answer = (*http)->send(std::move(request));
  if (!answer) return std::nullopt;
  return answer->body;
}

}  // namespace

std::optional<std::string> get(const std::string& url, const std::string& target) {
  client::ClientRequest request;
  request.target = target;
  return send(url, std::move(request));
}

std::optional<std::string> post(const std::string& url, const std::string& target,
                                const std::string& json) {
  client::ClientRequest request;
  request.method = http::Method::post;
  request.target = target;
  request.body = json;
  return send(url, std::move(request));
}

Running::Running(const std::vector<std::string>& command, const std::string& folder) {
  auto process = ChildProcess::start({.command = command, .folder = folder, .environment = {}});
  if (!process) throw std::runtime_error(process.error().message());
  process_.emplace(std::move(*process));
}

const std::string& Running::output() {
  process_->read_output(output_);
  return output_;
}

std::string Running::wait_for(const std::string& text) {
  const auto limit = std::chrono::steady_clock::now() + k_patience;
  for (;;) {
    output();
    const std::size_t at = output_.find(text, seen_);
    const std::size_t end = at == std::string::npos ? at : output_.find('\n', at);
    if (end != std::string::npos) {
      seen_ = end + 1;
      return output_.substr(at + text.size(), end - at - text.size());
    }
    if (process_->output() < 0 || std::chrono::steady_clock::now() > limit) break;
    pollfd waiting{process_->output(), POLLIN, 0};
    (void)::poll(&waiting, 1, 100);
  }
  ADD_FAILURE() << "\"" << text << "\" was not printed; all that was:\n" << output_;
  return {};
}

Ending Running::wait_ended() { return process_->wait(output_); }

}  // namespace eventual::cli
