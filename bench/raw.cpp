// The limits: what the disk and the store give without an engine.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <vector>

#include "bench/service.hpp"
#include "bench/workload.hpp"
#include "model/records.hpp"

namespace eventual::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t k_record_bytes = 300;
/// Together with its key a row is about as large as a record of the log.
constexpr std::size_t k_value_bytes = 280;

/// `bytes` bytes that nothing else holds and no compression shrinks to nothing.
void fill(std::string& record, std::uint64_t index, std::size_t bytes) {
  record.resize(bytes);
  std::uint64_t state = index * 0x9e3779b97f4a7c15U + 1;
  for (char& byte : record) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56);
  }
}

[[noreturn]] void fail(const std::string& path) {
  throw Error(std::string(error_names::k_unavailable),
              fmt::format("{}: {}", path, std::generic_category().message(errno)));
}

/// An append-only file, and what is in it.
class Log {
 public:
  explicit Log(std::string path)
      : path_(std::move(path)),
        file_(::open(path_.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_APPEND | O_CLOEXEC, 0644)) {
    if (file_ < 0) fail(path_);
  }
  ~Log() { ::close(file_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void append_synced(const std::string& bytes) {
    if (::write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      fail(path_);
    if (::fdatasync(file_) != 0) fail(path_);
    ++syncs_;
  }
  /// The record at `position` of the file's order.
  std::string read(std::uint64_t position) const {
    std::string record(k_record_bytes, '\0');
    if (::pread(file_, record.data(), record.size(),
                static_cast<off_t>(position * k_record_bytes)) !=
        static_cast<ssize_t>(k_record_bytes)) {
      fail(path_);
    }
    return record;
  }
  std::uint64_t syncs() const { return syncs_; }

 private:
  const std::string path_;
  const int file_;
  std::uint64_t syncs_ = 0;
};

/// Calls `write(first, count)` for batches of `concurrency` until all are written, and takes the
/// time of each.
template <class Write>
void write_batches(const Options& options, std::uint64_t first, std::uint64_t count,
                   Figures& figures, Write&& write) {
  const auto began = steady_clock::now();
  for (std::uint64_t done = 0; done < count;) {
    const auto batch = std::min<std::uint64_t>(options.concurrency, count - done);
    const auto batch_began = steady_clock::now();
    write(first + done, batch);
    figures.latency.add(steady_clock::now() - batch_began, batch);
    done += batch;
  }
  figures.elapsed_s = std::chrono::duration<double>(steady_clock::now() - began).count();
}

/// Counts each record as done or as an error.
template <class Read>
void verify(std::uint64_t first, std::uint64_t count, std::size_t bytes, Measurement& measurement,
            Read&& read) {
  std::string wanted;
  for (std::uint64_t index = first; index < first + count; ++index) {
    fill(wanted, index, bytes);
    if (read(index) == wanted) {
      ++measurement.figures.done;
    } else {
      ++measurement.figures.errors;
      if (measurement.first_error.empty())
        measurement.first_error = fmt::format("record {} is not what was written", index);
    }
  }
}

}  // namespace

Measurement run_rawlog(const Options& options) {
  Log log(options.folder + "/log");
  std::string batch;
  std::string record;
  const auto write = [&](std::uint64_t first, std::uint64_t count) {
    batch.clear();
    for (std::uint64_t index = first; index < first + count; ++index) {
      fill(record, index, k_record_bytes);
      batch += record;
    }
    log.append_synced(batch);
  };
  Figures ignored;
  write_batches(options, 0, options.warm_up, ignored, write);
  Measurement measurement;
  const std::uint64_t syncs_before = log.syncs();
  const Meter meter(nullptr);
  write_batches(options, options.warm_up, options.count, measurement.figures, write);
  meter.finish(measurement.figures);
  measurement.figures.syncs = log.syncs() - syncs_before;
  verify(options.warm_up, options.count, k_record_bytes, measurement,
         [&](std::uint64_t index) { return log.read(index); });
  return measurement;
}

Measurement run_rawput(const Options& options) {
  const auto store = open_store(options);
  constexpr std::uint32_t k_turns = k_seq_steps;
  const auto key = [](std::uint64_t index) {
    return model::keys::history(static_cast<std::uint16_t>(index / k_turns % 64),
                                fmt::format("seq/{:016x}", index / k_turns), 1,
                                static_cast<std::uint32_t>(index % k_turns));
  };
  const auto write = [&](std::uint64_t first, std::uint64_t count) {
    ports::Batch batch;
    for (std::uint64_t index = first; index < first + count; ++index) {
      std::string value;
      fill(value, index, k_value_bytes);
      batch.put(ports::Table::history, key(index), std::move(value));
    }
    static_cast<void>(store->commit({&batch, 1}).value());
  };
  Figures ignored;
  write_batches(options, 0, options.warm_up, ignored, write);
  Measurement measurement;
  const Meter meter(store.get());
  write_batches(options, options.warm_up, options.count, measurement.figures, write);
  meter.finish(measurement.figures);
  verify(options.warm_up, options.count, k_value_bytes, measurement, [&](std::uint64_t index) {
    return store->get(ports::Table::history, key(index)).value().value_or(std::string());
  });
  return measurement;
}

}  // namespace eventual::bench
