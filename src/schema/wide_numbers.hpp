// Numbers that JSON allows and that neither 64-bit integers nor doubles hold: the parser refuses
// the whole text for one, this tells where they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eventual::schema {

struct WideNumbers {
  std::vector<std::string> pointers;  ///< of each, the first k_read_problems_max of them
  std::string text;                   ///< the JSON with 0 in the place of each
};

/// `json` may be no JSON at all: what is found up to the first mistake counts.
WideNumbers find_wide_numbers(std::string_view json);

}  // namespace eventual::schema
