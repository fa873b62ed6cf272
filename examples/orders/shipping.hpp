// What the service wants of a carrier.
#pragma once

#include <string>

namespace shipping {

/// Books a parcel for the order, once, and gives its tracking id. Blocks. Throws ev::Error:
/// Unshippable, or PaymentsUnreachable (the payment stand-in also books parcels).
std::string book(const std::string& order_id);

}  // namespace shipping
