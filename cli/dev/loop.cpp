#include "cli/dev/loop.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "cli/dev/diagnostics.hpp"
#include "cli/dev/manifest_changes.hpp"
#include "cli/dev/signals.hpp"
#include "cli/text.hpp"
#include "client/http_client.hpp"

namespace eventual::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// Editors write a file in several steps.
constexpr milliseconds k_quiet{10};
constexpr milliseconds k_quiet_most{100};
/// How long a service may take to end when the loop does.
constexpr milliseconds k_last_grace{10'000};
constexpr std::size_t k_log_bytes_max = 16U << 20;  // of a build; what comes after is dropped

std::string seconds(milliseconds span) {
  return fmt::format("{:.2f} s", static_cast<double>(span.count()) / 1000);
}

milliseconds between(std::chrono::steady_clock::time_point from,
                     std::chrono::steady_clock::time_point to) {
  return std::chrono::duration_cast<milliseconds>(to - from);
}

/// "… is ready at http://127.0.0.1:9000 (data in …)": the address.
std::string address_in(std::string_view output) {
  constexpr std::string_view k_mark = " is ready at ";
  for (std::size_t at = output.find(k_mark); at != std::string_view::npos;
       at = output.find(k_mark, at + 1)) {
    std::string_view address = output.substr(at + k_mark.size());
    if (!address.starts_with("http") || address.find('\n') == std::string_view::npos) continue;
    return std::string(address.substr(0, address.find_first_of(" \n")));
  }
  return {};
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The document in what `manifest` printed; logs may stand before it.
Json manifest_in(const std::string& output) {
  for (std::size_t at = output.find('{'); at != std::string::npos;
       at = output.find("\n{", at + 1)) {
    if (auto parsed = Json::parse(std::string_view(output).substr(at)); parsed)
      return std::move(*parsed);
  }
  return {};
}

bool is_in_foreground() {
  return ::isatty(STDIN_FILENO) == 0 || ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
}

}  // namespace

DevLoop::DevLoop(DevOptions options, const Context& context)
    : options_(std::move(options)), printer_(context.terminal()), agreement_(printer_) {
  std::error_code error;
  const fs::path project = fs::canonical(options_.folder, error);
  if (error || !fs::exists(project / "CMakeLists.txt", error)) {
    throw UsageError(fmt::format("{} has no CMakeLists.txt", options_.folder),
                     "name the folder of a project, or make one with eventual new");
  }
  build_ = {project.string(), options_.preset};
  const std::string data = options_.data.empty() ? ".eventual" : options_.data;
  auto watcher = Watcher::start(
      project.string(), {(project / "build").string(), (project / data).lexically_normal().string(),
                         (project / "node_modules").string()});
  if (!watcher) throw ev::Error(watcher.error());
  watcher_.emplace(std::move(*watcher));
  parked_.emplace(printer_, context.options().token);
  if (auto known = Json::parse(read_file(build_.path() + "/eventual-manifest.json")); known)
    manifest_ = std::move(*known);
}

DevLoop::~DevLoop() = default;

int DevLoop::run() {
  const SignalEvents signals;
  printer_.say(fmt::format("{} (r and Enter restarts, l the last build's log, q or Ctrl-C ends)",
                           build_.project));
  cycle_ = {};
  cycle_.first = true;
  cycle_.saved = Clock::now();
  if (build_.configured()) {
    begin_cycle();
  } else {
    start_work(Work::configuring, configure_command(build_));
  }
  while (!stop_) {
    wait_for_something();
    signals.clear();
    if (signals.stop_asked()) break;
    note_changes();
    read_keys();
    look_after_work();
    look_after_service();
    agreement_.look();
    act_on_changes();
  }
  stop_all();
  return k_exit_done;
}

// --- waiting ---

DevLoop::Span DevLoop::time_to_wait() const {
  Span wait{1000};
  const Time now = Clock::now();
  if (changed_since_)
    wait = std::min(
        wait,
        between(now, std::min(changed_last_ + k_quiet, *changed_since_ + k_quiet_most)) + Span(1));
  if (state_ == State::stopping) wait = std::min(wait, between(now, kill_at_) + Span(1));
  return std::max(wait, Span(0));
}

void DevLoop::wait_for_something() {
  std::array<pollfd, 6> waiting{{{SignalEvents::descriptor(), POLLIN, 0},
                                 {watcher_->descriptor(), POLLIN, 0},
                                 {worker_ ? worker_->output() : -1, POLLIN, 0},
                                 {process_ ? process_->output() : -1, POLLIN, 0},
                                 {agreement_.output(), POLLIN, 0},
                                 {keys_open_ ? STDIN_FILENO : -1, POLLIN, 0}}};
  (void)::poll(waiting.data(), waiting.size(), static_cast<int>(time_to_wait().count()));
}

void DevLoop::note_changes() {
  for (std::string& path : watcher_->take_changes()) {
    changed_last_ = Clock::now();
    if (!changed_since_) changed_since_ = changed_last_;
    settings_changed_ = settings_changed_ || path.ends_with("/eventual.toml");
    changed_.push_back(std::move(path));
  }
}

void DevLoop::act_on_changes() {
  if (!changed_since_) return;
  const Time now = Clock::now();
  if (now < changed_last_ + k_quiet && now < *changed_since_ + k_quiet_most) return;
  if (work_ != Work::none) {  // of code that is no longer what people want
    if (!std::exchange(cancelled_, true)) worker_->signal(SIGTERM);
    return;
  }
  cycle_ = {};
  cycle_.saved = *std::exchange(changed_since_, std::nullopt);
  restart_wanted_ = restart_wanted_ || std::exchange(settings_changed_, false);
  if (build_.configured() && service_) {
    begin_cycle();
  } else {
    start_work(Work::configuring, configure_command(build_));
  }
}

void DevLoop::read_keys() {
  if (!keys_open_) return;
  pollfd waiting{STDIN_FILENO, POLLIN, 0};
  if (::poll(&waiting, 1, 0) != 1 || !is_in_foreground()) return;
  std::array<char, 256> buffer;
  const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (size <= 0) {
    keys_open_ = size < 0 && errno == EINTR;
    return;
  }
  keys_.append(buffer.data(), static_cast<std::size_t>(size));
  for (std::size_t end = keys_.find('\n'); end != std::string::npos; end = keys_.find('\n')) {
    const std::string line = keys_.substr(0, end);
    keys_.erase(0, end + 1);
    on_key(line);
  }
}

void DevLoop::on_key(const std::string& line) {
  if (line == "q") {
    stop_ = true;
  } else if (line == "l") {
    printer_.show(read_file(build_.log_file()));
  } else if (line == "r") {
    restart_wanted_ = true;
    changed_last_ = Clock::now();
    if (!changed_since_) changed_since_ = changed_last_;
  } else if (!line.empty()) {
    printer_.say("r restarts, l shows the last build's log, q ends");
  }
}

// --- building ---

void DevLoop::start_work(Work work, ChildOptions command) {
  log_.clear();
  cancelled_ = false;
  cycle_.work_began = Clock::now();
  auto started = ChildProcess::start(command);
  if (!started) {
    printer_.say(started.error().message(), Style::bad);
    work_ = Work::none;
    return;
  }
  worker_.emplace(std::move(*started));
  work_ = work;
  if (work == Work::configuring) printer_.say("configuring");
}

void DevLoop::begin_cycle() {
  if (!service_) (void)choose_service();
  ninja_log_.emplace(build_);
  ninja_log_->begin();
  start_work(Work::building, build_command(build_, service_ ? service_->name : options_.service));
}

void DevLoop::look_after_work() {
  if (work_ == Work::none) return;
  worker_->read_output(log_);
  if (log_.size() > k_log_bytes_max) log_.resize(k_log_bytes_max);
  if (!worker_->ended()) return;
  const Ending ending = worker_->wait(log_);
  worker_.reset();
  const Work done = std::exchange(work_, Work::none);
  if (cancelled_) return;  // act_on_changes begins again
  log_ = without_colours(log_);
  switch (done) {
    case Work::none:
      return;
    case Work::configuring:
      return configured(ending);
    case Work::building:
      return built(ending);
    case Work::checking:
      return checked(ending);
  }
}

void DevLoop::save_log() const {
  std::error_code ignored;
  fs::create_directories(build_.path(), ignored);
  std::ofstream(build_.log_file(), std::ios::binary | std::ios::trunc) << log_;
}

void DevLoop::configured(const Ending& ending) {
  save_log();
  if (!ending.ok()) {
    printer_.show(show_failure(log_, build_.project, printer_.terminal(), build_.log_file()));
    printer_.say("cmake failed; the next save tries again", Style::bad);
    return;
  }
  if (choose_service()) begin_cycle();
}

bool DevLoop::choose_service() {
  const std::vector<BuiltService> services = services_of(build_);
  std::vector<std::string> names;
  for (const BuiltService& each : services) {
    names.push_back(each.name);
    if (each.name == options_.service || (options_.service.empty() && services.size() == 1)) {
      service_ = each;
      return true;
    }
  }
  if (services.empty()) {
    printer_.say(
        "the project makes no service: its CMakeLists.txt does not call eventual_add_service",
        Style::bad);
  } else if (options_.service.empty()) {
    printer_.say(fmt::format("the project makes several services: name one with --service ({})",
                             fmt::join(names, ", ")),
                 Style::bad);
  } else {
    printer_.say(fmt::format("the project makes no service {}, but {}", options_.service,
                             fmt::join(names, ", ")),
                 Style::bad);
  }
  return false;
}

void DevLoop::built(const Ending& ending) {
  save_log();
  cycle_.build_ended = Clock::now();
  if (!ending.ok()) {
    printer_.show(show_failure(log_, build_.project, printer_.terminal(), build_.log_file()));
    printer_.say(fmt::format("the build failed after {}{}",
                             seconds(between(cycle_.saved, cycle_.build_ended)),
                             state_ == State::running ? "; the service goes on as it was" : ""),
                 Style::bad);
    return;
  }
  if (!service_ && !choose_service()) return;
  if (const std::string warnings = show_warnings(log_, build_.project, printer_.terminal());
      !warnings.empty()) {
    printer_.show(warnings);
  }
  const std::string& program = service_->program;
  const std::string prefix = build_.path() + "/";
  cycle_.build =
      ninja_log_->end(program.starts_with(prefix) ? std::string_view(program).substr(prefix.size())
                                                  : std::string_view(program));
  checked_ = stamp_of(program);
  if (state_ == State::running && checked_ == running_ && !restart_wanted_) {
    std::string what = changed_.empty() ? "this" : fs::path(changed_.back()).filename().string();
    changed_.clear();
    printer_.say(fmt::format("{} changes nothing of the service", one_line(what)), Style::dim);
    return;
  }
  changed_.clear();
  ChildOptions check;
  check.command = {program, "manifest"};
  check.folder = build_.project;
  start_work(Work::checking, std::move(check));
}

DevLoop::Stamp DevLoop::stamp_of(const std::string& path) const {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          status.st_size};
}

