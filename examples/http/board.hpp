// Where the notes are: in memory, since this example is about HTTP.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <eventual/eventual.hpp>

namespace notes {

enum class Colour { yellow, blue };

struct Note {
  std::string id;
  std::string text;
  Colour colour = Colour::yellow;
};

/// What GET /notes takes.
struct Search {
  std::string word;
  std::vector<Colour> colours;  // ?colours=blue&colours=yellow
  std::int32_t limit = 20;
  std::string language = "en";  // of the Accept-Language header
};

}  // namespace notes

template <>
struct eventual::Annotate<notes::Search> {
  static constexpr FieldAnnotations fields[] = {
      field<&notes::Search::word>({.default_value = ""}),
      field<&notes::Search::colours>({.default_value = Literal::json("[]")}),
      field<&notes::Search::limit>({.default_value = 20}),
      field<&notes::Search::language>({.default_value = "en"}),
  };
};

namespace notes {

/// Any thread.
class Board {
 public:
  Note put(const std::string& owner, Note note);
  void add(const std::string& owner, std::string text);
  std::optional<Note> find(const std::string& owner, const std::string& id) const;
  std::vector<Note> search(const std::string& owner, const Search& search) const;
  std::vector<Note> all(const std::string& owner) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Note> notes_;
};

}  // namespace notes
