// What a handler's thread tells the pool when it waits.
#pragma once

namespace eventual::host {

/// A thread that waits gives its slot to another and takes one again before it goes on.
class Compensation {
 public:
  virtual ~Compensation() = default;
  /// Gives the slot of the calling thread back. Throws LimitExceeded when too many handlers wait
  /// already: it keeps its slot.
  virtual void begin_blocking() = 0;
  /// Takes a slot again; blocks until there is one.
  virtual void end_blocking() noexcept = 0;
};

/// Gives the slot back for its lifetime; a null compensation has no slots.
class Blocking {
 public:
  explicit Blocking(Compensation* compensation) : compensation_(compensation) {
    if (compensation_ != nullptr) compensation_->begin_blocking();
  }
  ~Blocking() {
    if (compensation_ != nullptr) compensation_->end_blocking();
  }
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

 private:
  Compensation* compensation_;
};

}  // namespace eventual::host
