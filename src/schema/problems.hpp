// Everything that is wrong with one JSON value.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/error.hpp"
#include "schema/path.hpp"

namespace eventual::schema {

class Problems {
 public:
  void add(const Path& path, std::string reason) { add_at(path.pointer(), std::move(reason)); }
  void add_at(std::string pointer, std::string reason);

  /// One problem for each of `pointers`, before the others and instead of what was found there.
  void replace_at(const std::vector<std::string>& pointers, std::string_view reason);

  bool empty() const { return problems_.empty(); }
  /// No more are taken: the reader may stop.
  bool full() const;

  /// InvalidInput with the first as its message and all as its details.
  Error error() const;

 private:
  struct Problem {
    std::string pointer;
    std::string reason;
  };
  std::vector<Problem> problems_;
};

}  // namespace eventual::schema