/// Declarations with a defect, or code that crashes before main(), never replace what runs.
void DevLoop::checked(const Ending& ending) {
  cycle_.check_ended = Clock::now();
  if (!ending.ok()) {
    printer_.show(log_);
    printer_.say(fmt::format("the new code does not start ({}){}", ending.text(),
                             state_ == State::running ? "; the service goes on as it was" : ""),
                 Style::bad);
    return;
  }
  new_manifest_ = manifest_in(log_);
  switch_service();
}

// --- the service ---

void DevLoop::switch_service() {
  restart_wanted_ = false;
  cycle_.switch_began = Clock::now();
  parked_->look_at({});
  agreement_.end();
  if (state_ == State::down) {
    cycle_.old_ended = cycle_.switch_began;
    return start_service();
  }
  process_->signal(SIGTERM);
  state_ = State::stopping;
  kill_at_ = Clock::now() + options_.grace;
}

void DevLoop::start_service() {
  ChildOptions command;
  command.command = {service_->program, "serve"};
  command.command.insert(command.command.end(), options_.passed.begin(), options_.passed.end());
  command.folder = build_.project;
  output_.clear();
  running_ = checked_;
  cycle_.started = Clock::now();
  auto started = ChildProcess::start(command);
  if (!started) {
    printer_.say(started.error().message(), Style::bad);
    state_ = State::down;
    return;
  }
  process_.emplace(std::move(*started));
  state_ = State::starting;
}

