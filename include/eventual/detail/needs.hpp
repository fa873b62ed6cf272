// What handlers ask of Service::provide, noted where they are declared.
#pragma once

#include <cstddef>
#include <source_location>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <utility>
#include <vector>

#include "eventual/detail/definitions.hpp"

namespace eventual::detail {

/// What a handler's call brings along; everything else is for Service::provide.
template <class Type>
inline constexpr bool is_context =
    std::is_same_v<Type, TaskContext> || std::is_same_v<Type, EventContext> ||
    std::is_same_v<Type, CommandContext> || std::is_same_v<Type, TransactionContext> ||
    std::is_same_v<Type, http::Request> || std::is_same_v<Type, ServiceInfo>;

struct OnlyContexts {
  template <class Type>
  static constexpr bool gives = is_context<Type>;
};

/// The types that Service::provide has to give for the parameters from the one at `First` on.
template <class Giver, class Parameters, std::size_t First = 0>
std::vector<std::type_index> needs_of() {
  constexpr std::size_t k_parameters = std::tuple_size_v<Parameters>;
  std::vector<std::type_index> needs;
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    const auto note = [&]<class Parameter>(std::type_identity<Parameter>) {
      using Type = std::remove_cvref_t<Parameter>;
      if constexpr (!Giver::template gives<Type>) {
        static_assert(std::is_lvalue_reference_v<Parameter>,
                      "a handler takes one input, several values as the members of a struct; what "
                      "follows it is a context, or a reference to what orders.provide<T>(…) gives");
        needs.emplace_back(typeid(Type));
      }
    };
    (note(std::type_identity<std::tuple_element_t<First + Index, Parameters>>{}), ...);
  }(std::make_index_sequence<(k_parameters > First ? k_parameters - First : 0)>{});
  return needs;
}

/// The declarations of a service, with what their handlers ask for.
class NotedDeclarations : public Declarations {
 public:
  using Declarations::Declarations;

  /// `who` asks for `needs`: "task \"chargeCard\"".
  void note(std::string who, std::vector<std::type_index> needs, std::source_location location);
  /// Those who ask for what nobody provides (yet), with where they stand, as they were declared.
  std::vector<Defect> not_provided() const;

 private:
  struct Need {
    std::string who;
    std::type_index type;
    std::source_location location;
  };
  std::vector<Need> needs_;
};

}  // namespace eventual::detail
