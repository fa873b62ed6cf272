#include "schema/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "schema/reader.hpp"
#include "schema/text.hpp"

namespace eventual::schema {
namespace {

// "…[T = shop::Order, Members = <&k_probe.value.id, &k_probe.value.amount>]" and its like: what
// stands for `name`.
std::string_view argument(std::string_view pretty, std::string_view name) {
  const std::string start = fmt::format("{} = ", name);
  std::size_t from = pretty.find('[' + start);
  from = from != std::string_view::npos ? from + 1 : pretty.find(", " + start) + 2;
  return pretty.substr(std::min(from + start.size(), pretty.size()));
}

std::vector<std::string_view> list_argument(std::string_view pretty, std::string_view name) {
  std::string_view list = argument(pretty, name);
  if (!list.starts_with('<') || list.starts_with("<>")) return {};
  list = list.substr(1, list.rfind('>') - 1);
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(", "), list.size());
    items.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 2, list.size()));
  }
  return items;
}

// The last name of "a::b<c::d>::e".
std::string_view unqualified(std::string_view name) {
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t at = 0; at + 1 < name.size(); ++at) {
    if (name[at] == '<' || name[at] == '(') ++depth;
    if (name[at] == '>' || name[at] == ')') --depth;
    if (depth == 0 && name[at] == ':' && name[at + 1] == ':') start = at + 2;
  }
  return name.substr(start);
}

std::string type_name(std::string_view pretty, std::string_view parameter, std::string_view next) {
  const std::string_view text = argument(pretty, parameter);
  return std::string(
      unqualified(text.substr(0, std::min(text.find(fmt::format(", {} = ", next)), text.size()))));
}

// The member that an annotation names: plain, or "…[Member = &shop::Order::amount]".
std::string_view annotated_member(std::string_view text) {
  if (!text.ends_with(']')) return text;
  text.remove_suffix(1);
  return unqualified(argument(text, "Member"));
}

class Builder final : public detail::PlanBuilder {
 public:
  void fields(std::string_view pretty, const detail::RawField* raw, std::size_t count) override {
    object.type_name = type_name(pretty, "T", "Members");
    const std::vector<std::string_view> members = list_argument(pretty, "Members");
    for (std::size_t i = 0; i < count; ++i) {
      FieldPlan field;
      field.member = members[i].substr(members[i].rfind('.') + 1);
      field.name = field.member;
      field.offset = raw[i].offset;
      field.type = raw[i].type;
      object.fields.push_back(std::move(field));
    }
  }

  void annotate(const FieldAnnotations* annotations, std::size_t count,
                detail::WithObject* with_object) override {
    object.with_object = with_object;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view member = annotated_member(annotations[i].member);
      const auto field =
          std::find_if(object.fields.begin(), object.fields.end(),
                       [&](const FieldPlan& candidate) { return candidate.member == member; });
      if (field == object.fields.end()) {
        object.defects.push_back(
            fmt::format("{} has no member \"{}\" to annotate", object.type_name, member));
        continue;
      }
      field->annotations = annotations[i].annotations;
      if (!field->annotations.name.empty()) field->name = field->annotations.name;
    }
  }

  void description(std::string_view text) override {
    object.description = enumeration.description = text;
  }

  void enumerators(std::string_view pretty, std::int64_t first) override {
    enumeration.type_name = type_name(pretty, "Enum", "Values");
    std::int64_t value = first - 1;
    for (const std::string_view text : list_argument(pretty, "Values")) {
      ++value;
      if (text.find(')') != std::string_view::npos) {
        // "(Colour)7" has no name; "(anonymous namespace)::Colour::red" has one.
        const char next = text.substr(text.rfind(')') + 1).front();
        if (next == '-' || (next >= '0' && next <= '9')) continue;
      }
      if (enumeration.name_of(value) == nullptr) {
        enumeration.names.emplace_back(value, std::string(text.substr(text.rfind(':') + 1)));
      }
    }
  }

  void enum_name(std::int64_t value, std::string_view name) override {
    if (enumeration.name_of(value) == nullptr)
      enumeration.names.emplace_back(value, std::string(name));
  }

  ObjectPlan object;
  EnumPlan enumeration;
};

void finish_field(ObjectPlan& plan, FieldPlan& field) {
  std::string defect;
  field.checks = Checks(field.annotations, &defect);
  if (!defect.empty())
    plan.defects.push_back(fmt::format("{}.{}: {}", plan.type_name, field.member, defect));
  if (!append_quoted(field.key_text, field.name)) {
    plan.defects.push_back(
        fmt::format("{}.{}: its name on the wire is not UTF-8", plan.type_name, field.member));
  }
  field.key_text += ':';
  const bool is_optional = field.type->kind == Kind::optional;
  field.required =
      !is_optional && field.type->kind != Kind::json && !field.annotations.default_value;
  field.written_always = !is_optional || field.annotations.default_value;
  if (field.annotations.default_value) {
    const Result<Json> value = field.annotations.default_value->to_json_value();
    if (value.ok()) field.fallback = parse_text(value->dump());
  }
}

const ObjectPlan* finish_object(ObjectPlan plan) {
  for (std::size_t i = 0; i < plan.fields.size(); ++i) {
    finish_field(plan, plan.fields[i]);
    if (plan.fields[i].required) plan.required |= std::uint64_t{1} << i;
    plan.by_name.push_back(static_cast<std::uint8_t>(i));
  }
  std::sort(plan.by_name.begin(), plan.by_name.end(), [&](std::uint8_t left, std::uint8_t right) {
    return plan.fields[left].name < plan.fields[right].name;
  });
  for (std::size_t i = 1; i < plan.by_name.size(); ++i) {
    const std::string& name = plan.fields[plan.by_name[i]].name;
    if (name == plan.fields[plan.by_name[i - 1]].name) {
      plan.defects.push_back(fmt::format("{} has two members called \"{}\"", plan.type_name, name));
    }
  }
  return new ObjectPlan(std::move(plan));
}

