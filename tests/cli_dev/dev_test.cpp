// `eventual dev`, as people run it: files are saved, and the service that answers is another one.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/text.hpp"
#include "cli/verbs_fixture.hpp"
#include "cli_dev/support.hpp"
#include "eventual/json.hpp"

namespace eventual::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

/// What the tests edit.
constexpr const char* k_service = R"(#pragma once
#include <eventual/eventual.hpp>
#include <string>

namespace ev = eventual;

inline ev::Service service{"hello"};

inline const auto hello = service.command("hello", [](std::string name) -> std::string { return "Hello, " + name; });
inline const auto crash = service.command("crash", []() -> std::string { __builtin_trap(); });
inline const auto go = service.signal<std::string>("go");
inline const auto note = service.task("note", [](std::string text) -> std::string { return text; });
inline const auto wait = service.workflow("wait", []() -> ev::Future<std::string> {
  std::string first = co_await note("first");
  std::string second = co_await go.expect();
  co_return first + second;
});
)";

constexpr const char* k_test = R"(#include "service.hpp"
#include <gtest/gtest.h>
TEST(Service, IsThere) { EXPECT_EQ(service.name(), "hello"); }
)";

/// A project that `eventual dev` runs.
class Dev : public ::testing::Test {
 protected:
  void SetUp() override {
    const Finished made = run_program({eventual_program(), "new", "hello"}, folder_.path());
    ASSERT_EQ(made.ending.exit_code, 0) << made.output;
    write_text(service_file_, k_service);
    write_text(folder_ / "hello/service_test.cpp", k_test);
    dev_.emplace(command(), folder_.path());
    wait_ready();
  }

  virtual std::vector<std::string> command() {
    return {eventual_program(), "dev", "hello", "--listen", "127.0.0.1:0"};
  }

  /// The parts of the line that tells of it.
  std::string wait_ready() {
    const std::string line = dev_->wait_for("dev: ready in ");
    const std::size_t at = line.find(" at ");
    url_ = line.substr(at + 4, line.find(' ', at + 4) - at - 4);
    return line;
  }

  std::optional<std::string> say_hello() const { return post(url_, "/rpc/hello", "\"Sam\""); }

  std::string status_of(const std::string& id) const {
    const auto body = get(url_, "/_eventual/executions/" + id);
    if (!body) return "no answer";
    return Json::parse(*body).value()["status"].as_string();
  }

  void end() {
    dev_->signal(SIGINT);
    EXPECT_EQ(dev_->wait_ended().exit_code, 0) << dev_->output();
    EXPECT_THAT(dev_->output(), HasSubstr("dev: ended"));
    EXPECT_FALSE(say_hello()) << "the service ends with the loop";
  }

  Folder folder_;
  const std::string service_file_ = folder_ / "hello/service.hpp";
  std::optional<Running> dev_;
  std::string url_;
};

TEST_F(Dev, ASaveIsAnsweredByTheNewCodeAndABrokenOneByTheOld) {
  EXPECT_THAT(say_hello(), Optional(std::string("\"Hello, Sam\"")));

  replace_text(service_file_, "\"Hello, \"", "\"Good day, \"");
  const std::string line = wait_ready();
  for (const char* part : {"compile ", "link ", "start "}) EXPECT_THAT(line, HasSubstr(part));
  EXPECT_THAT(say_hello(), Optional(std::string("\"Good day, Sam\"")));

  replace_text(service_file_, "return \"Good", "retrun \"Good");
  EXPECT_THAT(dev_->wait_for("service.hpp:9:"), HasSubstr("error: "));
  dev_->wait_for("retrun");
  dev_->wait_for("the service goes on as it was");
  EXPECT_THAT(dev_->output(), Not(HasSubstr("clang++")));
  EXPECT_THAT(say_hello(), Optional(std::string("\"Good day, Sam\"")));

  // Declarations with a defect compile, but must not replace what runs either.
  replace_text(service_file_, "retrun", "return");
  wait_ready();
  replace_text(service_file_, "service.command(\"crash\"", "service.command(\"hello\"");
  dev_->wait_for("the new code does not start");
  EXPECT_THAT(say_hello(), Optional(std::string("\"Good day, Sam\"")));

  replace_text(service_file_, "service.command(\"hello\", []()", "service.command(\"bye\", []()");
  wait_ready();
  EXPECT_THAT(dev_->wait_for("dev:   "), HasSubstr("- command crash"));
  EXPECT_THAT(dev_->wait_for("dev:   "), HasSubstr("+ command bye"));

  // Of a file that the service does not need nothing comes.
  write_text(folder_ / "hello/README.md", "notes");
  dev_->wait_for("README.md changes nothing of the service");
  end();
}

