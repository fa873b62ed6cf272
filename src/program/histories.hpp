// Where replay and verify take histories from: files, a data folder or a running service.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eventual/error.hpp"
#include "model/exported_history.hpp"

namespace eventual::program {

/// One run of an execution, or a file that holds one.
struct HistoryKey {
  std::string execution_id;  ///< empty: the file says
  std::uint32_t run = 0;     ///< 0: the latest
  std::string status;        ///< empty: the file says
  std::string file;
};

/// What of a service is looked at: everything that is open, and of what has closed the newest
/// `closed_max` of each workflow and status.
struct Sample {
  std::uint64_t closed_max = 100;
  std::string workflow;  ///< empty: all
};

/// Takes the history of a key, or why it cannot be read; false ends the reading.
using HistoryVisitor =
    std::function<bool(const HistoryKey& key, Result<model::ExportedHistory> history)>;

/// A number of histories. Any thread may read.
class Histories {
 public:
  virtual ~Histories() = default;
  virtual Result<std::vector<HistoryKey>> list(const Sample& sample) = 0;
  /// Checked, so that it can be replayed. NotFound, InvalidInput, NotAllowed (a newer format),
  /// Corrupt, Unavailable.
  virtual Result<model::ExportedHistory> read(const HistoryKey& key) = 0;
  /// Each of them once, in any order; quicker than one by one where they follow one another in what
  /// list() gave.
  virtual void read_many(std::span<const HistoryKey> keys, const HistoryVisitor& visit);
};

/// A file, or all files of a folder whose names end in ".json", in its folders too. NotFound.
Result<std::unique_ptr<Histories>> histories_of_files(const std::string& path);
/// A data folder or a backup, as it is now, also while a service uses it. Errors as
/// store::open_rocksdb_reader.
Result<std::unique_ptr<Histories>> histories_of_data(const std::string& folder);

/// A running service. InvalidInput for an address that is none; reading and listing fail with
/// Unreachable when it does not answer, which names the address.
Result<std::unique_ptr<Histories>> histories_of_service(const std::string& url,
                                                        const std::string& token,
                                                        const std::string& ca_file);

/// The text of a file. NotFound, Unavailable.
Result<std::string> read_text(const std::string& file);

}  // namespace eventual::program
