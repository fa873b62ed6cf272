// Types as people write them, for messages.
#pragma once

#include <string>

namespace eventual::base {

/// What `std::type_info::name()` gives, as it stands in source code: "shop::Ledger". Text that is
/// no such name comes back as it is.
std::string type_name(const char* mangled);

}  // namespace eventual::base
