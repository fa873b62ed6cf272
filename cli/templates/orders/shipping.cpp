#include "shipping.hpp"

#include <eventual/error.hpp>

namespace shipping {

std::string book(const std::string& order_id) {
  if (order_id.ends_with("-unshippable")) {
    throw eventual::Error("Unshippable", "no carrier takes " + order_id);
  }
  return "parcel-" + order_id;
}

}  // namespace shipping
