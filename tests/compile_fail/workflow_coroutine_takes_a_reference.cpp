// expect: take parameters by value
#include "eventual/eventual.hpp"

eventual::Future<std::size_t> length(const std::string& text) { co_return text.size(); }
