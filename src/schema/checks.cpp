#include "schema/checks.hpp"

#include <fmt/format.h>

#include "schema/access.hpp"
#include "schema/text.hpp"

namespace eventual {

Json Number::to_json_value() const {
  switch (form_) {
    case Form::natural:
      return Json(bits_);
    case Form::negative:
      return Json(static_cast<std::int64_t>(bits_));
    case Form::real:
      break;
  }
  return Json(real_);
}

Result<Json> Literal::to_json_value() const {
  switch (form_) {
    case Form::string:
      return Json(text_);
    case Form::number:
      return number_.to_json_value();
    case Form::json:
      break;
  }
  return Json::parse(text_);
}

namespace schema {
namespace {

Bound make_bound(const Number& number) {
  const Json value = number.to_json_value();
  Bound bound;
  bound.is_integer = value.is_integer();
  bound.real = value.as_double();
  if (bound.is_integer) {
    bound.integer =
        detail::JsonAccess::is_uint64(value) ? Wide{value.as_uint64()} : Wide{value.as_int64()};
  }
  return bound;
}

bool less(Wide value, const Bound& bound) {
  return bound.is_integer ? value < bound.integer : static_cast<double>(value) < bound.real;
}

bool greater(Wide value, const Bound& bound) {
  return bound.is_integer ? value > bound.integer : static_cast<double>(value) > bound.real;
}

}  // namespace

std::string Bound::text() const {
  if (is_integer) return fmt::format("{}", integer);
  std::string out;
  append_number(out, real);
  return out;
}

Checks::Checks(const Annotations& annotations, std::string* defect)
    : length_min_(annotations.length_min),
      length_max_(annotations.length_max),
      pattern_text_(annotations.pattern) {
  if (annotations.minimum) minimum_ = make_bound(*annotations.minimum);
  if (annotations.maximum) maximum_ = make_bound(*annotations.maximum);
  if (!pattern_text_.empty()) {
    std::string reason;
    pattern_ = find_pattern(pattern_text_, &reason);
    if (pattern_ == nullptr && defect != nullptr) {
      *defect = fmt::format("the pattern \"{}\" does not compile: {}", pattern_text_, reason);
    }
  }
  any_ = minimum_ || maximum_ || length_min_ || length_max_ || pattern_ != nullptr;
}

std::string Checks::check_integer(Wide value) const {
  if (minimum_ && less(value, *minimum_)) return "must be at least " + minimum_->text();
  if (maximum_ && greater(value, *maximum_)) return "must be at most " + maximum_->text();
  return {};
}

std::string Checks::check_number(double value) const {
  if (minimum_ && value < minimum_->real) return "must be at least " + minimum_->text();
  if (maximum_ && value > maximum_->real) return "must be at most " + maximum_->text();
  return {};
}

std::string Checks::check_string(std::string_view value) const {
  if (length_min_ || length_max_) {
    if (std::string reason = check_length(count_characters(value), "character"); !reason.empty())
      return reason;
  }
  if (pattern_ == nullptr) return {};
  if (value.size() > k_pattern_text_bytes_max) {
    return fmt::format("must be at most {} bytes long, because it has a pattern",
                       k_pattern_text_bytes_max);
  }
  return matches(*pattern_, value) ? std::string()
                                   : fmt::format("must match the pattern {}", pattern_text_);
}

std::string Checks::check_length(std::size_t length, std::string_view unit) const {
  const auto plural = [](std::size_t count) { return count == 1 ? "" : "s"; };
  if (length_min_ && length < *length_min_) {
    return fmt::format("must have at least {} {}{}", *length_min_, unit, plural(*length_min_));
  }
  if (length_max_ && length > *length_max_) {
    return fmt::format("must have at most {} {}{}", *length_max_, unit, plural(*length_max_));
  }
  return {};
}

}  // namespace schema
}  // namespace eventual
