// ServiceClient: another service by its contract, over HTTP, from handlers and from plain programs.
//
//   struct Hello {
//     ev::Command<std::string, std::string> hello{"hello"};
//     ev::Workflow<Order, Receipt> process_order{"processOrder"};
//     ev::Signal<std::string> cancel{"cancel"};
//   };
//
//   ev::ServiceClient<Hello> client{"http://localhost:9000"};
//   std::string text = client->hello("sam").get();
//   auto order = client->process_order.start(Order{"o-1"}, {.name = "o-1"}).get();
//   client->cancel.send(order, "changed my mind").get();
//   Receipt receipt = order.result().get();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "eventual/command.hpp"
#include "eventual/detail/reflect.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/future.hpp"
#include "eventual/http.hpp"
#include "eventual/ids.hpp"
#include "eventual/secret.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// How a ServiceClient reaches its service.
struct ClientOptions {
  Secret bearer_token = {};         ///< sent as Authorization: Bearer; read at the first call
  http::Fields headers = {};        ///< sent with every request
  Duration connect_timeout{5'000};  ///< for the name, the address and the TLS handshake together
  /// Without any progress of a request or its answer; then a call fails with Timeout. Each attempt
  /// has it anew.
  Duration timeout{60'000};
  Duration result_timeout = k_forever;     ///< of waiting for a result; then it fails with Timeout
  std::uint32_t attempts_max = 3;          ///< of a call that may be repeated, the first included
  Duration retry_interval{100};            ///< before the second attempt; doubles
  std::string ca_file = {};                ///< https: PEM of who is trusted; empty: the system's
  bool verify_certificate = true;          ///< false only for tests: anybody may then be the server
  std::uint32_t calls_running_max = 16;    ///< requests at once, waiting for results not counted;
                                           ///< beyond, they wait. Each has a thread
  std::uint32_t calls_waiting_max = 4096;  ///< beyond, calls fail with LimitExceeded
  std::uint32_t idle_connections_max = 8;  ///< kept for 30 s for the next calls
  std::size_t answer_bytes_max = std::size_t{64} << 20;  ///< beyond: LimitExceeded
};

namespace detail {

std::shared_ptr<Remote> connect_remote(std::string url, ClientOptions options);

template <class T>
concept ContractMember = std::is_base_of_v<RemoteHandle, T>;

/// Converts to whatever a member of a contract is, to count them.
struct AnyMember {
  template <class T>
  operator T() const;  // NOLINT: asked for, never called
};
template <std::size_t>
using AnyMemberOf = AnyMember;

template <class Contract, class Positions>
inline constexpr bool contract_takes = false;
template <class Contract, std::size_t... Position>
inline constexpr bool contract_takes<Contract, std::index_sequence<Position...>> =
    requires { Contract{AnyMemberOf<Position>{}...}; };

template <class Contract, std::size_t Count = k_fields_max>
consteval std::size_t count_contract() {
  if constexpr (Count == 0 || contract_takes<Contract, std::make_index_sequence<Count>>) {
    return Count;
  } else {
    return count_contract<Contract, Count - 1>();
  }
}

/// Tells every handle of a contract which service it belongs to.
struct RemoteBinding {
  void* contract;
  Remote* remote;

  template <class Contract, auto... Members>
  static void visit(const RemoteBinding& binding) {
    (binding.bind<Contract>(Members), ...);
  }

 private:
  template <class Contract, class Member>
  void bind(const Member* probed) const {
    static_assert(ContractMember<Member>,
                  "a contract holds handles alone: ev::Command, ev::Workflow, ev::Signal, "
                  "ev::Query, ev::Update, ev::Event, ev::Transaction");
    const auto offset = reinterpret_cast<const char*>(probed) -  // NOLINT: where it lies
                        reinterpret_cast<const char*>(&k_probe<Contract>.value);      // NOLINT
    auto* member = reinterpret_cast<Member*>(static_cast<char*>(contract) + offset);  // NOLINT
    static_cast<RemoteHandle*>(member)->remote_ = remote;
  }
};

}  // namespace detail

/// Another service, by the struct of constants that is its contract. Copies share connections and
/// threads; making one does not connect.
///
/// Everything works in handlers (commands, tasks, subscriptions), where `.get()` lets others run
/// and coroutines may co_await, and in programs and threads that are no service's; calls begin at
/// once, so that several run at a time. In a workflow and in a transaction it throws NotAllowed: do
/// it in a task. A future belongs to the thread that made it.
///
/// Repeated after a lost connection or a 503 is what happens once all the same: queries, results,
/// cancel, starts (each has a name: the caller's or a fresh one), signals, updates, events and
/// transactions (each has an id, likewise). In a task the fresh names and ids are the same for
/// every attempt, so that what one attempt did the next does not do again. Commands are repeated
/// only with `.repeatable`.
///
/// Errors: those of the service by their names; Unavailable when it cannot be reached or the
/// connection was lost (details hold the address, and `maybe_done` when it may have acted);
/// Timeout; InvalidInput for a URL or an answer that is none.
///
/// A handle that is copied out of the contract works while a copy of the client exists. In tests on
/// virtual time calls really go out, and no virtual time passes meanwhile.
///
/// Thread rule: any thread may call.
template <class Contract>
class ServiceClient {
  static_assert(std::is_aggregate_v<Contract> && std::is_default_constructible_v<Contract>,
                "a contract is a plain struct of handles with their names");

 public:
  /// `url` is "http://host:port" or "https://…", with the path before the service's own if it has
  /// one.
  explicit ServiceClient(std::string url, ClientOptions options = {})
      : remote_(detail::connect_remote(std::move(url), std::move(options))) {
    const detail::RemoteBinding binding{&contract_, remote_.get()};
    detail::visit_counted_fields<Contract, detail::RemoteBinding,
                                 detail::count_contract<Contract>()>(binding);
  }

  const Contract* operator->() const noexcept { return &contract_; }
  const Contract& operator*() const noexcept { return contract_; }

  const std::string& url() const noexcept { return remote_->url(); }

  /// Asks an execution to stop. NotFound, Closed.
  Future<void> cancel(const ExecutionId& execution) const {
    return Future<void>(remote_->cancel_execution(execution.id));
  }
  /// Stops an execution without running any more of its code. NotFound, Closed.
  Future<void> terminate(const ExecutionId& execution, std::string reason = {}) const {
    return Future<void>(remote_->terminate_execution(execution.id, std::move(reason)));
  }

 private:
  // shared: by copies of the client, and by executions that it gave
  std::shared_ptr<detail::Remote> remote_;
  Contract contract_{};
};

}  // namespace eventual