TEST_F(Dev, ExecutionsGoOnWithTheNewCodeOrAreParkedUntilItAgrees) {
  for (const char* name : {"one", "two"}) {
    ASSERT_THAT(post(url_, "/_eventual/workflows/wait/executions",
                     Json::object({{"input", nullptr}, {"name", name}}).dump()),
                Optional(HasSubstr("execution_id")));
  }

  replace_text(service_file_, "co_return first + second", "co_return second + first");
  wait_ready();
  ASSERT_TRUE(post(url_, "/_eventual/executions/wait/one/signals/go", "\"1\""));
  EXPECT_THAT(get(url_, "/_eventual/executions/wait/one/result?wait_ms=30000"),
              Optional(HasSubstr("\"1first\"")))
      << "it began with the old code and ended with the new";

  replace_text(service_file_, "co_await note(\"first\")", "\"\"");
  wait_ready();
  EXPECT_THAT(dev_->wait_for("will be parked when it goes on: wait/two: "), HasSubstr("note"))
      << "it waits: nobody has run the new code over its history yet";
  ASSERT_TRUE(post(url_, "/_eventual/executions/wait/two/signals/go", "\"2\""));
  const std::string why = dev_->wait_for("parked: wait/two: ");
  EXPECT_THAT(why, HasSubstr("note"));
  EXPECT_THAT(why, HasSubstr("service.hpp:1"));
  EXPECT_THAT(dev_->wait_for("dev:   "), HasSubstr("nothing of it is lost"));
  EXPECT_EQ(status_of("wait/two"), "parked");

  replace_text(service_file_, "std::string first = \"\"",
               "std::string first = co_await note(\"first\")");
  wait_ready();
  dev_->wait_for("wait/two is no longer parked");
  EXPECT_THAT(get(url_, "/_eventual/executions/wait/two/result?wait_ms=30000"),
              Optional(HasSubstr("\"2first\"")));
  end();
}

TEST_F(Dev, ACrashIsShownAndTheNextSaveStartsTheServiceAgain) {
  (void)post(url_, "/rpc/crash", "null");
  EXPECT_THAT(dev_->wait_for("dev: the service ended: "), HasSubstr("SIG"));
  EXPECT_FALSE(say_hello());
  replace_text(service_file_, "__builtin_trap();", "return \"no longer\";");
  wait_ready();
  EXPECT_THAT(post(url_, "/rpc/crash", "null"), Optional(std::string("\"no longer\"")));

  // Settings count without a build.
  write_text(folder_ / "hello/eventual.toml", "log_level = \"debug\"\n");
  wait_ready();
  EXPECT_THAT(post(url_, "/rpc/crash", "null"), Optional(std::string("\"no longer\"")));
  end();
}

/// With standard input, and a service that asks for a token.
class DevWithKeys : public Dev {
 protected:
  ~DevWithKeys() override {
    if (keys_ >= 0) ::close(keys_);
  }

