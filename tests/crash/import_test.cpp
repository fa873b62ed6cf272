// Executions with large values move from one service to another that is killed on the way.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "crash/http_client.hpp"
#include "crash/process.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_executions = 40;
/// Far more than a value within a history's row may have.
constexpr std::size_t k_padding_bytes = 20'000;

struct Moved {
  std::string name;
  std::string padding;
  bool closed = false;
  std::string file;  ///< its history, as it was exported

  std::string path() const { return "/_eventual/executions/bulky/" + name; }
  std::string result() const {
    const std::string letter = padding.substr(0, 1);
    return closed ? padding + letter : padding + letter + padding + letter;
  }
};

std::vector<Moved> plans() {
  std::vector<Moved> all;
  for (std::size_t i = 0; i < k_executions; ++i) {
    all.push_back({fmt::format("b-{}", i),
                   std::string(k_padding_bytes + i, static_cast<char>('a' + i % 26)),
                   i % 2 == 0,
                   {}});
  }
  return all;
}

/// Starts them and waits until each has closed or waits for its signal.
void start_all(HttpClient& client, const std::vector<Moved>& all) {
  for (const Moved& one : all) {
    const auto answer = client.post(
        "/_eventual/workflows/bulky/executions",
        fmt::format(
            R"({{"name":"{}","input":{{"name":"{}","number":1,"fails":{},"padding":"{}"}}}})",
            one.name, one.name, one.closed, one.padding));
    ASSERT_TRUE(answer && answer->status == 201) << (answer ? answer->body : "no answer");
  }
  for (const Moved& one : all) {
    ASSERT_TRUE(eventually(60s, [&] {
      const auto view = client.get(one.path());
      if (!view) return false;
      const eventual::Json json = view->json();
      if (one.closed) return json["status"] == eventual::Json("succeeded");
      return json["waiting_for"].size() == 1 &&
             json["waiting_for"].as_array()[0]["kind"] == eventual::Json("signal");
    })) << one.name;
  }
}

/// Whole where it is there: a closed one is as it was, an open one waits for its signal.
void expect_whole(HttpClient& client, const Moved& one) {
  const auto view = client.get(one.path());
  ASSERT_TRUE(view && view->status == 200) << one.name << (view ? view->body : "");
  EXPECT_EQ(view->json()["input"]["padding"], eventual::Json(one.padding)) << one.name;
  EXPECT_EQ(view->json()["status"], eventual::Json(one.closed ? "succeeded" : "running"));
  const auto file = client.get(one.path() + "/export?limit=10000");
  ASSERT_TRUE(file && file->status == 200) << one.name;
  EXPECT_EQ(file->body, one.file) << one.name;
}

TEST(Import, AKillLeavesEachExecutionWholeOrNotThere) {
  std::vector<Moved> all = plans();
  {
    const Workspace workspace;
    ServiceProcess process(workspace);
    const auto port = process.wait_ready();
    ASSERT_TRUE(port) << process.output();
    HttpClient client(*port);
    ASSERT_NO_FATAL_FAILURE(start_all(client, all));
    for (Moved& one : all) {
      const auto file = client.get(one.path() + "/export?limit=10000");
      ASSERT_TRUE(file && file->status == 200);
      one.file = file->body;
    }
    EXPECT_EQ(process.kill().signal, SIGKILL);
  }

  const Workspace workspace;
  std::optional<ServiceProcess> process;
  std::unique_ptr<HttpClient> client;
  std::uint16_t port = 0;
  const auto boot = [&] {
    process.emplace(workspace);
    const auto ready = process->wait_ready();
    ASSERT_TRUE(ready) << process->output();
    port = *ready;
    client = std::make_unique<HttpClient>(port);
  };
  ASSERT_NO_FATAL_FAILURE(boot());
  std::size_t kills = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 8 == 5) {
      std::thread sender([port, file = all[i].file] {
        HttpClient other(port);
        (void)other.post("/_eventual/import", file);
      });
      std::this_thread::sleep_for(std::chrono::microseconds(400 * i));  // anywhere on the way
      EXPECT_EQ(process->kill().signal, SIGKILL);
      sender.join();
      ++kills;
      ASSERT_NO_FATAL_FAILURE(boot());
      for (std::size_t before = 0; before < i; ++before)
        ASSERT_NO_FATAL_FAILURE(expect_whole(*client, all[before]));
    }
    const auto there = client->get(all[i].path());
    ASSERT_TRUE(there);
    if (there->status == 200) ASSERT_NO_FATAL_FAILURE(expect_whole(*client, all[i]));
    const auto answer = client->post("/_eventual/import", all[i].file);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, there->status == 200 ? 409 : 201) << answer->body;
  }
  EXPECT_EQ(kills, 5U);

  // Once more, and all of it is there and goes on.
  EXPECT_EQ(process->kill().signal, SIGKILL);
  ASSERT_NO_FATAL_FAILURE(boot());
  for (const Moved& one : all) ASSERT_NO_FATAL_FAILURE(expect_whole(*client, one));
  for (const Moved& one : all) {
    if (one.closed) continue;
    const auto sent = client->post(one.path() + "/signals/more", "\"" + one.padding + "\"");
    ASSERT_TRUE(sent && sent->status == 200) << (sent ? sent->body : "no answer");
  }
  EXPECT_EQ(process->kill().signal, SIGKILL);
  ASSERT_NO_FATAL_FAILURE(boot());
  for (const Moved& one : all) {
    ASSERT_TRUE(eventually(60s, [&] {
      const auto result = client->get(one.path() + "/result?wait_ms=1000");
      return result && result->status == 200;
    })) << one.name;
    EXPECT_EQ(client->get(one.path())->json()["result"], eventual::Json(one.result())) << one.name;
  }
}

}  // namespace
}  // namespace crash
