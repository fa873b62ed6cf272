// Commits numbered batches into a data folder and writes each acknowledged number to standard
// output, until it is killed. Usage: commit_numbers <folder> <first number>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "store/open.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store =
      eventual::store::open_store("rocksdb", argv[1], {.write_buffer_bytes = 1u << 20, .log = {}});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message().c_str());
    return 1;
  }
  using eventual::ports::Batch;
  using eventual::ports::Table;
  for (unsigned long number = std::strtoul(argv[2], nullptr, 10);; ++number) {
    const std::string name = std::to_string(number);
    // From one row to a write of many log blocks, so that kills also land inside a write.
    const std::size_t bytes = number % 5 == 0 ? 40000 : 100;
    std::vector<Batch> parts(2);
    for (int row = 0; row < 10; ++row) {
      parts[0].put(Table::history, name + "/" + std::to_string(row), std::string(bytes, 'v'));
      parts[1].put(Table::executions, name + "/" + std::to_string(row), name);
    }
    parts[1].put(Table::meta, "last", name);
    if (!(*store)->commit(parts).ok()) return 1;
    if (::write(STDOUT_FILENO, &number, sizeof number) != sizeof number) return 1;
  }
}