const EnumPlan* finish_enum(EnumPlan plan) {
  std::sort(plan.names.begin(), plan.names.end());
  std::vector<std::string> names;
  names.reserve(plan.names.size());
  for (const auto& entry : plan.names) names.push_back(entry.second);
  std::sort(names.begin(), names.end());
  for (auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end();
       twice = std::adjacent_find(twice + 1, names.end())) {
    plan.defects.push_back(fmt::format("{} has two values called \"{}\"", plan.type_name, *twice));
  }
  if (plan.names.empty()) {
    plan.defects.push_back(
        fmt::format("{} has no named value from -16 to 255: list its names in eventual::Annotate",
                    plan.type_name));
  }
  return new EnumPlan(std::move(plan));
}

}  // namespace

// Plans are never freed: descriptions live as long as the program, and other threads read until its
// end.
const void* make_plan(const TypeSchema& type) {
  static std::mutex* const mutex = new std::mutex();
  const std::lock_guard lock(*mutex);
  const std::atomic_ref<const void*> slot(type.plan);
  if (const void* made = slot.load(std::memory_order_acquire)) return made;
  Builder builder;
  type.describe(builder);
  const void* plan = nullptr;
  if (type.kind == Kind::object) {
    plan = finish_object(std::move(builder.object));
  } else {
    plan = finish_enum(std::move(builder.enumeration));
  }
  slot.store(plan, std::memory_order_release);
  return plan;
}

std::size_t ObjectPlan::find(std::string_view name) const {
  std::size_t low = 0;
  std::size_t high = by_name.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const int order = std::string_view(fields[by_name[middle]].name).compare(name);
    if (order == 0) return by_name[middle];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return k_none;
}

const std::string* EnumPlan::name_of(std::int64_t value) const {
  for (const auto& entry : names) {
    if (entry.first == value) return &entry.second;
  }
  return nullptr;
}

const std::int64_t* EnumPlan::value_of(std::string_view name) const {
  for (const auto& entry : names) {
    if (entry.second == name) return &entry.first;
  }
  return nullptr;
}

std::string type_label(const TypeSchema& type) {
  switch (type.kind) {
    case Kind::nothing:
    case Kind::json:
      return "any value";
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
    case Kind::duration:
      return "an integer";
    case Kind::number:
      return "a number";
    case Kind::string:
    case Kind::bytes:
    case Kind::time_point:
      return "a string";
    case Kind::enumeration:
      return enum_plan(type).type_name;
    case Kind::optional:
      return type_label(*type.element) + " or null";
    case Kind::list:
    case Kind::bool_list:
    case Kind::fixed_list:
    case Kind::tuple:
      return "an array";
    case Kind::map:
      return "an object";
    case Kind::object:
      return object_plan(type).type_name;
    case Kind::variant:
      break;
  }
  std::string text;
  for (std::size_t i = 0; i < type.count; ++i)
    text += (i == 0 ? "" : ", ") + type_label(*type.parts[i]);
  return text;
}

namespace {

template <class Integer>
Wide load(const void* object) {
  Integer value = 0;
  std::memcpy(&value, object, sizeof(value));
  return Wide{value};
}

template <class Integer>
bool store(void* object, Wide value) {
  const auto narrow = static_cast<Integer>(value);
  if (Wide{narrow} != value) return false;
  std::memcpy(object, &narrow, sizeof(narrow));
  return true;
}

}  // namespace

Wide load_integer(const void* object, std::size_t size_bytes, bool is_signed) {
  switch (size_bytes) {
    case 1:
      return is_signed ? load<std::int8_t>(object) : load<std::uint8_t>(object);
    case 2:
      return is_signed ? load<std::int16_t>(object) : load<std::uint16_t>(object);
    case 4:
      return is_signed ? load<std::int32_t>(object) : load<std::uint32_t>(object);
    default:
      return is_signed ? load<std::int64_t>(object) : load<std::uint64_t>(object);
  }
}

bool store_integer(void* object, std::size_t size_bytes, bool is_signed, Wide value) {
  switch (size_bytes) {
    case 1:
      return is_signed ? store<std::int8_t>(object, value) : store<std::uint8_t>(object, value);
    case 2:
      return is_signed ? store<std::int16_t>(object, value) : store<std::uint16_t>(object, value);
    case 4:
      return is_signed ? store<std::int32_t>(object, value) : store<std::uint32_t>(object, value);
    default:
      return is_signed ? store<std::int64_t>(object, value) : store<std::uint64_t>(object, value);
  }
}

}  // namespace eventual::schema

namespace eventual::detail {

std::string member_pointer(const TypeSchema& type, std::string_view pretty) {
  const std::string_view member = schema::annotated_member(pretty);
  for (const schema::FieldPlan& field : schema::object_plan(type).fields) {
    if (field.member != member) continue;
    std::string pointer = "/";
    for (const char c : field.name) {
      if (c == '~') {
        pointer += "~0";
      } else if (c == '/') {
        pointer += "~1";
      } else {
        pointer += c;
      }
    }
    return pointer;
  }
  throw Error(std::string(error_names::k_invalid_input),
              fmt::format("{} has no member \"{}\"", schema::type_label(type), member));
}

}  // namespace eventual::detail
