// Lets many readers through, and one owner at a time when no reader is inside.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace eventual::store {

/// Unlike a shared mutex, a reader may enter again while it is inside, even when an owner waits,
/// and the owner gives up after a time: a reader that is inside may itself be waiting for the
/// owner's thread.
class Gate {
 public:
  class Reader {
   public:
    explicit Reader(Gate& gate) : gate_(gate) {
      std::unique_lock lock(gate_.mutex_);
      gate_.changed_.wait(lock, [this] { return !gate_.owned_; });
      ++gate_.readers_;
    }
    ~Reader() {
      const std::scoped_lock lock(gate_.mutex_);
      if (--gate_.readers_ == 0 && gate_.owners_waiting_ > 0) gate_.changed_.notify_all();
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    Gate& gate_;
  };

  class Owner {
   public:
    Owner(Gate& gate, std::chrono::milliseconds wait) : gate_(gate) {
      std::unique_lock lock(gate_.mutex_);
      ++gate_.owners_waiting_;
      owns_ = gate_.changed_.wait_for(lock, wait,
                                      [this] { return gate_.readers_ == 0 && !gate_.owned_; });
      --gate_.owners_waiting_;
      if (owns_) gate_.owned_ = true;
    }
    ~Owner() {
      if (!owns_) return;
      const std::scoped_lock lock(gate_.mutex_);
      gate_.owned_ = false;
      gate_.changed_.notify_all();
    }
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    bool owns() const { return owns_; }

   private:
    Gate& gate_;
    bool owns_ = false;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t readers_ = 0;
  std::size_t owners_waiting_ = 0;
  bool owned_ = false;
};

}  // namespace eventual::store
