#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/connection.hpp"

#include "base/thread_name.hpp"

namespace eventual::gateway::detail {
namespace {

Clock::duration sweep_interval(const ServerOptions& options) {
  const Duration shortest = std::min(
      {options.header_timeout, options.idle_timeout, options.body_timeout, options.linger_timeout});
  return std::clamp<Duration>(shortest / 4, Duration(5), Duration(1000));
}

/// Nobody will send it: whoever makes its body must not wait.
void give_up(const Answer& answer) {
  if (answer.pipe != nullptr) answer.pipe->close();
}

}  // namespace

void Mailbox::deliver(Answer answer) {
  std::unique_lock lock(mutex);
  if (loop == nullptr) return give_up(answer);
  if (loop->context.get_executor().running_in_this_thread()) {
    lock.unlock();
    if (const auto connection = answer.connection.lock()) {
      connection->complete(std::move(answer));
      connection->pump();
    } else {
      give_up(answer);
    }
    return;
  }
  answers.push_back(std::move(answer));
  if (std::exchange(scheduled, true)) return;
  asio::post(loop->context, [target = loop] { target->take_answers(); });
}

void Mailbox::nudge(const std::weak_ptr<Connection>& connection) {
  deliver({connection, Answer::k_nothing, {}, nullptr, false});
}

Loop::Loop(Shared& shared_state)
    : shared(shared_state),
      mailbox(std::make_shared<Mailbox>()),
      sweep_interval_(sweep_interval(shared_state.options)),
      work_(context.get_executor()),
      sweep_timer_(context) {
  mailbox->loop = this;
  mailbox->counters = shared.counters;
  arm_sweep();
}

Loop::~Loop() {
  join();
  const std::lock_guard lock(mailbox->mutex);
  mailbox->loop = nullptr;
  for (const Answer& answer : mailbox->answers) give_up(answer);
  mailbox->answers.clear();
}

void Loop::start_thread() {
  thread_ = std::thread([this] {
    base::name_thread("ev-http");
    context.run();
  });
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

void Loop::take_answers() {
  {
    const std::lock_guard lock(mailbox->mutex);
    taken_.swap(mailbox->answers);
    mailbox->scheduled = false;
  }
  for (Answer& answer : taken_) {
    if (const auto connection = answer.connection.lock()) {
      connection->complete(std::move(answer));
    } else {
      give_up(answer);
    }
  }
  // Completed first and sent then: what belongs to one connection leaves in one write.
  for (const Answer& answer : taken_) {
    if (const auto connection = answer.connection.lock()) connection->pump();
  }
  taken_.clear();
}

void Loop::drain() {
  asio::post(context, [this] {
    draining = true;
    const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
    for (const auto& connection : all) connection->drain();
  });
}

void Loop::finish() {
  asio::post(context, [this] {
    draining = true;
    sweep_timer_.cancel();
    const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
    for (const auto& connection : all) connection->close();
    // One more round lets the operations that were just cancelled release their connections.
    asio::post(context, [this] {
      work_.reset();
      context.stop();
    });
  });
}

void Loop::arm_sweep() {
  sweep_timer_.expires_after(sweep_interval_);
  sweep_timer_.async_wait([this](const boost::system::error_code& code) {
    if (code) return;
    sweep();
    arm_sweep();
  });
}

void Loop::sweep() {
  const Clock::time_point now = Clock::now();
  std::vector<std::shared_ptr<Connection>> late;
  for (const auto& connection : connections) {
    if (connection->expired(now)) late.push_back(connection);
  }
  for (const auto& connection : late) connection->expire(now);
}

}  // namespace eventual::gateway::detail
