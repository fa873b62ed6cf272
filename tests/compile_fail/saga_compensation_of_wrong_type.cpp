// expect: no matching member function for call to .undo.
#include "eventual/eventual.hpp"

constexpr eventual::Task<std::string, void> refund{"refund"};
eventual::Future<void> outer() {
  eventual::Saga saga;
  saga.undo(refund, std::vector<int>{});
  co_return;
}