void DevLoop::look_after_service() {
  if (state_ == State::down) return;
  process_->read_output(output_);
  if (state_ == State::starting) look_for_readiness();
  printer_.pass_on(service_->name, output_, false);
  if (state_ == State::stopping && Clock::now() >= kill_at_) {
    printer_.say(
        fmt::format("a handler did not end within {}: it was killed, its attempt runs again",
                    seconds(options_.grace)),
        Style::dim);
    process_->signal(SIGKILL);
    kill_at_ = Time::max();
  }
  if (!process_->ended()) return;
  const Ending ending = process_->wait(output_);
  printer_.pass_on(service_->name, output_, true);
  const State was = std::exchange(state_, State::down);
  process_.reset();
  if (was == State::stopping) {
    cycle_.old_ended = Clock::now();
    return start_service();
  }
  parked_->look_at({});
  printer_.say(fmt::format("the service {}: {}; the next save starts it again",
                           was == State::starting ? "did not start" : "ended", ending.text()),
               Style::bad);
}

void DevLoop::look_for_readiness() {
  const std::string url = address_in(output_);
  if (url.empty()) return;
  client::HttpClientOptions options;
  options.connect_timeout = Duration(2000);
  options.answer_timeout = Duration(2000);
  auto http = client::HttpClient::make(url, options);
  if (http) {
    client::OperationsClient service(**http);
    const Result<Json> health = service.health();
    if (!health) {
      printer_.say(
          fmt::format("the service does not answer at {}: {}", url, health.error().message()),
          Style::bad);
    }
  }
  state_ = State::running;
  ready(url);
}

