#include "tests/growth/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EVENTUAL_OWN_NEW 0
#endif
#endif
#ifndef EVENTUAL_OWN_NEW
#define EVENTUAL_OWN_NEW 1
#endif

namespace {
std::atomic<std::uint64_t> g_allocations{0};
}  // namespace

namespace eventual::test {

bool counts_allocations() noexcept { return EVENTUAL_OWN_NEW != 0; }
std::uint64_t allocations() noexcept { return g_allocations.load(std::memory_order_relaxed); }

}  // namespace eventual::test

#if EVENTUAL_OWN_NEW
void* operator new(std::size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
#endif
