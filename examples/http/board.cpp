#include "board.hpp"

#include <algorithm>

namespace notes {

Note Board::put(const std::string& owner, Note note) {
  const std::lock_guard lock(mutex_);
  return notes_[{owner, note.id}] = std::move(note);
}

void Board::add(const std::string& owner, std::string text) {
  const std::lock_guard lock(mutex_);
  std::string id = "added-" + std::to_string(notes_.size());
  notes_[{owner, id}] = {id, std::move(text), Colour::yellow};
}

std::optional<Note> Board::find(const std::string& owner, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = notes_.find({owner, id});
  return found == notes_.end() ? std::nullopt : std::optional<Note>(found->second);
}

std::vector<Note> Board::search(const std::string& owner, const Search& search) const {
  std::vector<Note> found = all(owner);
  std::erase_if(found, [&](const Note& note) {
    const auto& colours = search.colours;
    const bool is_wanted =
        colours.empty() || std::find(colours.begin(), colours.end(), note.colour) != colours.end();
    return !is_wanted || note.text.find(search.word) == std::string::npos;
  });
  const auto limit = static_cast<std::size_t>(std::max(search.limit, 0));
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::vector<Note> Board::all(const std::string& owner) const {
  const std::lock_guard lock(mutex_);
  std::vector<Note> found;
  for (const auto& [key, note] : notes_) {
    if (key.first == owner) found.push_back(note);
  }
  return found;
}

}  // namespace notes
