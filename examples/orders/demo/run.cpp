#include "run.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include "customers.hpp"
#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "http_client.hpp"
#include "process.hpp"
#include "progress.hpp"

namespace demo {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t k_kills_max = 15;  ///< when the planned ones interrupted no attempt
constexpr auto k_run_max = 120s;
constexpr auto k_ready_max = 30s;
constexpr auto k_in_flight_wait_max = 1s;

std::atomic<bool> g_interrupted = false;

struct ListedExecution {
  std::string execution_id;
  std::string status;
};
struct ListedPage {
  std::vector<ListedExecution> executions;
  std::optional<std::string> cursor;
};
struct ExecutionFailure {
  std::string name;
  std::string message;
};
struct ExecutionReceipt {
  std::string order_id;
  std::string tracking_id;
};
struct ShownExecution {
  std::string status;
  std::optional<ExecutionReceipt> result;
  std::optional<ExecutionFailure> error;
  std::vector<eventual::Json> waiting_for;
};

template <class T>
T read(const std::string& json) {
  eventual::ReadOptions options;
  options.absent_is_default = true;
  return eventual::from_json<T>(json, options).value();
}

bool is_open(const std::string& status) {
  return status == "running" || status == "parked" || status == "paused";
}

std::chrono::milliseconds since(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - time);
}

std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

class Run {
 public:
  Run(const Settings& settings, const Plan& plan, std::string folder)
      : settings_(settings), plan_(plan), folder_(std::move(folder)) {
    report_.orders.resize(plan.orders.size());
  }

  Report operator()() {
    start_payments();
    start_service();
    {
      Customers customers(settings_, plan_, client_, report_.orders);
      kill_and_restart(customers);
    }
    collect();
    stop_service();
    payments_->kill();
    report_.ledger = ledger::read_file(ledger_path());
    report_.elapsed = since(start_);
    return std::move(report_);
  }

 private:
  std::string ledger_path() const { return folder_ + "/payments.tsv"; }
  std::string socket_path() const { return folder_ + "/payments.sock"; }
  std::string service_log() const { return folder_ + "/orders.log"; }

  void start_payments() {
    payments_ = std::make_unique<Process>(Process::Start{
        .command = {program_folder() + "/orders-payments", "--socket", socket_path(), "--ledger",
                    ledger_path(), "--delay-ms", "2-20", "--seed", std::to_string(settings_.seed)},
        .environment = {},
        .folder = folder_,
        .log = folder_ + "/payments.log"});
    const Clock::time_point limit = Clock::now() + 10s;
    while (!attempts_in_flight()) {
      if (payments_->ended() || Clock::now() > limit)
        throw std::runtime_error("orders-payments does not start");
      std::this_thread::sleep_for(2ms);
    }
  }

  /// Starts the service and waits until it is ready.
  void start_service() {
    const Clock::time_point started = Clock::now();
    service_ = std::make_unique<Process>(Process::Start{
        .command = {program_folder() + "/orders", "serve", "--listen",
                    fmt::format("127.0.0.1:{}", port_), "--data", folder_ + "/data"},
        .environment = {"ORDERS_PAYMENTS=" + socket_path(),
                        fmt::format("ORDERS_CANCEL_WINDOW_MS={}", settings_.cancel_window.count())},
        .folder = folder_,
        .log = service_log()});
    while (true) {
      check_service();
      const std::optional<HttpResponse> health = client_.get("/_eventual/health");
      if (health && health->status == 200) break;
      if (since(started) > k_ready_max)
        throw std::runtime_error("the service does not become ready");
      std::this_thread::sleep_for(2ms);
    }
    report_.restarts.push_back(since(started));
  }

  void check_service() {
    if (g_interrupted) throw std::runtime_error("interrupted");
    if (const std::optional<std::string> end = service_->ended()) {
      throw std::runtime_error("the service ended by itself: " + *end);
    }
  }

