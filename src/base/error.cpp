#include "eventual/error.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "base/assert.hpp"

namespace eventual {
namespace {

std::string class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(name.get()) : std::string(type.name());
}

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
