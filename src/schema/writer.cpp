// From objects to JSON text, through descriptions instead of templates.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <variant>

#include "eventual/schema.hpp"
#include "eventual/time.hpp"
#include "schema/access.hpp"
#include "schema/path.hpp"
#include "schema/plan.hpp"
#include "schema/text.hpp"

namespace eventual::schema {
namespace {

constexpr std::int64_t k_year_0_ms = -62'167'219'200'000;
constexpr std::int64_t k_year_10000_ms = 253'402'300'800'000;
/// Most objects are written without growing.
constexpr std::size_t k_object_bytes_usual = 128;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void write(const TypeSchema& type, const void* object, const Path& path);

 private:
  void write_list(const TypeSchema& type, const void* object, const Path& path);
  void write_map(const TypeSchema& type, const void* object, const Path& path);
  void write_variant(const TypeSchema& type, const void* object, const Path& path);
  void write_object(const TypeSchema& type, const void* object, const Path& path);
  void write_json(const Json& value, const Path& path);
  void write_time_point(const TypeSchema& type, const void* object, const Path& path);
  void write_enum(const TypeSchema& type, const void* object, const Path& path);

  [[noreturn]] static void refuse(const Path& path, std::string_view reason) {
    const std::string pointer = path.pointer();
    std::string details = "[{\"pointer\":";
    const std::size_t size = details.size();
    if (!append_quoted(details, pointer)) {  // a name that is not UTF-8 itself
      details.resize(size);
      details += "\"\"";
    }
    details += ",\"reason\":";
    static_cast<void>(append_quoted(details, reason));
    details += "}]";
    throw_error(Error(std::string(error_names::k_invalid_input),
                      fmt::format("{} {}", pointer.empty() ? "the value" : pointer, reason),
                      std::move(details)));
  }

  void integer(Wide value) {
    char buffer[24];
    const auto end =
        value < 0
            ? std::to_chars(buffer, buffer + sizeof(buffer), static_cast<std::int64_t>(value))
            : std::to_chars(buffer, buffer + sizeof(buffer), static_cast<std::uint64_t>(value));
    out_.append(buffer, end.ptr);
  }
  template <class Float>
  void number(Float value, const Path& path) {
    if (!std::isfinite(value)) refuse(path, "is not a finite number");
    append_number(out_, value);
  }
  void string(std::string_view text, const Path& path) {
    if (!append_quoted(out_, text))
      refuse(path, "is not UTF-8 (bytes belong in std::vector<std::byte>)");
  }
  void open(char bracket) {
    ++depth_;
    out_ += bracket;
  }
  void close(char bracket) {
    --depth_;
    out_ += bracket;
  }
  // Before each item of what was opened. As in the reader, an empty array or object counts for
  // nothing.
  void next_item(const Path& path) {
    if (depth_ > k_json_depth_max) refuse(path, "is nested too deeply");
    const char last = out_.back();
    if (last != '[' && last != '{') out_ += ',';
  }

