// Histories of a running service, over HTTP.
#include <map>
#include <utility>

#include "client/histories.hpp"
#include "client/http_client.hpp"
#include "client/operations_client.hpp"
#include "model/records.hpp"
#include "program/histories.hpp"

namespace eventual::program {
namespace {

class ServiceHistories final : public Histories {
 public:
  explicit ServiceHistories(std::unique_ptr<client::HttpClient> http)
      : http_(std::move(http)), client_(*http_) {}

  /// Open ones are asked for by their statuses, so that a service with many closed ones need not
  /// list them all.
  Result<std::vector<HistoryKey>> list(const Sample& sample) override {
    std::vector<HistoryKey> keys;
    for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(model::Status::continued);
         ++number) {
      const auto status = static_cast<model::Status>(number);
      if (auto listed = list(sample, status, keys); !listed) return listed.error();
    }
    return keys;
  }

  Result<model::ExportedHistory> read(const HistoryKey& key) override {
    auto execution = ports::parse_execution_id(key.execution_id);
    if (!execution) return execution.error();
    execution->run = key.run;
    return client::download_history(client_, *execution);
  }

 private:
  Result<void> list(const Sample& sample, model::Status status, std::vector<HistoryKey>& keys) {
    std::map<std::string, std::uint64_t> found;  // by workflow
    client::Page page{.limit = 1000};
    do {
      auto answer = client_.list(sample.workflow, model::to_string(status), page);
      if (!answer) return answer.error();
      try {
        for (const Json& one : (*answer)["executions"].as_array()) {
          if (model::is_closed(status) &&
              ++found[one["workflow"].as_string()] > sample.closed_max) {
            continue;
          }
          keys.push_back({one["execution_id"].as_string(),
                          static_cast<std::uint32_t>(one["run"].as_uint64()),
                          one["status"].as_string(),
                          {}});
        }
      } catch (const Error& error) {
        return Error(error.name(), "the answer of the service is no list: " + error.message());
      }
      // Without a known workflow it takes the whole list to know that none is missed.
      const bool enough = model::is_closed(status) && !sample.workflow.empty() &&
                          found[sample.workflow] >= sample.closed_max;
      const Json& cursor = (*answer)["cursor"];
      page.cursor = cursor.is_string() && !enough ? cursor.as_string() : std::string();
    } while (!page.cursor.empty());
    return {};
  }

  const std::unique_ptr<client::HttpClient> http_;
  client::OperationsClient client_;
};

}  // namespace

Result<std::unique_ptr<Histories>> histories_of_service(const std::string& url,
                                                        const std::string& token,
                                                        const std::string& ca_file) {
  auto http = client::HttpClient::make(url, {.bearer_token = token, .ca_file = ca_file});
  if (!http) return http.error();
  return std::unique_ptr<Histories>(std::make_unique<ServiceHistories>(std::move(*http)));
}

}  // namespace eventual::program
