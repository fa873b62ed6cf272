#include "conformance/harness.hpp"
#include "conformance/store_conformance.hpp"
#include "conformance/store_faults.hpp"

namespace eventual::conformance {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(FaultyMemory, StoreConformance, FaultyHarness<MemoryHarness>);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreFaults, FaultyHarness<MemoryHarness>);

}  // namespace eventual::conformance
