#include "host/crash_marks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

namespace eventual::host {
namespace {

constexpr std::uint32_t k_marks_max =
    512;  // a mark a crash; the oldest half goes when they are full at a start
constexpr std::size_t k_id_bytes_max = 600;
constexpr char k_magic[16] = "eventual-crash1";
constexpr std::size_t k_nesting_max = 8;

/// One call that a dying thread was running. Reaches disk: never reorder.
struct Mark {
  std::uint32_t used;  // written last
  std::uint32_t run;
  std::uint32_t seq;
  std::uint32_t id_bytes;
  char id[k_id_bytes_max];
};
static_assert(sizeof(Mark) == 616 && std::is_trivially_copyable_v<Mark>);

}  // namespace

struct CrashMarks::File {
  char magic[16];
  std::uint32_t next;  // the first place that was never used
  std::uint32_t reserved;
  Mark marks[k_marks_max];
};

namespace {

struct ThreadCalls {
  std::uint32_t depth = 0;
  std::array<ports::CallName, k_nesting_max> calls;
  std::array<CrashMarks::File*, k_nesting_max> files;
};

constinit thread_local ThreadCalls t_calls{};

constexpr std::array k_fatal_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, k_fatal_signals.size()>
    g_previous;  // written once, before the handlers stand

/// Async-signal-safe: plain memory only.
void mark_current_call() noexcept {
  const ThreadCalls& thread = t_calls;
  if (thread.depth == 0) return;
  const std::size_t innermost = std::min<std::size_t>(thread.depth, k_nesting_max) - 1;
  CrashMarks::File* file = thread.files[innermost];
  const ports::CallName& call = thread.calls[innermost];
  const std::uint32_t place = __atomic_fetch_add(&file->next, 1, __ATOMIC_RELAXED);
  if (place >= k_marks_max) return;
  Mark& mark = file->marks[place];
  mark.run = call.run;
  mark.seq = call.seq;
  mark.id_bytes = static_cast<std::uint32_t>(std::min(call.execution_id.size(), k_id_bytes_max));
  for (std::uint32_t i = 0; i < mark.id_bytes; ++i) mark.id[i] = call.execution_id[i];
  __atomic_store_n(&mark.used, 1U, __ATOMIC_RELEASE);
}

void on_fatal_signal(int number, siginfo_t* info, void*) {
  const int saved_errno = errno;
  mark_current_call();
  t_calls.depth = 0;  // a second signal on the way down marks nothing more
  for (std::size_t i = 0; i < k_fatal_signals.size(); ++i) {
    if (k_fatal_signals[i] == number) ::sigaction(number, &g_previous[i], nullptr);
  }
  errno = saved_errno;
  // A fault that the processor raised comes again when this returns; one that was sent does not.
  if (info == nullptr || info->si_code <= 0) ::raise(number);
}

void take_over_signals() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = &on_fatal_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < k_fatal_signals.size(); ++i)
      ::sigaction(k_fatal_signals[i], nullptr, &g_previous[i]);
    for (const int number : k_fatal_signals) ::sigaction(number, &action, nullptr);
  });
}

