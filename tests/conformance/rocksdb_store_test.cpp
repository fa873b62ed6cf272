#include "conformance/harness.hpp"
#include "conformance/store_conformance.hpp"
#include "conformance/store_faults.hpp"

namespace eventual::conformance {

INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, StoreConformance, RocksdbHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(FaultyRocksdb, StoreConformance, FaultyHarness<RocksdbHarness>);
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, StoreFaults, FaultyHarness<RocksdbHarness>);

}  // namespace eventual::conformance