  std::string& out_;
  std::size_t depth_ = 0;
};

void Writer::write(const TypeSchema& type, const void* object, const Path& path) {
  switch (type.kind) {
    case Kind::nothing:
    case Kind::null:
      out_ += "null";
      return;
    case Kind::boolean:
      out_ += *static_cast<const bool*>(object) ? "true" : "false";
      return;
    case Kind::integer:
      return integer(load_integer(object, type.size_bytes, type.is_signed));
    case Kind::duration: {
      const Wide milliseconds =
          load_integer(object, type.size_bytes, type.is_signed) * type.period_ms;
      if (milliseconds > INT64_MAX || milliseconds < INT64_MIN)
        refuse(path, "is too long for milliseconds in 64 bits");
      return integer(milliseconds);
    }
    case Kind::number:
      if (type.size_bytes == sizeof(float)) return number(*static_cast<const float*>(object), path);
      return number(*static_cast<const double*>(object), path);
    case Kind::string:
      return string(*static_cast<const std::string*>(object), path);
    case Kind::bytes: {
      const auto& bytes = *static_cast<const std::vector<std::byte>*>(object);
      out_ += '"';
      append_base64(out_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      out_ += '"';
      return;
    }
    case Kind::time_point:
      return write_time_point(type, object, path);
    case Kind::enumeration:
      return write_enum(type, object, path);
    case Kind::json:
      return write_json(*static_cast<const Json*>(object), path);
    case Kind::optional: {
      const void* value =
          static_cast<const detail::OptionalOperations*>(type.operations)->get(object);
      if (value != nullptr) return write(*type.element, value, path);
      out_ += "null";
      return;
    }
    case Kind::list:
    case Kind::bool_list:
    case Kind::fixed_list:
    case Kind::tuple:
      return write_list(type, object, path);
    case Kind::map:
      return write_map(type, object, path);
    case Kind::variant:
      return write_variant(type, object, path);
    case Kind::object:
      return write_object(type, object, path);
  }
}

void Writer::write_time_point(const TypeSchema& type, const void* object, const Path& path) {
  const Wide milliseconds = load_integer(object, type.size_bytes, type.is_signed) * type.period_ms;
  if (milliseconds < k_year_0_ms || milliseconds >= k_year_10000_ms)
    refuse(path, "is outside the years 0 to 9999");
  out_ += '"';
  out_ += to_iso8601(Timestamp(Duration(static_cast<std::int64_t>(milliseconds))));
  out_ += '"';
}

void Writer::write_enum(const TypeSchema& type, const void* object, const Path& path) {
  const EnumPlan& plan = enum_plan(type);
  const auto value =
      static_cast<std::int64_t>(load_integer(object, type.size_bytes, type.is_signed));
  const std::string* name = plan.name_of(value);
  if (name == nullptr)
    refuse(path, fmt::format("has the value {}, which has no name in {}", value, plan.type_name));
  string(*name, path);
}

void Writer::write_list(const TypeSchema& type, const void* object, const Path& path) {
  open('[');
  if (type.kind == Kind::bool_list) {
    for (const bool item : *static_cast<const std::vector<bool>*>(object)) {
      next_item(path);
      out_ += item ? "true" : "false";
    }
  } else if (type.kind == Kind::tuple) {
    const auto& operations = *static_cast<const detail::TupleOperations*>(type.operations);
    for (std::size_t i = 0; i < type.count; ++i) {
      next_item(path);
      write(*type.parts[i], operations.get(const_cast<void*>(object), i), path.item(i));
    }
  } else {
    std::size_t count = type.count;
    const void* data = object;
    if (type.kind == Kind::list) {
      data = static_cast<const detail::ListOperations*>(type.operations)->data(object, &count);
    }
    for (std::size_t i = 0; i < count; ++i) {
      next_item(path);
      write(*type.element, static_cast<const char*>(data) + i * type.element_size, path.item(i));
    }
  }
  close(']');
}

void Writer::write_map(const TypeSchema& type, const void* object, const Path& path) {
  struct Context {
    Writer& writer;
    const TypeSchema& element;
    const Path& path;
  } context{*this, *type.element, path};
  open('{');
  static_cast<const detail::MapOperations*>(type.operations)
      ->for_each(object, &context, [](void* raw, const std::string& key, const void* value) {
        const Context& at = *static_cast<Context*>(raw);
        const Path member = at.path.member(key);
        at.writer.next_item(at.path);
        at.writer.string(key, member);
        at.writer.out_ += ':';
        at.writer.write(at.element, value, member);
      });
  close('}');
}

void Writer::write_variant(const TypeSchema& type, const void* object, const Path& path) {
  const auto& operations = *static_cast<const detail::VariantOperations*>(type.operations);
  const std::size_t index = operations.index(object);
  if (index == std::variant_npos) refuse(path, "is a variant that lost its value to an exception");
  write(*type.parts[index], operations.get(const_cast<void*>(object)), path);
}

void Writer::write_object(const TypeSchema& type, const void* object, const Path& path) {
  const ObjectPlan& plan = object_plan(type);
  open('{');
  for (const FieldPlan& field : plan.fields) {
    const void* value = static_cast<const char*>(object) + field.offset;
    if (!field.written_always &&
        static_cast<const detail::OptionalOperations*>(field.type->operations)->get(value) ==
            nullptr) {
      continue;
    }
    next_item(path);
    out_ += field.key_text;
    write(*field.type, value, path.member(field.name));
  }
  close('}');
}

void Writer::write_json(const Json& value, const Path& path) {
  switch (value.type()) {
    case Json::Type::null:
      out_ += "null";
      return;
    case Json::Type::boolean:
      out_ += value.as_bool() ? "true" : "false";
      return;
    case Json::Type::integer:
      return integer(detail::JsonAccess::is_uint64(value) ? Wide{value.as_uint64()}
                                                          : Wide{value.as_int64()});
    case Json::Type::number:
      return number(value.as_double(), path);
    case Json::Type::string:
      return string(value.as_string(), path);
    case Json::Type::array: {
      open('[');
      const Json::Array& items = value.as_array();
      for (std::size_t i = 0; i < items.size(); ++i) {
        next_item(path);
        write_json(items[i], path.item(i));
      }
      return close(']');
    }
    case Json::Type::object:
      break;
  }
  open('{');
  for (const auto& [name, member] : value.as_object()) {
    const Path at = path.member(name);
    next_item(path);
    string(name, at);
    out_ += ':';
    write_json(member, at);
  }
  close('}');
}

}  // namespace
}  // namespace eventual::schema

namespace eventual::detail {

void write_value(const TypeSchema& type, const void* object, std::string& out) {
  const std::size_t size_before = out.size();
  if (type.kind == Kind::object) out.reserve(size_before + schema::k_object_bytes_usual);
  try {
    schema::Writer(out).write(type, object, {});
  } catch (...) {
    out.resize(size_before);
    throw;
  }
}

}  // namespace eventual::detail
