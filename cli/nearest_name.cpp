#include "cli/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/text.hpp"

namespace eventual::cli {

ev::Json required_of(Context& context, ev::Result<ev::Json> answer, std::string_view kind,
                     std::string_view list, const std::string& name) {
  if (answer || answer.error().name() != ev::error_names::k_not_found)
    return required(std::move(answer));
  const auto manifest = context.service().manifest();
  if (!manifest || !(*manifest)[list].is_array()) throw ev::Error(answer.error());
  std::vector<std::string> names;
  for (const ev::Json& one : (*manifest)[list].as_array()) names.push_back(text_of(one, "name"));
  if (std::find(names.begin(), names.end(), name) != names.end()) throw ev::Error(answer.error());
  const std::string meant = closest(name, names);
  throw ev::Error(
      std::string(ev::error_names::k_not_found),
      fmt::format("{} {} is not declared; {}", kind, name,
                  meant.empty() ? "see eventual manifest" : "did you mean " + meant + "?"));
}

}  // namespace eventual::cli
