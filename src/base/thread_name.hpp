#pragma once

#include <pthread.h>

namespace eventual::base {

/// Names the calling thread, for debuggers, `top -H` and `perf`.
/// @param name at most 15 characters; the kernel refuses longer ones, and the thread keeps its name
inline void name_thread(const char* name) noexcept { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace eventual::base
