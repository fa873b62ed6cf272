#include "eventual/error.hpp"

#include <cxxabi.h>

#include <typeinfo>

#include "base/assert.hpp"
#include "base/type_name.hpp"

namespace eventual {
namespace {

std::string class_name(const std::type_info& type) { return base::type_name(type.name()); }

}  // namespace

void throw_error(Error error) {
  if (error.name() == Timeout::k_name) throw Timeout(error.message(), error.details_json());
  if (error.name() == HeartbeatTimeout::k_name)
    throw HeartbeatTimeout(error.message(), error.details_json());
  if (error.name() == Cancelled::k_name) throw Cancelled(error.message(), error.details_json());
  throw error;
}

Error describe(const std::exception_ptr& exception) {
  EVENTUAL_ASSERT(exception != nullptr, "describe needs an exception");
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(class_name(typeid(error)), error.what());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return Error("Error", type == nullptr
                              ? "an exception of unknown type was thrown"
                              : "an exception of type " + class_name(*type) + " was thrown");
  }
}

}  // namespace eventual