  /// The answers that the payment stand-in has decided and not yet given; nothing when it is not
  /// there.
  std::optional<std::int64_t> attempts_in_flight() const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket_path();
    if (path.size() >= sizeof address.sun_path)
      throw std::runtime_error(path + " is too long for a socket");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    char answer[64];
    ssize_t size = -1;
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(descriptor, "in_flight\n", 10, MSG_NOSIGNAL) == 10) {
      size = ::recv(descriptor, answer, sizeof answer, 0);
    }
    ::close(descriptor);
    if (size <= 0) return std::nullopt;
    const std::vector<std::string> fields =
        ledger::split_fields({answer, static_cast<std::size_t>(size)});
    if (fields.size() != 2) return std::nullopt;
    return std::stoll(fields[1]);
  }

  /// SIGKILL at the next moment when an attempt is in flight, and a new start.
  void kill_service(const PlannedKill& planned) {
    std::this_thread::sleep_for(planned.pause);
    const Clock::time_point limit = Clock::now() + k_in_flight_wait_max;
    while (attempts_in_flight().value_or(0) == 0 && Clock::now() < limit)
      std::this_thread::sleep_for(500us);
    check_service();
    service_->kill();
    report_.kills += 1;
    std::this_thread::sleep_for(planned.outage);
    start_service();
  }

  bool some_attempt_was_repeated() const {
    const std::vector<ledger::Entry> entries = ledger::read_file(ledger_path());
    return std::any_of(entries.begin(), entries.end(),
                       [](const ledger::Entry& entry) { return entry.repeated; });
  }

  /// Until every order is placed and closed.
  void kill_and_restart(const Customers& customers) {
    Progress progress;
    while (true) {
      check_service();
      const bool finished = customers.finished();  // asked first: the list then has every order
      const std::size_t open = show(progress, customers);
      if (finished && open == 0) return;
      if (since(start_) > k_run_max) {
        report_.troubles.push_back(
            fmt::format("not all orders were closed after {} s", k_run_max / 1s));
        return;
      }
      const bool planned = report_.kills < plan_.kills.size();
      if (planned && customers.placed() >= plan_.kills[report_.kills].orders_placed) {
        kill_service(plan_.kills[report_.kills]);
      } else if (!planned && !plan_.kills.empty() && report_.kills < k_kills_max &&
                 !some_attempt_was_repeated()) {
        kill_service({});
      } else {
        std::this_thread::sleep_for(50ms);
      }
    }
  }

  /// The number of placed orders that may still close by themselves.
  std::size_t show(Progress& progress, const Customers& customers) {
    const std::optional<std::map<std::string, std::size_t>> counts = count_executions();
    if (counts) counts_ = *counts;
    std::size_t open = 0;
    std::size_t listed = 0;
    std::string statuses;
    for (const auto& [status, count] : counts_) {
      listed += count;
      if (is_open(status) && status != "parked") open += count;
      statuses += fmt::format(", {} {}", count, status);
    }
    progress.show(fmt::format("{:5.1f} s  {}/{} orders placed{} | {} kills",
                              static_cast<double>(since(start_).count()) / 1000, customers.placed(),
                              plan_.orders.size(), statuses, report_.kills));
    report_.executions = listed;
    return counts ? open : std::max<std::size_t>(open, 1);
  }

  /// By status; nothing when the service gave no full list.
  std::optional<std::map<std::string, std::size_t>> count_executions() const {
    std::map<std::string, std::size_t> counts;
    std::string cursor;
    do {
      const std::optional<HttpResponse> answer =
          client_.get("/_eventual/executions?workflow=processOrder&limit=500" + cursor);
      if (!answer || answer->status >= 500) return std::nullopt;
      if (answer->status != 200)
        throw std::runtime_error("the list of executions was refused: " + answer->body);
      const auto page = read<ListedPage>(answer->body);
      for (const ListedExecution& execution : page.executions) counts[execution.status] += 1;
      cursor = page.cursor.value_or("").empty() ? "" : "&cursor=" + *page.cursor;
    } while (!cursor.empty());
    return counts;
  }

  void collect() {
    for (std::size_t i = 0; i < plan_.orders.size(); ++i) {
      const std::string& id = plan_.orders[i].id;
      const std::optional<HttpResponse> answer =
          client_.get("/_eventual/executions/processOrder/" + id);
      Placed& order = report_.orders[i];
      if (!answer || answer->status != 200) {
        order.status = answer ? fmt::format("HTTP {}", answer->status) : "no answer";
        continue;
      }
      const auto shown = read<ShownExecution>(answer->body);
      order.status = shown.status;
      if (is_open(shown.status))
        order.status += ", waiting for " + eventual::to_json(shown.waiting_for);
      if (shown.error) order.error = shown.error->name;
      if (shown.result) {
        order.receipt_order_id = shown.result->order_id;
        order.receipt_tracking_id = shown.result->tracking_id;
      }
    }
  }

  void stop_service() {
    const std::optional<std::string> end = service_->stop();
    if (end != "exit code 0") {
      report_.troubles.push_back("the service did not end well after SIGTERM: " +
                                 end.value_or("it went on"));
    }
  }

  const Settings& settings_;
  const Plan& plan_;
  const std::string folder_;
  const Clock::time_point start_ = Clock::now();
  const std::uint16_t port_ = find_free_port();
  const HttpClient client_{port_};
  std::map<std::string, std::size_t> counts_;
  Report report_;
  std::unique_ptr<Process> payments_;
  std::unique_ptr<Process> service_;
};

}  // namespace

Report run(const Settings& settings, const Plan& plan, const std::string& folder) {
  return Run(settings, plan, folder)();
}

void handle_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { g_interrupted = true; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
}

bool interrupted() { return g_interrupted; }

}  // namespace demo
