// The files of the project templates (cli/templates), which the build embeds.
#pragma once

#include <span>
#include <string_view>

namespace eventual::cli {

struct TemplateFile {
  std::string_view path;  ///< "<template>/<file>", or "common/<file>" for those that all share
  std::string_view content;
};

std::span<const TemplateFile> template_files() noexcept;

}  // namespace eventual::cli
