#include "host/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  void write_file(const std::string& text) {
    const std::string path = folder_ / "eventual.toml";
    std::ofstream(path) << text;
    sources.file = path;
  }
  Result<Config> load() {
    sources.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    return load_config(sources);
  }
  std::string refusal() {
    const Result<Config> config = load();
    return config ? "accepted" : config.error().message();
  }

  TemporaryFolder folder_;
  ConfigSources sources;
  std::map<std::string, std::string> variables;
};

TEST_F(ConfigTest, ACertificateNeedsItsKey) {
  sources.flags = {{"tls_cert", "cert.pem"}};
  EXPECT_THAT(refusal(), HasSubstr("tls_cert and tls_key belong together"));
  sources.flags = {{"tls_key", "key.pem"}};
  EXPECT_THAT(refusal(), HasSubstr("tls_cert and tls_key belong together"));
  variables["EVENTUAL_TLS_CERT"] = "cert.pem";
  EXPECT_EQ(load().value().tls_cert, "cert.pem");
  EXPECT_EQ(load().value().tls_key, "key.pem");
}

TEST_F(ConfigTest, HasDefaults) {
  const Config config = load().value();
  EXPECT_EQ(config.listen, "127.0.0.1:9000");
  EXPECT_EQ(config.data, "./.eventual");
  EXPECT_EQ(config.store, "rocksdb");
  EXPECT_EQ(config.grace, Duration(10'000));
}

TEST_F(ConfigTest, ThePayloadLimitHasUnitsAndARange) {
  EXPECT_EQ(load().value().payload_limit, std::nullopt);
  const auto limit = [&](const std::string& text) {
    sources.flags = {{"payload_limit", text}};
    return load().value().payload_limit;
  };
  EXPECT_EQ(limit("65536"), 65'536U);
  EXPECT_EQ(limit("65536B"), 65'536U);
  EXPECT_EQ(limit("512KB"), 512'000U);
  EXPECT_EQ(limit("512 KiB"), 524'288U);
  EXPECT_EQ(limit("2MB"), 2'000'000U);
  EXPECT_EQ(limit("1KiB"), 1024U);
  EXPECT_EQ(limit("16MiB"), 16'777'216U);
  for (const char* text : {"", "0", "1023", "1KB", "17MB", "16777217", "16385KiB", "4m", "MiB",
                           "-1", "1.5MiB", "99999999999999999999MiB"}) {
    sources.flags = {{"payload_limit", text}};
    EXPECT_THAT(refusal(), HasSubstr("must be a size from 1KiB to 16MiB")) << text;
  }
  sources.flags.clear();
  variables = {{"EVENTUAL_PAYLOAD_LIMIT", "2MiB"}};
  EXPECT_EQ(load().value().payload_limit, 2'097'152U);
  write_file("payload_limit = \"8MiB\"\n");
  variables.clear();
  EXPECT_EQ(load().value().payload_limit, 8'388'608U);
}

TEST_F(ConfigTest, LaterSourcesWin) {
  write_file("listen = \"127.0.0.1:1\"\ndata = \"file\"\nlog_level = \"warn\"\ngrace_ms = 5\n");
  variables = {{"EVENTUAL_LISTEN", "127.0.0.1:2"}, {"EVENTUAL_DATA", "variable"}};
  sources.flags = {{"listen", "127.0.0.1:3"}};
  const Config config = load().value();
  EXPECT_EQ(config.listen, "127.0.0.1:3");
  EXPECT_EQ(config.data, "variable");
  EXPECT_EQ(config.log_level, LogLevel::warn);
  EXPECT_EQ(config.grace, Duration(5));
}

TEST_F(ConfigTest, WhatIsKeptIsATimeOrForever) {
  EXPECT_EQ(load().value().event_retention, std::chrono::days(3));
  EXPECT_EQ(load().value().event_id_retention, std::chrono::hours(24));
  write_file("event_retention = \"90m\"\n");
  variables = {{"EVENTUAL_EVENT_ID_RETENTION", "7d"}};
  sources.flags = {{"retention", "forever"}};
  const Config config = load().value();
  EXPECT_EQ(config.event_retention, std::chrono::minutes(90));
  EXPECT_EQ(config.event_id_retention, std::chrono::days(7));
  EXPECT_EQ(config.retention, k_forever);
  sources.flags = {{"event_retention", "0h"}};
  EXPECT_THAT(refusal(), HasSubstr("--event-retention: \"0h\" must be a number of minutes"));
}

TEST_F(ConfigTest, ListsAreTomlArraysOrCommas) {
  write_file("allowed_hosts = [\"a.example\", \"b.example\"]\n");
  variables = {{"EVENTUAL_ALLOWED_ORIGINS", "https://a.example, https://b.example"}};
  const Config config = load().value();
  EXPECT_THAT(config.allowed_hosts, ElementsAre("a.example", "b.example"));
  EXPECT_THAT(config.allowed_origins, ElementsAre("https://a.example", "https://b.example"));
}

TEST_F(ConfigTest, AnOriginIsOneAsBrowsersSendIt) {
  sources.flags = {{"allowed_origins", "http://localhost:3000,https://[::1]:8443"}};
  EXPECT_THAT(load().value().allowed_origins,
              ElementsAre("http://localhost:3000", "https://[::1]:8443"));
  for (const std::string bad : {"https://shop.example/", "shop.example", "*", "https://"}) {
    sources.flags = {{"allowed_origins", bad}};
    EXPECT_EQ(refusal(), "--allowed-origins: \"" + bad +
                             "\" must be origins such as https://shop.example, without a path");
  }
}

TEST_F(ConfigTest, NamesTheKeyThatIsNoSetting) {
  write_file("listen = \"127.0.0.1:1\"\nlisten_to = 5\n");
  EXPECT_THAT(refusal(), HasSubstr("eventual.toml:2: listen_to is no setting"));
}

TEST_F(ConfigTest, SaysWhereABadValueComesFrom) {
  write_file("log_format = \"xml\"\n");
  EXPECT_THAT(refusal(), HasSubstr("eventual.toml:1: log_format: \"xml\" must be text or json"));
  write_file("");
  variables = {{"EVENTUAL_STORE", "paper"}};
  EXPECT_EQ(refusal(), "EVENTUAL_STORE: \"paper\" must be rocksdb or memory");
  variables.clear();
  sources.flags = {{"grace_ms", "soon"}};
  EXPECT_EQ(refusal(), "--grace-ms: \"soon\" must be a whole number from 0 to 3600000");
}

TEST_F(ConfigTest, ReportsBrokenTomlWithItsLine) {
  write_file("listen = \"127.0.0.1:1\"\ndata = = 3\n");
  EXPECT_THAT(refusal(), HasSubstr("eventual.toml:2:"));
}

TEST_F(ConfigTest, ANamedFileMustExist) {
  sources.file = folder_ / "absent.toml";
  EXPECT_THAT(refusal(), HasSubstr("there is no file"));
}

TEST_F(ConfigTest, AnAddressWithoutAPortIsNone) {
  for (const char* text :
       {"9000", "localhost", "127.0.0.1:", ":9000", "127.0.0.1:http", "127.0.0.1:70000"}) {
    sources.flags = {{"listen", text}};
    EXPECT_THAT(refusal(), HasSubstr("must be an address and a port such as 127.0.0.1:9000"))
        << text;
  }
  sources.flags = {{"listen", "[::1]:0"}};
  EXPECT_EQ(load().value().listen, "[::1]:0");
}

TEST_F(ConfigTest, BeyondLoopbackNeedsATokenFromTheEnvironment) {
  sources.flags = {{"listen", "0.0.0.0:9000"}};
  EXPECT_THAT(refusal(), HasSubstr("EVENTUAL_ADMIN_TOKEN"));
  variables = {{"EVENTUAL_ADMIN_TOKEN", "secret"}};
  EXPECT_EQ(load().value().admin_token, "secret");
}

}  // namespace
}  // namespace eventual::host