  std::vector<std::string> command() override {
    const std::string pipe = folder_ / "keys";
    EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    keys_ = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);  // so that neither end waits for the other
    EXPECT_GE(keys_, 0);
    return {"/bin/sh", "-c", "exec \"$0\" dev hello --listen 127.0.0.1:0 --token secret < keys",
            eventual_program()};
  }

  void type(const std::string& keys) {
    ASSERT_EQ(::write(keys_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

 private:
  int keys_ = -1;
};

TEST_F(DevWithKeys, KeysRestartShowTheLogAndEndIt) {
  EXPECT_THAT(get(url_, "/_eventual/executions"), Optional(HasSubstr("Unauthorized")))
      << "the token is handed on to the service";
  type("?\n");
  dev_->wait_for("r restarts, l shows the last build's log, q ends");
  type("l\n");
  dev_->wait_for("Linking CXX executable");
  type("r\n");
  EXPECT_THAT(wait_ready(), Not(HasSubstr("compile "))) << "nothing was to be built";
  EXPECT_THAT(say_hello(), Optional(std::string("\"Hello, Sam\"")));
  type("q\n");
  EXPECT_EQ(dev_->wait_ended().exit_code, 0) << dev_->output();
  EXPECT_FALSE(say_hello()) << "the service ends with the loop";
}

TEST(Terminal, AProjectIsMadeAndRunIn80Columns) {
  const Folder folder;
  const std::string project = folder / "hello";
  const auto expect_fits = [](const testing::Ran& ran) {
    EXPECT_NE(ran.out, "");
    for (const std::string& line : lines_of(ran.out)) {
      // What the service and the compiler print is theirs: its lines, and code with its errors.
      // A long path stays whole.
      const bool passed_on = line.starts_with("hello |") || line.find(" | ") == 5 ||
                             line.find(' ') == std::string::npos ||
                             line.find("error:") != std::string::npos;
      if (!passed_on) EXPECT_LE(display_width(line), 80U) << line;
    }
  };
  testing::How how{.columns = 80, .patience = k_patience};
  if (const char* home = std::getenv("HOME"); home != nullptr) how.environment["HOME"] = home;
  expect_fits(testing::run(eventual_program(), {"new", "hello", "--dir", project}, how));

  // A line that does not compile; then other declarations.
  const std::string file = project + "/service.hpp";
  write_text(file, k_service);
  write_text(project + "/service_test.cpp", k_test);
  int saves = 0;
  how.watch = [&](const std::string& out) {
    if (saves == 0 && out.find("ready in") != std::string::npos) {
      ++saves;
      replace_text(file, "return \"Hello", "retrun \"Hello");
    } else if (saves == 1 && out.find("goes on as it was") != std::string::npos) {
      ++saves;
      replace_text(file, "retrun", "return");
      replace_text(file, "service.command(\"crash\"", "service.command(\"stop\"");
    }
  };
  how.interrupt_after = "+ command stop";
  const testing::Ran ran =
      testing::run(eventual_program(), {"dev", project, "--listen", "127.0.0.1:0"}, how);
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("- command crash"));
  expect_fits(ran);
}

TEST(DevUsage, AFolderThatIsNoProjectIsRefused) {
  const Folder folder;
  const Finished refused = run_program({eventual_program(), "dev", folder.path()}, "/");
  EXPECT_EQ(refused.ending.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("has no CMakeLists.txt"));
  EXPECT_THAT(refused.output, HasSubstr("eventual new"));
  EXPECT_EQ(run_program({eventual_program(), "local", folder.path()}, "/").ending.exit_code, 2);
}

TEST(DevUsage, AProjectThatCannotBeConfiguredSaysWhyAndWaitsForTheNextSave) {
  const Folder folder;
  write_text(folder / "CMakeLists.txt",
             "cmake_minimum_required(VERSION 3.25)\nproject(x CXX)\nno_such_command()\n");
  Running dev({eventual_program(), "dev", folder.path()}, "/");
  EXPECT_THAT(dev.wait_for("CMakeLists.txt:3: error: "), HasSubstr("no_such_command"));
  dev.wait_for("the next save tries again");
  write_text(folder / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(x CXX)\n");
  dev.wait_for("does not call eventual_add_service");
  dev.signal(SIGTERM);
  EXPECT_EQ(dev.wait_ended().exit_code, 0);
}

}  // namespace
}  // namespace eventual::cli