/// A signal stack for one thread.
class SignalStack {
 public:
  SignalStack() : memory_(std::make_unique<char[]>(k_bytes)) {
    stack_t wanted{};
    wanted.ss_sp = memory_.get();
    wanted.ss_size = k_bytes;
    if (::sigaltstack(nullptr, &previous_) != 0 || (previous_.ss_flags & SS_DISABLE) == 0)
      return;  // it has one
    installed_ = ::sigaltstack(&wanted, nullptr) == 0;
  }
  ~SignalStack() {
    if (installed_) ::sigaltstack(&previous_, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  static constexpr std::size_t k_bytes = 64 * 1024;
  std::unique_ptr<char[]> memory_;
  stack_t previous_{};
  bool installed_ = false;
};

std::string_view id_of(const Mark& mark) noexcept {
  return {mark.id, std::min<std::size_t>(mark.id_bytes, k_id_bytes_max)};
}

Error refused(const std::string& path, std::string_view what) {
  return Error(std::string(error_names::k_unavailable),
               fmt::format("{} the file of crash marks {}: {}", what, path, std::strerror(errno)));
}

}  // namespace

Result<std::shared_ptr<CrashMarks>> CrashMarks::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return refused(path, "cannot open");
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    ::close(descriptor);
    return refused(path, "cannot read");
  }
  const bool is_new = status.st_size == 0;
  if (!is_new && status.st_size != sizeof(File)) {
    ::close(descriptor);
    return Error(std::string(error_names::k_corrupt),
                 path + " is no file of crash marks; move it away");
  }
  // Space is taken now: a full disk must not turn a mark into another fault.
  if (is_new && ::posix_fallocate(descriptor, 0, sizeof(File)) != 0) {
    ::close(descriptor);
    ::unlink(path.c_str());
    return refused(path, "cannot make");
  }
  void* memory = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  if (memory == MAP_FAILED) return refused(path, "cannot map");
  File* file = static_cast<File*>(memory);
  if (is_new) std::memcpy(file->magic, k_magic, sizeof k_magic);
  if (std::memcmp(file->magic, k_magic, sizeof k_magic) != 0) {
    ::munmap(memory, sizeof(File));
    return Error(std::string(error_names::k_corrupt),
                 path + " is no file of crash marks; move it away");
  }
  take_over_signals();
  // shared: threads whose handlers do not end in time go on marking.
  return std::shared_ptr<CrashMarks>(new CrashMarks(file));
}

CrashMarks::CrashMarks(File* file) : file_(file) { count_marks(); }

CrashMarks::~CrashMarks() { ::munmap(file_, sizeof(File)); }

void CrashMarks::count_marks() {
  const std::uint32_t used = std::min(file_->next, k_marks_max);
  for (std::uint32_t i = 0; i < used; ++i) {
    const Mark& mark = file_->marks[i];
    if (mark.used != 0) ++counts_[{std::string(id_of(mark)), mark.run, mark.seq}];
  }
  // Made compact, so that there is room for the next: without what was forgiven, and the newest
  // half when it is full.
  std::uint32_t kept = 0;
  const std::uint32_t first = used > k_marks_max / 2 ? used - k_marks_max / 2 : 0;
  for (std::uint32_t i = first; i < used; ++i) {
    if (file_->marks[i].used == 0) continue;
    if (kept != i) file_->marks[kept] = file_->marks[i];
    ++kept;
  }
  for (std::uint32_t i = kept; i < used; ++i) file_->marks[i].used = 0;
  file_->next = kept;
}

std::shared_ptr<void> CrashMarks::protect_thread() { return std::make_shared<SignalStack>(); }

void CrashMarks::begin(const ports::CallName& call) noexcept {
  ThreadCalls& thread = t_calls;
  if (thread.depth < k_nesting_max) {
    thread.calls[thread.depth] = call;
    thread.files[thread.depth] = file_;
  }
  // The signal handler of this very thread must not see the depth before the call.
  std::atomic_signal_fence(std::memory_order_release);
  ++thread.depth;
}

void CrashMarks::end() noexcept {
  --t_calls.depth;
  std::atomic_signal_fence(std::memory_order_release);
}

std::uint32_t CrashMarks::crashes(const ports::CallName& call) {
  const std::lock_guard lock(mutex_);
  if (counts_.empty()) return 0;
  const auto found =
      counts_.find({std::string(call.execution_id.substr(0, k_id_bytes_max)), call.run, call.seq});
  return found == counts_.end() ? 0 : found->second;
}

void CrashMarks::forgive(std::string_view execution_id) {
  const std::string_view id = execution_id.substr(0, k_id_bytes_max);
  const std::lock_guard lock(mutex_);
  std::erase_if(counts_, [&](const auto& entry) { return std::get<0>(entry.first) == id; });
  for (Mark& mark : file_->marks) {
    if (mark.used != 0 && id_of(mark) == id) mark.used = 0;
  }
}

}  // namespace eventual::host