void DevLoop::ready(const std::string& url) {
  const Time now = Clock::now();
  const Cycle& cycle = cycle_;
  std::string parts;
  const auto part = [&](std::string_view name, Span span) {
    if (span > Span(0))
      parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", name, seconds(span));
  };
  part("compile", cycle.build.compile);
  part("link", cycle.build.link);
  part("check", between(cycle.build_ended, cycle.check_ended));
  part("stop", between(cycle.switch_began, cycle.old_ended));
  part("start", between(cycle.started, now));
  printer_.say(fmt::format("ready in {} at {} (process {}): {}", seconds(between(cycle.saved, now)),
                           url, process_->id(), parts),
               Style::good);
  tell_declarations();
  parked_->look_at(url);
  agreement_.begin(service_->program, build_.project, url);
}

void DevLoop::tell_declarations() {
  if (new_manifest_.is_null()) return;
  using Kind = DeclarationChange::Kind;
  for (const DeclarationChange& change : compare_manifests(manifest_, new_manifest_)) {
    switch (change.kind) {
      case Kind::added:
        printer_.say("  + " + change.what, Style::good);
        break;
      case Kind::removed:
        printer_.say("  - " + change.what, Style::bad);
        break;
      case Kind::changed:
        printer_.say("  ~ " + change.what, Style::warn);
        for (const std::string& detail : change.details) printer_.say("      " + detail);
        break;
    }
  }
  manifest_ = std::move(new_manifest_);
  new_manifest_ = Json();
  std::ofstream(build_.path() + "/eventual-manifest.json", std::ios::trunc) << manifest_.dump();
}

void DevLoop::stop_all() {
  parked_->look_at({});
  agreement_.end();
  if (worker_) worker_->signal(SIGTERM);
  worker_.reset();
  if (!process_) return printer_.say("ended");
  process_->signal(SIGTERM);
  const Time limit = Clock::now() + k_last_grace;
  while (!process_->ended() && Clock::now() < limit && !SignalEvents::stop_asked_again()) {
    pollfd waiting[2] = {{process_->output(), POLLIN, 0}, {SignalEvents::descriptor(), POLLIN, 0}};
    (void)::poll(waiting, 2, 50);
    process_->read_output(output_);
    printer_.pass_on(service_->name, output_, false);
  }
  if (!process_->ended()) process_->signal(SIGKILL);
  const Ending ending = process_->wait(output_);
  printer_.pass_on(service_->name, output_, true);
  printer_.say(ending.ok() ? "ended" : fmt::format("ended; the service: {}", ending.text()));
}

}  // namespace eventual::cli
