// What annotations demand of a value, ready to be checked.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "eventual/schema.hpp"
#include "schema/pattern.hpp"

namespace eventual::schema {

__extension__ using Wide = __int128;  // holds every 64-bit integer, signed or not

struct Bound {
  bool is_integer = true;
  Wide integer = 0;
  double real = 0;

  std::string text() const;
};

class Checks {
 public:
  Checks() = default;
  /// A pattern that does not compile is a defect, told in `*defect`, and not checked.
  explicit Checks(const Annotations& annotations, std::string* defect = nullptr);

  bool any() const { return any_; }

  // Each gives why the value is refused, or an empty text.
  std::string check_integer(Wide value) const;
  std::string check_number(double value) const;
  std::string check_string(std::string_view value) const;
  std::string check_length(std::size_t length, std::string_view unit) const;

 private:
  bool any_ = false;
  std::optional<Bound> minimum_;
  std::optional<Bound> maximum_;
  std::optional<std::size_t> length_min_;
  std::optional<std::size_t> length_max_;
  std::string_view pattern_text_;
  const Pattern* pattern_ = nullptr;
};

}  // namespace eventual::schema
