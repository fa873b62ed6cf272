// A stand-in for a carrier: put the real one's client here.
#pragma once

#include <string>

namespace shipping {

/// Books a parcel and gives its tracking id. Throws ev::Error("Unshippable").
std::string book(const std::string& order_id);

}  // namespace shipping
