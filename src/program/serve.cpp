// The verb `serve`: the service runs until it is told to stop.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/payload_limit.hpp"
#include "gateway/change_feed.hpp"
#include "gateway/gateway.hpp"
#include "gateway/tls.hpp"
#include "host/agents.hpp"
#include "host/config.hpp"
#include "host/log_tail.hpp"
#include "host/logging.hpp"
#include "host/manifest.hpp"
#include "host/node.hpp"
#include "host/requests.hpp"
#include "host/retry_remarks.hpp"
#include "host/routes.hpp"
#include "host/watched_store.hpp"
#include "program/verbs.hpp"
#include "store/data_folder.hpp"
#include "store/open.hpp"

namespace eventual::program {
namespace {

using host::Config;
using host::Node;
using host::NodeOptions;

/// Of a request's body, beyond the payload_limit.
constexpr std::size_t k_body_surplus_bytes = 1 << 20;

// --- stopping ---

std::atomic<int> g_stop_event{-1};
std::atomic<bool> g_stop_asked{false};

/// The first asks for a clean stop, the second ends the process.
void on_stop_signal(int) {
  if (g_stop_asked.exchange(true)) ::_exit(k_exit_failed);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(g_stop_event.load(), &one, sizeof one);
}

void on_ignored_signal(int) {}

void handle_signal(int number, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

/// A handler and not SIG_IGN for SIGPIPE: programs that handlers start must not inherit it.
void listen_for_signals() {
  g_stop_event.store(::eventfd(0, EFD_CLOEXEC));
  handle_signal(SIGTERM, &on_stop_signal);
  handle_signal(SIGINT, &on_stop_signal);
  handle_signal(SIGPIPE, &on_ignored_signal);
}

void wait_for_stop_signal() {
  pollfd waiting{g_stop_event.load(), POLLIN, 0};
  while (!g_stop_asked.load()) (void)::poll(&waiting, 1, -1);
}

// --- serving ---

/// "https://shop.example:8443/base" in the parts that Host and Origin checks need.
void allow_public_url(const std::string& url, gateway::ServerOptions& options) {
  const std::size_t begin = url.find("://");
  if (begin == std::string::npos) return;
  const std::size_t end = std::min(url.find('/', begin + 3), url.size());
  const std::string authority = url.substr(begin + 3, end - begin - 3);
  options.allowed_origins.push_back(url.substr(0, end));
  const std::size_t port = authority.rfind(':');
  const bool has_port = port != std::string::npos && authority.find(']', port) == std::string::npos;
  options.allowed_hosts.push_back(has_port ? authority.substr(0, port) : authority);
}

int serve(const detail::NotedDeclarations& declarations, const ServiceOptions& options,
          const Config& config) {
  std::vector<detail::Defect> problems = declarations.not_provided();
  for (detail::Defect& problem : host::middleware_problems(declarations))
    problems.push_back(std::move(problem));
  for (const detail::Defect& problem : problems) {
    complain(fmt::format("{}:{}: {}", problem.location.file_name(), problem.location.line(),
                         problem.message),
             k_exit_usage);
  }
  if (!problems.empty()) return k_exit_usage;
  const std::size_t payload_limit = config.payload_limit.value_or(options.payload_limit);
  if (const Result<void> limit = base::check_payload_limit(payload_limit); !limit)
    return complain(limit.error().message(), k_exit_usage);
  const std::string scheme = config.tls_cert.empty() ? "http" : "https";
  // Handlers that do not end in time may still log while the process ends.
  static host::LogTail tail;
  static gateway::ChangeFeed feed;
  tail.listen([](const gateway::LogLine& line) { feed.logged(line); });
  const engine::LogSink log =
      host::keep_lines(host::make_log(config.log_level, config.log_json), tail, config.log_level);
  const bool in_memory = config.store == "memory";

  store::StoreOptions store_options;
  store_options.log = [log](std::string_view message) { log(LogLevel::warn, {}, message); };
  auto store = store::open_store(config.store, config.data, std::move(store_options));
  if (!store)
    return complain(fmt::format("cannot open the store: {}", store.error().message()),
                    k_exit_failed);

  if (!in_memory) {
    if (const auto claimed = store::claim_data_folder(config.data, declarations.name()); !claimed)
      return complain(fmt::format("cannot open the store: {}", claimed.error().message()),
                      k_exit_failed);
  }
  for (const detail::Defect& remark : host::retry_remarks(declarations)) {
    log(LogLevel::warn, {},
        fmt::format("{}:{}: {}", remark.location.file_name(), remark.location.line(),
                    remark.message));
  }

  NodeOptions node_options;
  node_options.workers.handlers_running_max = config.handlers_running_max;
  node_options.workers.handler_threads_max = config.handler_threads_max;
  node_options.service = {declarations.name(), config.public_url.empty()
                                                   ? scheme + "://" + config.listen
                                                   : config.public_url};
  node_options.log = log;
  node_options.engine.retention = config.retention;
  node_options.engine.events_kept = config.event_retention;
  node_options.engine.event_ids_kept = config.event_id_retention;
  node_options.engine.payload_bytes_max = payload_limit;
  if (!in_memory) node_options.crashes_file = config.data + "/crashes";
  auto node = Node::start(declarations, host::watch_store(std::move(*store), feed),
                          std::move(node_options));
  if (!node)
    return complain(fmt::format("cannot start: {}", node.error().message()), k_exit_failed);

  gateway::GatewayOptions gateway_options;
  gateway_options.server.listen = config.listen;
  // A value comes with what surrounds it, and may be written at more length than in its normal
  // form.
  gateway_options.server.body_bytes_max =
      std::max(gateway_options.server.body_bytes_max, payload_limit + k_body_surplus_bytes);
  gateway_options.server.allowed_hosts = config.allowed_hosts;
  gateway_options.server.allowed_origins = config.allowed_origins;
  if (!config.public_url.empty()) allow_public_url(config.public_url, gateway_options.server);
  gateway_options.operations.admin_token = config.admin_token;
  gateway_options.operations.event_source = declarations.name();
  gateway_options.operations.manifest = [described = host::manifest(declarations, options)] {
    return described;
  };
  gateway_options.operations.answer_query =
      [&declarations](std::string_view query, std::string_view view, std::string_view input) {
        return host::answer_query(declarations, query, view, input);
      };
  gateway_options.operations.read_log = [](const gateway::LogRequest& request) {
    return tail.read(request);
  };
  gateway_options.operations.feed = &feed;
  gateway_options.mcp = host::mcp_options(declarations, options);
  std::vector<gateway::ExtraRoute> extras =
      host::description_routes(declarations, options, config.public_url);
  if (auto route = host::plugin_route(declarations, options, config.public_url, scheme))
    extras.push_back(std::move(*route));
  extras.push_back(host::metrics_route(**node));
  if (!config.tls_cert.empty()) {
    auto tls = gateway::TlsContext::load(config.tls_cert, config.tls_key);
    if (!tls) return complain(tls.error().message(), k_exit_usage);
    gateway_options.server.tls = std::move(*tls);
  }
  listen_for_signals();
  auto gateway = gateway::Gateway::start(std::move(gateway_options), **node,
                                         host::command_routes(**node, declarations),
                                         std::move(extras), host::raw_routes(**node, declarations));
  if (!gateway) {
    const bool usage = gateway.error().name() == error_names::k_invalid_input;
    return complain(fmt::format("cannot serve: {}", gateway.error().message()),
                    usage ? k_exit_usage : k_exit_failed);
  }

  fmt::print("{} is ready at {}://{} ({})\n", declarations.name(), scheme,
             (*gateway)->bound_address(),
             in_memory ? "data in memory alone" : "data in " + config.data);
  std::fflush(stdout);
  wait_for_stop_signal();

  log(LogLevel::info, {},
      "stopping: running handlers have " + std::to_string(config.grace.count()) + " ms");
  const auto deadline = std::chrono::steady_clock::now() + config.grace;
  (*node)->drain();
  feed.end();  // its readers would keep the gateway from ending
  (*gateway)->stop(config.grace);
  const auto left =
      std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
  const bool clean = (*node)->stop(std::max(left, Duration(0)));
  log(LogLevel::info, {}, "stopped");
  if (!clean) {
    // Their threads still run user code: nothing may be destroyed under it.
    std::fflush(nullptr);
    std::_Exit(k_exit_done);
  }
  gateway->reset();
  return k_exit_done;
}

}  // namespace

Verb add_serve(CLI::App& program) {
  CLI::App* app = program.add_subcommand("serve", "Runs the service (also without a verb)");
  auto settings = std::make_shared<Settings>();
  settings->add_to(program);
  settings->add_to(*app);
  return {app, [settings](Service& service) {
            const Result<Config> config = settings->load();
            if (!config) return complain(config.error().message(), k_exit_usage);
            return serve(service.declarations(), service.options(), *config);
          }};
}

}  // namespace eventual::program
