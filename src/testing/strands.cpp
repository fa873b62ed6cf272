#include "testing/strands.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "eventual/error.hpp"

namespace eventual::testing {

struct Strands::Strand {
  std::thread thread;
  std::condition_variable turn;
  std::function<void()> job;
  bool ends = false;
  bool done = true;
  bool abandoned = false;
  std::optional<Timestamp> due;
  const std::function<bool()>* ready = nullptr;
};

namespace {
thread_local void* t_strand = nullptr;
}  // namespace

Strands::Strands() = default;

Strands::~Strands() {
  abandon_all();
  for (const auto& strand : all_) {
    {
      const std::lock_guard lock(mutex_);
      strand->ends = true;
      running_ = strand.get();
    }
    strand->turn.notify_one();
    strand->thread.join();
    running_ = nullptr;
  }
}

void Strands::main_loop(Strand& strand) {
  t_strand = &strand;
  std::unique_lock lock(mutex_);
  for (;;) {
    strand.turn.wait(lock, [&] { return running_ == &strand; });
    if (strand.ends) return;
    lock.unlock();
    strand.job();
    strand.job = nullptr;
    lock.lock();
    strand.done = true;
    running_ = nullptr;
    changed_.notify_one();
  }
}

void Strands::switch_to(Strand& strand) {
  std::unique_lock lock(mutex_);
  running_ = &strand;
  strand.turn.notify_one();
  changed_.wait(lock, [&] { return running_ == nullptr; });
  (strand.done ? idle_ : waiting_).push_back(&strand);
}

void Strands::run(std::function<void()> job) {
  EVENTUAL_ASSERT(t_strand == nullptr, "a handler cannot run another one on its own thread");
  if (idle_.empty()) {
    Strand& made = *all_.emplace_back(std::make_unique<Strand>());
    made.thread = std::thread([this, &made] { main_loop(made); });
    idle_.push_back(&made);
  }
  Strand& strand = *idle_.back();
  idle_.pop_back();
  strand.job = std::move(job);
  strand.done = false;
  strand.abandoned = false;
  switch_to(strand);
}

bool Strands::can_go_on(const Strand& strand, Timestamp now) {
  return strand.abandoned || (strand.due && *strand.due <= now) || (*strand.ready)();
}

bool Strands::ready(Timestamp now) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const Strand* strand) { return can_go_on(*strand, now); });
}

bool Strands::resume_one(Timestamp now) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Strand* strand) { return can_go_on(*strand, now); });
  if (found == waiting_.end()) return false;
  Strand& strand = **found;
  waiting_.erase(found);
  switch_to(strand);
  return true;
}

std::optional<Timestamp> Strands::next_due() const {
  std::optional<Timestamp> next;
  for (const Strand* strand : waiting_) {
    if (strand->due && (!next || *strand->due < *next)) next = strand->due;
  }
  return next;
}

void Strands::abandon_all() {
  for (Strand* strand : waiting_) strand->abandoned = true;
  while (!waiting_.empty()) resume_one({});
}

void Strands::wait(std::optional<Timestamp> due, const std::function<bool()>& ready) {
  EVENTUAL_ASSERT(t_strand != nullptr, "only a handler waits");
  Strand& strand = *static_cast<Strand*>(t_strand);
  std::unique_lock lock(mutex_);
  if (!strand.abandoned) {
    strand.due = due;
    strand.ready = &ready;
    running_ = nullptr;
    changed_.notify_one();
    strand.turn.wait(lock, [&] { return running_ == &strand; });
  }
  if (strand.abandoned) {
    throw Error(std::string(error_names::k_unavailable),
                "the service stopped while this handler waited");
  }
}

}  // namespace eventual::testing
