#include "host/transactions.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/payload_limit.hpp"
#include "base/random.hpp"
#include "base/unique_id.hpp"
#include "engine/entity_transaction.hpp"
#include "engine/event_rows.hpp"
#include "eventual/transaction.hpp"
#include "host/answered_once.hpp"
#include "host/random.hpp"
#include "host/transaction_runtime.hpp"
#include "model/entities.hpp"

namespace eventual::host {

namespace keys = model::keys;
using ports::Table;

namespace {

constexpr std::uint32_t k_operation_attempts = 1000;  // of one operation: it gets there sooner
/// With ids: so many later, and at most so many at a time, those that are too old are forgotten.
constexpr std::uint32_t k_forget_every = 256;
constexpr std::size_t k_forget_at_once = 512;

Error unavailable(std::string message) {
  return Error(std::string(error_names::k_unavailable), std::move(message));
}

}  // namespace

/// One call, over all its attempts.
class Transactions::Run : public std::enable_shared_from_this<Run> {
 public:
  /// The second: nothing is known of it, the service could not try.
  using Done = std::function<void(Result<std::string> result, bool untried)>;

  Run(Transactions& owner, Done done) : owner_(owner), done_(std::move(done)) {}
  ~Run() {
    if (done_) finish(unavailable("the service stopped before it could answer"), true);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void call(const detail::TransactionDefinition& definition, std::string input) {
    definition_ = &definition;
    input_ = std::move(input);
    attempts_max_ = definition.max_attempts;
  }
  void operation(detail::EntityRequest request, const void* item) {
    request_ = std::move(request);
    item_ = item;
    attempts_max_ = k_operation_attempts;
  }
  /// It happens once.
  void set_id(std::string id) { id_ = std::move(id); }
  /// A workflow's call; `row` is in the dedupe table while it may happen.
  void set_call(ports::CallName name, std::string row) {
    execution_id_ = name.execution_id;
    name_ = name;
    name_->execution_id = execution_id_;
    call_row_ = std::move(row);
  }
  /// It does not begin.
  void refuse(Error error) { finish(std::move(error), false); }

  void attempt() {
    ++attempt_;
    engine::EntityTransaction transaction(
        owner_.reads_, owner_.host_.handlers.declarations, owner_.random(),
        definition_ != nullptr ? engine::EntityTransaction::Kind::transaction
                               : engine::EntityTransaction::Kind::plain);
    std::vector<engine::OutgoingSignal> signals;
    std::vector<model::StoredEvent> events;
    auto known = recorded(transaction);
    if (!known) return finish(known.error(), is_unavailable(known.error()));
    if (*known) return finish(std::move(**known), false);
    Result<std::string> result = run_handler(transaction, signals, events);
    if (untried_) return finish(*untried_, true);
    if (!result || (!transaction.changes() && signals.empty() && events.empty() && id_.empty() &&
                    call_row_.empty()))
      return finish_without_writes(transaction, std::move(result));
    keep_result(transaction, *result);
    add_changes(transaction, events);
    auto batch = transaction.take_batch();
    if (!batch) return finish(batch.error(), false);
    engine::Part part;
    part.batch = std::move(*batch);
    part.signals = std::move(signals);
    if (auto added = add_events(part, std::move(events)); !added)
      return finish(added.error(), false);
    commit(std::move(part), std::move(*result));
  }

 private:
  static bool is_unavailable(const Error& error) {
    return error.name() == error_names::k_unavailable;
  }

  /// The result of an earlier run of this call.
  Result<std::optional<std::string>> recorded(engine::EntityTransaction& transaction) {
    if (!call_row_.empty()) {
      const auto row = transaction.read(Table::dedupe, call_row_);
      if (!row) return row.error();
      if (!*row)
        return Error(std::string(error_names::k_closed), "the call has its answer already");
      auto open = model::decode_open_store_call(**row);
      if (!open) return open.error();
      if (open->done) return std::optional(std::move(open->result));
    }
    if (!id_.empty()) {
      const auto row =
          transaction.read(Table::dedupe, keys::transaction_id(definition_->name, id_));
      if (!row) return row.error();
      if (!*row) return std::optional<std::string>();
      auto record = model::decode_transaction(**row);
      if (!record) return record.error();
      if (record->at + base::k_event_id_retention <= owner_.now())
        return std::optional<std::string>();
      if (record->input_hash != base::stable_hash(input_)) {
        return Error(std::string(error_names::k_already_exists),
                     "transaction " + definition_->name + " was called with id " + id_ +
                         " and another input");
      }
      return std::optional(std::move(record->result));
    }
    return std::optional<std::string>();
  }

  Result<std::string> run_handler(engine::EntityTransaction& transaction,
                                  std::vector<engine::OutgoingSignal>& signals,
                                  std::vector<model::StoredEvent>& events) {
    std::optional<ports::MarkedCall> marked;
    if (name_) marked.emplace(owner_.host_.marker, *name_);
    if (definition_ == nullptr) {
      auto result = transaction.perform(request_, item_);
      item_ = nullptr;
      if (!result && is_unavailable(result.error())) untried_ = result.error();
      return result;
    }
    TransactionContext context(attempt_);
    detail::HandlerScope scope;
    scope.transaction = &context;
    scope.service = &owner_.host_.service;
    scope.provided = &owner_.host_.handlers.declarations.provided();
    TransactionRuntime runtime(owner_.host_.handlers, transaction);
    Result<std::string> result = std::string();
    try {
      result = runtime.run(definition_->run, input_, scope);
      owner_.host_.handlers.require_fits(result->size(),
                                         "the result of transaction " + definition_->name);
    } catch (...) {
      result = describe(std::current_exception());
    }
    untried_ = runtime.store_failure();
    if (result) {
      signals = runtime.take_signals();
      events = runtime.take_events();
    }
    return result;
  }

  /// What it says of the entities must hold at one instant, as if it had been committed.
  void finish_without_writes(engine::EntityTransaction& transaction, Result<std::string> result) {
    const auto valid = definition_ != nullptr ? transaction.still_valid() : Result<bool>(true);
    if (!valid) return finish(valid.error(), true);
    if (!*valid) return again();
    finish(std::move(result), false);
  }

  void keep_result(engine::EntityTransaction& transaction, const std::string& result) {
    if (!call_row_.empty())
      transaction.put(Table::dedupe, call_row_, model::encode(model::OpenStoreCall{true, result}));
    if (id_.empty()) return;
    const Timestamp now = owner_.now();
    transaction.put(
        Table::dedupe, keys::transaction_id(definition_->name, id_),
        model::encode(model::TransactionRecord{now, base::stable_hash(input_), result}));
    transaction.put(Table::dedupe, keys::transaction_time(now, definition_->name, id_), {});
  }

  /// For those who subscribe to the changes of an entity.
  static void add_changes(const engine::EntityTransaction& transaction,
                          std::vector<model::StoredEvent>& events) {
    for (const auto& change : transaction.item_changes()) {
      if (!change.entity->changes.empty()) events.push_back(engine::event_of(change));
    }
  }

  /// They get their place in the log once the batch is durable.
  Result<void> add_events(engine::Part& part, std::vector<model::StoredEvent> events) {
    if (events.empty()) return {};
    base::Random random(owner_.random());
    const std::string id = base::unique_id(owner_.now(), random);
    std::size_t bytes = 0;
    for (model::StoredEvent& event : events) {
      bytes += event.payload.text.size();
      const std::string unique = id + "/" + std::to_string(part.events.size());
      part.events.push_back(engine::make_incoming_event(unique, std::move(event)));
    }
    if (bytes <= base::k_transaction_event_bytes_max) return {};
    return Error(std::string(error_names::k_limit_exceeded),
                 "the events of a transaction, with the changes of items that somebody subscribes "
                 "to, have " +
                     std::to_string(bytes) + " bytes, more than " +
                     std::to_string(base::k_transaction_event_bytes_max));
  }

  void commit(engine::Part part, std::string result) {
    part.done = answered_once<bool>(
        [self = shared_from_this(), result = std::move(result)](Result<bool> committed) {
          if (!committed) return self->finish(committed.error(), true);
          if (*committed) return self->finish(result, false);
          self->again();
        });
    const ports::Callback<bool> done = part.done;
    if (const auto posted = owner_.host_.mailbox.post_request(messages::Commit{std::move(part)});
        !posted) {
      done(posted.error());
    }
  }

  /// Others changed what it read.
  void again() {
    if (attempt_ >= attempts_max_) {
      const std::string what = definition_ != nullptr ? "transaction " + definition_->name
                                                      : "a write of entity " + request_.entity;
      return finish(Error(std::string(error_names::k_transaction_conflict),
                          what + " gave up after " + std::to_string(attempt_) +
                              " attempts: others changed each time what it had read"),
                    false);
    }
    const auto taken = owner_.host_.run_later([self = shared_from_this()] { self->attempt(); });
    if (!taken) finish(taken.error(), true);
  }

  void finish(Result<std::string> result, bool untried) {
    if (const Done done = std::exchange(done_, nullptr)) done(std::move(result), untried);
  }

  Transactions& owner_;
  Done done_;
  const detail::TransactionDefinition* definition_ = nullptr;  // null: an operation
  std::string input_;
  detail::EntityRequest request_;
  const void* item_ = nullptr;
  std::uint32_t attempt_ = 0;
  std::uint32_t attempts_max_ = 1;
  std::string id_;
  std::string execution_id_;
  std::optional<ports::CallName> name_;
  std::string call_row_;
  std::optional<Error> untried_;
};

Transactions::Transactions(ports::Store& reads, TransactionsHost host)
    : reads_(reads), host_(std::move(host)) {}

Transactions::~Transactions() = default;

Timestamp Transactions::now() const {
  if (host_.handlers.time != nullptr) return host_.handlers.time->now();
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::uint64_t Transactions::random() const {
  return host_.handlers.time != nullptr ? host_.handlers.time->random_u64() : system_random_u64();
}

void Transactions::start(std::shared_ptr<Run> run, bool here) {
  if (here) return run->attempt();
  // Refused, the job and with it the run are dropped, which answers Unavailable; say why instead.
  const auto taken = host_.run_request([run] { run->attempt(); });
  if (!taken) run->refuse(taken.error());
}

void Transactions::transact(ports::TransactionRequest request, ports::Callback<std::string> done) {
  const detail::TransactionDefinition* definition =
      host_.handlers.declarations.find_transaction(request.transaction);
  if (definition == nullptr) {
    return done(Error(std::string(error_names::k_not_found),
                      "transaction " + request.transaction + " is not declared"));
  }
  if (const std::size_t most = host_.handlers.payload_bytes_max; request.input_json.size() > most) {
    return done(base::payload_too_large("the input of transaction " + definition->name,
                                        request.input_json.size(), most));
  }
  if (request.id.size() > base::k_name_bytes_max) {
    return done(Error(std::string(error_names::k_limit_exceeded),
                      "the id of a transaction has at most " +
                          std::to_string(base::k_name_bytes_max) + " bytes"));
  }
  if (!request.here) {
    try {
      request.input_json = definition->normalise(request.input_json);
    } catch (...) {
      return done(describe(std::current_exception()));
    }
  }
  auto run = std::make_shared<Run>(
      *this,
      [done = std::move(done)](Result<std::string> result, bool) { done(std::move(result)); });
  run->call(*definition, std::move(request.input_json));
  if (!request.id.empty()) {
    run->set_id(std::move(request.id));
    if (ids_since_forgetting_.fetch_add(1) % k_forget_every == k_forget_every - 1) forget_old_ids();
  }
  start(std::move(run), request.here);
}

void Transactions::entity(ports::EntityOperation operation, ports::Callback<std::string> done) {
  auto run = std::make_shared<Run>(
      *this,
      [done = std::move(done)](Result<std::string> result, bool) { done(std::move(result)); });
  run->operation(std::move(operation.request), operation.here ? operation.item : nullptr);
  start(std::move(run), operation.here);
}

void Transactions::perform(engine::StoreCall call) {
  engine::StoreCallResult answer;
  answer.execution_id = call.execution_id;
  answer.run = call.run;
  answer.seq = call.seq;
  auto run = std::make_shared<Run>(
      *this, [this, answer](Result<std::string> result, bool untried) mutable {
        answer.again = untried;
        answer.result = std::move(result);
        host_.mailbox.post(std::move(answer));
      });
  if (call.entity) {
    run->operation(std::move(*call.entity), nullptr);
  } else {
    const detail::TransactionDefinition* definition =
        host_.handlers.declarations.find_transaction(call.transaction);
    if (definition == nullptr) {
      return run->refuse(Error(std::string(error_names::k_not_found),
                               "transaction " + call.transaction + " is not declared"));
    }
    run->call(*definition, std::move(call.input));
  }
  run->set_call({call.execution_id, call.run, call.seq},
                call.writes ? keys::open_store_call(call.name) : std::string());
  run->attempt();
}

/// Ids that nobody may call with again, a few at a time and by one thread.
void Transactions::forget_old_ids() {
  if (forgetting_.exchange(true)) return;
  engine::Part part;
  const std::string from = keys::transaction_times();
  const std::string to = keys::transaction_time(now() - base::k_event_id_retention, {}, {});
  const auto scanned =
      reads_.scan(Table::dedupe, {from, to}, [&](std::string_view row, std::string_view) {
        const auto time = keys::parse_transaction_time(row);
        if (!time) return true;
        part.batch.remove(Table::dedupe, std::string(row));
        const std::string id_row = keys::transaction_id(time->transaction, time->id);
        const auto stored = reads_.get(Table::dedupe, id_row);
        if (!stored || !*stored) return stored.ok();
        const auto record = model::decode_transaction(**stored);
        if (record && record->at == time->at) {  // it was not called with again since
          part.batch.require(Table::dedupe, id_row, *stored);
          part.batch.remove(Table::dedupe, id_row);
        }
        return part.batch.writes.size() < k_forget_at_once;
      });
  if (!scanned || part.batch.empty()) return forgetting_.store(false);
  part.done = answered_once<bool>([this](const Result<bool>&) { forgetting_.store(false); });
  (void)host_.mailbox.post_request(messages::Commit{std::move(part)});
}

}  // namespace eventual::host
