// Exported histories in files: which there are, and the text of each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eventual::cli {

/// One history: where it stands and whose it is.
struct HistoryInFile {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string execution_id;
  std::uint32_t run = 1;
};

/// The documents of a text that holds one JSON object behind the other, as `cat a.json b.json` puts
/// them together. A text that holds anything else is one document.
std::vector<std::string_view> split_documents(std::string_view text);

/// All histories of a file, or of the files of a folder whose names end in ".json", in its folders
/// too. Each is read and checked. Throws UsageError that names the file and what is wrong.
std::vector<HistoryInFile> histories_at(const std::string& path);

/// Its text again. Throws Unavailable.
std::string text_of(const HistoryInFile& history);

}  // namespace eventual::cli
