// Reflection of plain aggregates: how many members a type has and where they are, by structured
// bindings.
#pragma once

#include <cstddef>

namespace eventual::detail {

/// The most members that one struct may have.
inline constexpr std::size_t k_fields_max = 64;

/// An object of type T that is never constructed: only the addresses of its members are used.
/// A union, so that it may be inline and hold types of anonymous namespaces.
template <class T>
union Probe {
  char none;
  T value;
  constexpr Probe() : none(0) {}
  constexpr ~Probe() {}  // NOLINT: nothing was constructed
};
template <class T>
[[clang::no_destroy]] inline constinit Probe<T> k_probe{};

/// Converts to the bases of T only, and so tells whether T has any.
template <class T>
struct AnyBase {
  template <class Base>
    requires(__is_base_of(Base, T) && !__is_same(Base, T))
  operator Base() const;  // NOLINT: asked for, never called
};
template <class T>
concept HasBase = requires { T{AnyBase<T>{}}; };

// `{}` stands for one whole member, raw arrays included, which is why the count is made with it.
// The lists are spelt out because C++20 can neither expand a pack into empty braces nor bind a
// pack. One line a member count.
// clang-format off
template <class T, std::size_t N> inline constexpr bool k_accepts = false;
template <class T> inline constexpr bool k_accepts<T, 0> = requires { T{}; };
template <class T> inline constexpr bool k_accepts<T, 1> = requires { T{{}}; };
template <class T> inline constexpr bool k_accepts<T, 2> = requires { T{{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 3> = requires { T{{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 4> = requires { T{{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 5> = requires { T{{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 6> = requires { T{{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 7> = requires { T{{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 8> = requires { T{{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 9> = requires { T{{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 10> = requires { T{{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 11> = requires { T{{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 12> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 13> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 14> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 15> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 16> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 17> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 18> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 19> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 20> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 21> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 22> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 23> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 24> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 25> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 26> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 27> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 28> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 29> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 30> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 31> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 32> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 33> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 34> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 35> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 36> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 37> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 38> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 39> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 40> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 41> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 42> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 43> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 44> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 45> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 46> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 47> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 48> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 49> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 50> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 51> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 52> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 53> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 54> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 55> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 56> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 57> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 58> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 59> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 60> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 61> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 62> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 63> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 64> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
template <class T> inline constexpr bool k_accepts<T, 65> = requires { T{{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}}; };
// clang-format on

/// The number of members of the aggregate T; k_fields_max + 1 stands for more than that.
template <class T, std::size_t Low = 0, std::size_t High = k_fields_max + 1>
consteval std::size_t count_fields() {
  if constexpr (Low == High) {
    return Low;
  } else {
    constexpr std::size_t k_middle = (Low + High + 1) / 2;
    if constexpr (k_accepts<T, k_middle>) {
      return count_fields<T, k_middle, High>();
    } else {
      return count_fields<T, Low, k_middle - 1>();
    }
  }
}

/// Calls Visitor::template visit<T, &member...>(argument) with the address of each member within
/// k_probe<T>. `k_count` is the number of members.
// A compiler error that points here means that the struct holds something that has no default: a
// raw array, a reference, a bit field. Use std::array, a value, an integer.
// clang-format off
template <class T, class Visitor, std::size_t k_count, class Argument>
void visit_counted_fields(Argument& argument) {
  if constexpr (k_count == 0) Visitor::template visit<T>(argument);
  else if constexpr (k_count == 1) { auto& [m0] = k_probe<T>.value; Visitor::template visit<T,&m0>(argument); }
  else if constexpr (k_count == 2) { auto& [m0,m1] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1>(argument); }
  else if constexpr (k_count == 3) { auto& [m0,m1,m2] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2>(argument); }
  else if constexpr (k_count == 4) { auto& [m0,m1,m2,m3] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3>(argument); }
  else if constexpr (k_count == 5) { auto& [m0,m1,m2,m3,m4] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4>(argument); }
  else if constexpr (k_count == 6) { auto& [m0,m1,m2,m3,m4,m5] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5>(argument); }
  else if constexpr (k_count == 7) { auto& [m0,m1,m2,m3,m4,m5,m6] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6>(argument); }
  else if constexpr (k_count == 8) { auto& [m0,m1,m2,m3,m4,m5,m6,m7] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7>(argument); }
  else if constexpr (k_count == 9) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8>(argument); }
  else if constexpr (k_count == 10) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9>(argument); }
  else if constexpr (k_count == 11) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10>(argument); }
  else if constexpr (k_count == 12) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11>(argument); }
  else if constexpr (k_count == 13) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12>(argument); }
  else if constexpr (k_count == 14) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13>(argument); }
  else if constexpr (k_count == 15) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14>(argument); }
  else if constexpr (k_count == 16) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15>(argument); }
  else if constexpr (k_count == 17) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16>(argument); }
  else if constexpr (k_count == 18) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17>(argument); }
  else if constexpr (k_count == 19) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18>(argument); }
  else if constexpr (k_count == 20) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19>(argument); }
  else if constexpr (k_count == 21) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20>(argument); }
  else if constexpr (k_count == 22) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21>(argument); }
  else if constexpr (k_count == 23) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22>(argument); }
  else if constexpr (k_count == 24) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23>(argument); }
  else if constexpr (k_count == 25) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24>(argument); }
  else if constexpr (k_count == 26) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25>(argument); }
  else if constexpr (k_count == 27) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26>(argument); }
  else if constexpr (k_count == 28) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27>(argument); }
  else if constexpr (k_count == 29) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28>(argument); }
  else if constexpr (k_count == 30) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29>(argument); }
  else if constexpr (k_count == 31) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30>(argument); }
  else if constexpr (k_count == 32) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31>(argument); }
  else if constexpr (k_count == 33) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32>(argument); }
  else if constexpr (k_count == 34) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33>(argument); }
  else if constexpr (k_count == 35) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34>(argument); }
  else if constexpr (k_count == 36) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35>(argument); }
  else if constexpr (k_count == 37) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36>(argument); }
  else if constexpr (k_count == 38) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37>(argument); }
  else if constexpr (k_count == 39) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38>(argument); }
  else if constexpr (k_count == 40) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39>(argument); }
  else if constexpr (k_count == 41) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40>(argument); }
  else if constexpr (k_count == 42) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41>(argument); }
  else if constexpr (k_count == 43) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42>(argument); }
  else if constexpr (k_count == 44) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43>(argument); }
  else if constexpr (k_count == 45) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44>(argument); }
  else if constexpr (k_count == 46) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45>(argument); }
  else if constexpr (k_count == 47) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46>(argument); }
  else if constexpr (k_count == 48) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47>(argument); }
  else if constexpr (k_count == 49) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48>(argument); }
  else if constexpr (k_count == 50) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49>(argument); }
  else if constexpr (k_count == 51) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50>(argument); }
  else if constexpr (k_count == 52) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51>(argument); }
  else if constexpr (k_count == 53) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52>(argument); }
  else if constexpr (k_count == 54) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53>(argument); }
  else if constexpr (k_count == 55) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54>(argument); }
  else if constexpr (k_count == 56) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55>(argument); }
  else if constexpr (k_count == 57) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56>(argument); }
  else if constexpr (k_count == 58) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57>(argument); }
  else if constexpr (k_count == 59) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57,&m58>(argument); }
  else if constexpr (k_count == 60) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58,m59] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57,&m58,&m59>(argument); }
  else if constexpr (k_count == 61) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58,m59,m60] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57,&m58,&m59,&m60>(argument); }
  else if constexpr (k_count == 62) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58,m59,m60,m61] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57,&m58,&m59,&m60,&m61>(argument); }
  else if constexpr (k_count == 63) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58,m59,m60,m61,m62] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57,&m58,&m59,&m60,&m61,&m62>(argument); }
  else if constexpr (k_count == 64) { auto& [m0,m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12,m13,m14,m15,m16,m17,m18,m19,m20,m21,m22,m23,m24,m25,m26,m27,m28,m29,m30,m31,m32,m33,m34,m35,m36,m37,m38,m39,m40,m41,m42,m43,m44,m45,m46,m47,m48,m49,m50,m51,m52,m53,m54,m55,m56,m57,m58,m59,m60,m61,m62,m63] = k_probe<T>.value; Visitor::template visit<T,&m0,&m1,&m2,&m3,&m4,&m5,&m6,&m7,&m8,&m9,&m10,&m11,&m12,&m13,&m14,&m15,&m16,&m17,&m18,&m19,&m20,&m21,&m22,&m23,&m24,&m25,&m26,&m27,&m28,&m29,&m30,&m31,&m32,&m33,&m34,&m35,&m36,&m37,&m38,&m39,&m40,&m41,&m42,&m43,&m44,&m45,&m46,&m47,&m48,&m49,&m50,&m51,&m52,&m53,&m54,&m55,&m56,&m57,&m58,&m59,&m60,&m61,&m62,&m63>(argument); }
}
// clang-format on

template <class T, class Visitor, class Argument>
void visit_fields(Argument& argument) {
  visit_counted_fields<T, Visitor, count_fields<T>()>(argument);
}

}  // namespace eventual::detail
