// Holds what happened against what should have.
#pragma once

#include <string>
#include <vector>

#include "plan.hpp"
#include "run.hpp"

namespace demo {

/// Prints the tables; gives what was violated, one sentence each.
std::vector<std::string> judge(const Settings& settings, const Plan& plan, const Report& report);

}  // namespace demo
