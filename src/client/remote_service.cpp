#include "client/remote_service.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <map>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"
#include "base/random.hpp"
#include "base/unique_id.hpp"
#include "client/plain_runtime.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "eventual/json.hpp"
#include "gateway/text.hpp"

namespace eventual::client {
namespace {

using detail::SlotRef;
using Steady = std::chrono::steady_clock;

/// For one answer of the server, which waits a minute at the most.
constexpr Duration k_poll_wait{20'000};
/// The same while others wait for a thread to ask on.
constexpr Duration k_poll_wait_crowded{500};
/// Waiting takes a thread, but hardly anything else.
constexpr std::uint32_t k_polls_running_max = 64;

Timestamp wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// Where the calls of this thread's code are settled.
ports::OutsideCalls& outside() {
  detail::Runtime* runtime = detail::Runtime::current();
  if (runtime == nullptr) return PlainRuntime::of_this_thread();
  if (auto* calls = dynamic_cast<ports::OutsideCalls*>(runtime)) return *calls;
  throw Error(std::string(error_names::k_not_allowed),
              "another service cannot be called here: a workflow and a transaction may run again, "
              "so do it in a task");
}

std::string hash_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int done =
      ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  EVENTUAL_ASSERT(done == 1 && size >= 16, "the system computes SHA-256");
  std::string hex;
  for (std::size_t i = 0; i < 16; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

/// The id of what is asked once although it may be asked again: the same for every attempt of a
/// task.
std::string fresh_id() {
  if (const std::optional<std::string> key = outside().next_outside_key()) {
    return "call-" + hash_of(*key);
  }
  std::uint64_t seed = 0;
  const ssize_t got = ::getrandom(&seed, sizeof seed, 0);
  EVENTUAL_ASSERT(got == sizeof seed, "the system gives random numbers");
  base::Random random(seed);
  return base::unique_id(wall_clock(), random);
}

std::string id_or_fresh(std::string id) { return id.empty() ? fresh_id() : std::move(id); }

Json parsed(std::string_view json) { return Json::parse(json).value(); }

std::string text_of(const Json& json) {
  return json.is_string() ? json.as_string() : std::string();
}

/// What an operation answers that gives nothing.
Result<std::string> nothing(const Result<Json>& answer) {
  if (!answer) return answer.error();
  return std::string("null");
}

/// The result of a closed execution, or the error that stands for how it ended.
Result<std::string> outcome_of(const ports::ExecutionRef& execution, const Json& answer) {
  const std::string status = text_of(answer["status"]);
  if (status == "succeeded") return answer["result"].dump();
  const std::string id = execution.id();
  const Json& error = answer["error"];
  if (error.is_object()) {
    return Error(text_of(error["name"]), text_of(error["message"]),
                 error["details"].is_null() ? std::string() : error["details"].dump());
  }
  if (status == "cancelled") return Cancelled("execution " + id + " was cancelled");
  if (status == "timed_out") return Timeout("execution " + id + " took longer than allowed");
  if (status == "terminated") return Error("Terminated", "execution " + id + " was terminated");
  return Error(std::string(error_names::k_internal), "execution " + id + " is " + status);
}

/// Nothing may escape on a thread of the pool.
template <class Asked>
std::invoke_result_t<const Asked&> caught(const Asked& ask) {
  try {
    return ask();
  } catch (...) {
    return Result<std::string>(describe(std::current_exception()));
  }
}

bool is_open(std::string_view status) {
  return status == "running" || status == "parked" || status == "paused";
}

}  // namespace

// --- the services that executions were given by ---

/// The clients that there are, for an execution reaches its own by number through JSON.
struct Known {
  std::mutex mutex;
  std::uint64_t next = 1;
  std::map<std::uint64_t, RemoteService*> services;
};

static Known& known() {
  static Known all;
  return all;
}

// --- what is under way ---

RemoteService::RemoteService(std::string url, ClientOptions options)
    : url_(std::move(url)),
      options_(std::move(options)),
      calls_(options_.calls_running_max, options_.calls_waiting_max),
      polls_(k_polls_running_max, options_.calls_waiting_max) {
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  number_ = all.next++;
  all.services.emplace(number_, this);
}

RemoteService::~RemoteService() {
  {
    Known& all = known();
    const std::lock_guard lock(all.mutex);
    all.services.erase(number_);
  }
  stop_.request_stop();
  calls_.stop();
  polls_.stop();
}

Error RemoteService::ended() const {
  return {std::string(error_names::k_closed),
          fmt::format("the client of {} ended before the answer came", url_)};
}

Error RemoteService::named(Error error) const {
  if (!is_unreachable(error)) return error;
  if (stop_.stop_requested()) return ended();
  if (is_timeout(error)) return Timeout(error.message(), error.details_json());
  Json details = Json::parse(error.details_json()).value();
  if (error.name() == k_connection_lost) details.set("maybe_done", true);
  return {std::string(error_names::k_unavailable), error.message(), details.dump()};
}

Result<HttpClient*> RemoteService::http() {
  const std::lock_guard lock(mutex_);
  if (http_ != nullptr) return http_.get();
  HttpClientOptions options;
  options.connect_timeout = options_.connect_timeout;
  options.answer_timeout = options_.timeout;
  options.headers = options_.headers;
  options.ca_file = options_.ca_file;
  options.verify_certificate = options_.verify_certificate;
  options.attempts_max = options_.attempts_max;
  options.retry_interval = options_.retry_interval;
  options.answer_bytes_max = options_.answer_bytes_max;
  options.idle_connections_max = options_.idle_connections_max;
  options.stop = stop_.get_token();
  try {
    if (options_.bearer_token) options.bearer_token = options_.bearer_token.value();
  } catch (const Error& error) {
    return error;
  }
  Result<std::unique_ptr<HttpClient>> made = HttpClient::make(url_, std::move(options));
  if (!made) return made.error();
  http_ = std::move(*made);
  return http_.get();
}

template <class Call>
Result<Json> RemoteService::operate(const Call& call) {
  Result<HttpClient*> client = http();
  if (!client) return client.error();
  OperationsClient operations(**client);
  Result<Json> answer = call(operations);
  if (!answer) return named(answer.error());
  return answer;
}

SlotRef RemoteService::run(detail::DecodeFunction decode, Ask ask) {
  return outside().call_outside(decode, [&](Complete complete) {
    Result<void> added = calls_.add([this, complete, ask = std::move(ask)] {
      complete(stop_.stop_requested() ? Result<std::string>(ended()) : caught(ask));
      return true;
    });
    if (!added) complete(added.error());
  });
}

SlotRef RemoteService::poll(detail::DecodeFunction decode, Poll poll) {
  return outside().call_outside(
      decode, [&](Complete complete) { add_poll(std::move(complete), std::move(poll)); });
}

void RemoteService::add_poll(Complete complete, Poll poll) {
  Result<void> added = polls_.add([this, complete, poll = std::move(poll)] {
    std::optional<Result<std::string>> result;
    if (!stop_.stop_requested()) {
      result = caught([&] { return poll(polls_.crowded() ? k_poll_wait_crowded : k_poll_wait); });
    }
    if (!result && stop_.stop_requested()) result = ended();
    if (!result) return false;
    complete(std::move(*result));
    return true;
  });
  if (!added) complete(added.error());
}

// --- operations ---

SlotRef RemoteService::call_command(detail::CommandCall call) {
  ClientRequest request;
  request.method = http::Method::post;
  request.target = "/rpc/" + gateway::percent_encode(call.command);
  request.body = std::move(call.input);
  request.headers = call.options->headers;
  request.repeatable = call.options->repeatable;
  request.answer_timeout = call.options->timeout.value_or(Duration(0));
  return run(call.decode, [this, request = std::move(request)]() -> Result<std::string> {
    Result<HttpClient*> client = http();
    if (!client) return client.error();
    Result<http::Response> response = (*client)->send(request);
    if (!response) return named(response.error());
    if (response->status >= 400) return error_of(*response);
    if (response->body.empty()) return std::string("null");
    return std::move(response->body);
  });
}

std::string RemoteService::execution_json(std::string_view execution_id) const {
  return Json::object({{"execution_id", execution_id}, {"service", number_}}).dump();
}

SlotRef RemoteService::call_workflow(detail::WorkflowCall call) {
  if (call.execution_id != nullptr) {
    throw Error(std::string(error_names::k_not_allowed),
                "start_child() works only in a workflow, with workflows of its own service");
  }
  ports::StartRequest request;
  request.workflow = call.workflow;
  request.name = id_or_fresh(std::move(call.name));
  request.input_json = std::move(call.input);
  if (call.has_timeout) request.timeout = call.timeout;
  if (!call.signal.empty()) {
    request.signal =
        ports::StartRequest::Signal{std::string(call.signal), std::move(call.signal_payload),
                                    id_or_fresh(std::move(call.signal_id))};
  }
  auto start = [this, request]() {
    return operate([&](OperationsClient& operations) { return operations.start(request); });
  };
  if (!call.wait_for_result) {
    return run(call.decode, [this, start = std::move(start)]() -> Result<std::string> {
      const Result<Json> reply = start();
      if (!reply) return reply.error();
      return execution_json(text_of((*reply)["execution_id"]));
    });
  }
  const ports::ExecutionRef execution{request.workflow, *request.name, 0};
  return outside().call_outside(call.decode, [&](const Complete& complete) {
    Result<void> added = calls_.add([this, complete, execution, start = std::move(start)] {
      const Result<std::string> begun = caught([&]() -> Result<std::string> {
        return stop_.stop_requested() ? Result<std::string>(ended()) : nothing(start());
      });
      if (!begun) {
        complete(begun.error());
      } else {
        add_poll(complete,
                 [this, execution](Duration wait) { return ask_result(execution, wait); });
      }
      return true;
    });
    if (!added) complete(added.error());
  });
}

std::optional<Result<std::string>> RemoteService::ask_result(const ports::ExecutionRef& execution,
                                                             Duration wait) {
  wait = std::min(wait, options_.timeout / 2);  // the server answers before our patience ends
  const Result<Json> answer =
      operate([&](OperationsClient& operations) { return operations.result(execution, wait); });
  if (!answer) return answer.error();
  if (is_open(text_of((*answer)["status"]))) return std::nullopt;
  return outcome_of(execution, *answer);
}

SlotRef RemoteService::wait_result(std::string_view execution_id, detail::DecodeFunction decode) {
  const ports::ExecutionRef execution = ports::parse_execution_id(execution_id).value();
  const bool for_ever = options_.result_timeout == k_forever;
  const auto until = for_ever ? Steady::time_point::max() : Steady::now() + options_.result_timeout;
  return poll(
      decode, [this, execution, until](Duration wait) -> std::optional<Result<std::string>> {
        if (until != Steady::time_point::max()) {
          const auto left = std::chrono::duration_cast<Duration>(until - Steady::now());
          wait = std::clamp(left, Duration(0), wait);
        }
        std::optional<Result<std::string>> result = ask_result(execution, wait);
        if (!result && Steady::now() >= until) {
          result = Timeout(fmt::format("execution {} of {} did not close within {} ms",
                                       execution.id(), url_, options_.result_timeout.count()));
        }
        return result;
      });
}

SlotRef RemoteService::act_on_execution(detail::ExecutionAct act) {
  ports::ExecutionRef execution = ports::parse_execution_id(act.execution_id).value();
  execution.run = act.run;
  using Kind = detail::ExecutionAct::Kind;
  const bool gives_execution = act.kind == Kind::retry || act.kind == Kind::fork;
  if (act.kind == Kind::fork) act.text = id_or_fresh(std::move(act.text));
  return run(act.decode,
             [this, execution, gives_execution, kind = act.kind, text = std::move(act.text),
              seq = act.seq]() -> Result<std::string> {
               const Result<Json> answer = operate([&](OperationsClient& operations) {
                 switch (kind) {
                   case Kind::pause:
                     return operations.pause(execution, text);
                   case Kind::resume:
                     return operations.resume(execution);
                   case Kind::retry:
                     return operations.retry(execution);
                   case Kind::fork:
                     break;
                 }
                 return operations.fork({execution, seq, text});
               });
               if (!answer || !gives_execution) return nothing(answer);
               return execution_json(text_of((*answer)["execution_id"]));
             });
}

SlotRef RemoteService::cancel_execution(std::string_view execution_id) {
  const ports::ExecutionRef execution = ports::parse_execution_id(execution_id).value();
  return run(nullptr, [this, execution] {
    return nothing(
        operate([&](OperationsClient& operations) { return operations.cancel(execution); }));
  });
}

SlotRef RemoteService::terminate_execution(std::string_view execution_id, std::string reason) {
  const ports::ExecutionRef execution = ports::parse_execution_id(execution_id).value();
  return run(nullptr, [this, execution, reason = std::move(reason)] {
    return nothing(operate(
        [&](OperationsClient& operations) { return operations.terminate(execution, reason); }));
  });
}

SlotRef RemoteService::send_signal(detail::SignalSend send) {
  ports::SignalRequest request;
  request.execution = ports::parse_execution_id(send.execution_id).value();
  request.signal = send.signal;
  request.payload_json = std::move(send.payload);
  request.message_id = id_or_fresh(std::move(send.message_id));
  return run(nullptr, [this, request = std::move(request)] {
    return nothing(
        operate([&](OperationsClient& operations) { return operations.signal(request); }));
  });
}

SlotRef RemoteService::ask_query(detail::QueryAsk ask) {
  ports::ExecutionRef execution = ports::parse_execution_id(ask.execution_id).value();
  execution.run = ask.run;
  return run(ask.decode,
             [this, execution, query = std::string(ask.query),
              input = std::move(ask.input)]() -> Result<std::string> {
               const Result<Json> answer = operate([&](OperationsClient& operations) {
                 return operations.query(execution, query, input);
               });
               if (!answer) return answer.error();
               return answer->dump();
             });
}

SlotRef RemoteService::ask_update(detail::UpdateAsk ask) {
  ports::UpdateRequest request;
  request.execution = ports::parse_execution_id(ask.execution_id).value();
  request.update = ask.update;
  request.input_json = std::move(ask.input);
  request.update_id = id_or_fresh(std::move(ask.update_id));
  return poll(
      ask.decode,
      [this, request = std::move(request)](Duration wait) -> std::optional<Result<std::string>> {
        ports::UpdateRequest asked = request;
        asked.wait = std::min(wait, options_.timeout / 2);
        const Result<Json> answer =
            operate([&](OperationsClient& operations) { return operations.update(asked); });
        if (!answer) return answer.error();
        if (text_of((*answer)["status"]) != "completed") return std::nullopt;
        return (*answer)["result"].dump();
      });
}

SlotRef RemoteService::emit_event(detail::EmitCall call) {
  Json event = Json::object({{"name", call.event},
                             {"payload", parsed(call.payload)},
                             {"id", id_or_fresh(std::move(call.id))}});
  if (!call.key.empty()) event.set("key", call.key);
  return run(nullptr, [this, body = event.dump()] {
    return nothing(operate([&](OperationsClient& operations) {
      return operations.post("/_eventual/events", body, true);
    }));
  });
}

SlotRef RemoteService::call_transaction(detail::TransactionCall call) {
  const Json body =
      Json::object({{"input", parsed(call.input)}, {"id", id_or_fresh(std::move(call.id))}});
  return run(call.decode,
             [this, target = "/_eventual/transactions/" + gateway::percent_encode(call.transaction),
              body = body.dump()]() -> Result<std::string> {
               const Result<Json> answer = operate([&](OperationsClient& operations) {
                 return operations.post(target, body, true);
               });
               if (!answer) return answer.error();
               return (*answer)["result"].dump();
             });
}

}  // namespace eventual::client

namespace eventual::detail {

std::shared_ptr<Remote> connect_remote(std::string url, ClientOptions options) {
  return std::make_shared<client::RemoteService>(std::move(url), std::move(options));
}

Remote& require_remote(Remote* remote, std::string_view operation) {
  if (remote != nullptr) return *remote;
  throw Error(std::string(error_names::k_not_allowed),
              std::string(operation) +
                  " works through an ev::ServiceClient of its contract: client->command(input)");
}

RemoteExecution read_execution(std::string_view json) {
  const Json told = Json::parse(json).value();
  if (told.is_string()) return {told.as_string(), nullptr};
  client::Known& all = client::known();
  const std::lock_guard lock(all.mutex);
  const auto found = all.services.find(told["service"].as_uint64());
  std::shared_ptr<Remote> remote;
  if (found != all.services.end()) remote = found->second->weak_from_this().lock();
  if (remote == nullptr) {
    throw Error(std::string(error_names::k_closed), "the client that was asked has gone");
  }
  return {told["execution_id"].as_string(), std::move(remote)};
}

}  // namespace eventual::detail
