// Plain texts of paths, queries and forms, as the JSON that a type wants of them.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "eventual/schema.hpp"
#include "schema/plan.hpp"
#include "schema/text.hpp"

namespace eventual::schema {
namespace {

const TypeSchema& without_optional(const TypeSchema& type) {
  return type.kind == Kind::optional ? without_optional(*type.element) : type;
}

bool is_list(Kind kind) {
  return kind == Kind::list || kind == Kind::bool_list || kind == Kind::fixed_list ||
         kind == Kind::tuple;
}

// Whether `text` is JSON that stands for what `type` wants; otherwise it is a string, which the
// reader may still refuse.
bool is_bare(const TypeSchema& type, std::string_view text) {
  switch (type.kind) {
    case Kind::boolean:
      return text == "true" || text == "false";
    case Kind::integer:
    case Kind::duration:
    case Kind::number: {
      const Result<Json> value = Json::parse(text);
      return value.ok() && value->is_number();
    }
    case Kind::nothing:
    case Kind::json:
      return Json::parse(text).ok();
    case Kind::null:
      return text == "null";
    case Kind::map:
    case Kind::object: {
      const Result<Json> value = Json::parse(text);
      return value.ok() && value->is_object();
    }
    case Kind::variant:
      for (std::size_t i = 0; i < type.count; ++i) {
        if (is_bare(*type.parts[i], text)) return true;
      }
      return false;
    default:
      return false;
  }
}

/// "90s", "15m", "2h", "1d" and "250ms" in milliseconds; nothing for any other text.
std::optional<std::int64_t> milliseconds_of(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> k_units{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  std::int64_t count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : k_units) {
    std::int64_t milliseconds = 0;
    if (unit == name && !__builtin_mul_overflow(count, factor, &milliseconds)) return milliseconds;
  }
  return std::nullopt;
}

void append_one(const TypeSchema& wanted, std::string_view text, std::string& out) {
  const TypeSchema& type = without_optional(wanted);
  if (is_bare(type, text)) {
    out += text;
  } else if (text.empty() && wanted.kind == Kind::optional && type.kind != Kind::string) {
    out += "null";
  } else if (const auto milliseconds =
                 type.kind == Kind::duration ? milliseconds_of(text) : std::nullopt) {
    out += fmt::format("{}", *milliseconds);
  } else if (!append_quoted(out, text)) {
    throw_error(Error(std::string(error_names::k_invalid_input), "the text is not UTF-8"));
  }
}

}  // namespace
}  // namespace eventual::schema

namespace eventual::detail {

void append_texts_as_json(const TypeSchema& type, std::string_view name,
                          std::span<const std::string_view> texts, std::string& out) {
  static constexpr TypeSchema k_text{.kind = Kind::string};
  const TypeSchema* wanted = &schema::without_optional(type);
  if (!name.empty()) {
    std::size_t index = schema::ObjectPlan::k_none;
    if (wanted->kind == Kind::object) index = schema::object_plan(*wanted).find(name);
    if (index != schema::ObjectPlan::k_none) {
      wanted = schema::object_plan(*wanted).fields[index].type;
    } else {
      wanted = wanted->kind == Kind::map ? wanted->element : &k_text;
    }
  }
  if (texts.size() == 1 && !schema::is_list(schema::without_optional(*wanted).kind)) {
    return schema::append_one(*wanted, texts.front(), out);
  }
  wanted = &schema::without_optional(*wanted);
  const bool list = schema::is_list(wanted->kind);
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    const TypeSchema* item = list ? wanted->element : wanted;
    if (wanted->kind == Kind::tuple) item = i < wanted->count ? wanted->parts[i] : &k_text;
    schema::append_one(*item, texts[i], out);
  }
  out += ']';
}

}  // namespace eventual::detail
