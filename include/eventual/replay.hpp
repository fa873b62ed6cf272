// Recorded histories in tests: does today's code still agree with what production has recorded?
//
//   TEST(Orders, TakesUpWhatIsRecorded) { ev::replay_histories(orders, "tests/histories"); }
//
// Histories are exported by `eventual export`; docs/time-machine.md describes the files. Link
// Eventual::testing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "eventual/service.hpp"

namespace eventual {

/// Runs the code of `service` over one exported history, given as text, without any effect.
///
/// Throws DeterminismError with both sides and the line of the code when they differ, NotFound when
/// the workflow is not declared, InvalidInput for a text that is no history, NotAllowed for one of
/// a newer format.
void replay_history(Service& service, std::string_view json);

/// The same for a file, or for every file of a folder, with its folders, whose name ends in
/// ".json"; errors name the file. Gives the number of histories. NotFound when there is none.
std::size_t replay_histories(Service& service, const std::string& path);

}  // namespace eventual
