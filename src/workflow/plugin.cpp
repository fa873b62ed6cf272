// What is wrong with the manifest of a plugin.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "eventual/detail/definitions.hpp"
#include "schema/text.hpp"

namespace eventual::detail {
namespace {

bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

void Declarations::add(PluginOptions plugin, std::source_location location) {
  const auto refuse = [&](std::string_view what) {
    add_defect(fmt::format("plugin: {}", what), location);
  };
  if (plugin_) return refuse("it is declared twice");
  const auto check_length = [&](std::string_view name, std::string_view text, std::size_t max) {
    const std::size_t length = schema::count_characters(text);
    if (length > max) refuse(fmt::format("{} has {} characters, more than {}", name, length, max));
  };
  if (plugin.name_for_model.empty()) refuse("name_for_model is empty");
  if (!is_word(plugin.name_for_model)) {
    refuse(fmt::format("name_for_model is \"{}\": only letters, digits and '_'",
                       plugin.name_for_model));
  }
  if (plugin.description_for_model.empty()) refuse("description_for_model is empty");
  check_length("name_for_model", plugin.name_for_model, k_plugin_name_for_model_max);
  check_length("name_for_human", plugin.name_for_human, k_plugin_name_for_human_max);
  check_length("description_for_model", plugin.description_for_model,
               k_plugin_description_for_model_max);
  check_length("description_for_human", plugin.description_for_human,
               k_plugin_description_for_human_max);
  plugin_ = std::move(plugin);
}

}  // namespace eventual::detail
