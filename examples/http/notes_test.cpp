// The example, in process.
#include "notes.hpp"

#include <eventual/testing.hpp>

#include <cstdlib>

#include <gtest/gtest.h>

namespace {

namespace ev = eventual;
namespace http = eventual::http;
using notes::Note;

class NotesTest : public testing::Test {
 protected:
  NotesTest() {
    ::setenv("NOTES_KEY_SAM", "sam-key", 1);
    ::setenv("NOTES_KEY_KIM", "kim-key", 1);
    notes::service.provide<notes::Board>();  // an empty one for each test
  }

  http::Response send(http::Method method, std::string target, std::string body = {},
                      std::string key = "sam-key") {
    http::Request request;
    request.method = method;
    request.raw_target = std::move(target);
    request.headers = {{"x-api-key", std::move(key)}};
    request.body = std::move(body);
    return env.request(std::move(request));
  }

  ev::TestEnvironment env{notes::service};
};

TEST_F(NotesTest, ANoteIsWrittenAndRead) {
  const http::Response written =
      send(http::Method::put, "/notes/n-1", R"({"text":"milk","colour":"blue"})");
  EXPECT_EQ(written.status, 201);
  EXPECT_EQ(send(http::Method::get, "/notes/n-1").body,
            R"({"id":"n-1","text":"milk","colour":"blue"})");
  EXPECT_EQ(send(http::Method::get, "/notes/n-2").status, 404);
  EXPECT_EQ(send(http::Method::get, "/notes/n-1", {}, "kim-key").status, 404);
  EXPECT_EQ(send(http::Method::get, "/notes/n-1", {}, "nobody").status, 401);
}

TEST_F(NotesTest, CommandsAreCalledWithTheHeadersThatTheirMiddlewareWants) {
  const Note note = env.call(notes::put_note, Note{"n-1", "milk"}, {{"x-api-key", "sam-key"}});
  EXPECT_EQ(note.text, "milk");
  EXPECT_THROW(env.call(notes::put_note, Note{"n-1", "milk"}), ev::Error);
}

TEST_F(NotesTest, SearchingTakesWhatItIsGiven) {
  send(http::Method::put, "/notes/a", R"({"text":"milk and honey","colour":"yellow"})");
  send(http::Method::put, "/notes/b", R"({"text":"milk","colour":"blue"})");
  send(http::Method::put, "/notes/c", R"({"text":"bread","colour":"blue"})");
  const auto found = [&](const std::string& query) {
    std::string ids;
    const ev::Json notes = ev::Json::parse(send(http::Method::get, "/notes?" + query).body).value();
    for (const ev::Json& note : notes.as_array()) ids += note["id"].as_string();
    return ids;
  };
  EXPECT_EQ(found("word=milk"), "ab");
  EXPECT_EQ(found("colours=blue"), "bc");
  EXPECT_EQ(found("colours=blue&colours=yellow&limit=2"), "ab");
  const http::Response bad = send(http::Method::get, "/notes?colours=red&limit=x");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(ev::Json::parse(bad.body).value()["details"].dump(),
            R"([{"pointer":"/colours/0","reason":"must be one of: yellow, blue"},)"
            R"({"pointer":"/limit","reason":"must be an integer"}])");
}

TEST_F(NotesTest, LinesAreImportedAndExported) {
  EXPECT_EQ(send(http::Method::post, "/import", "one\ntwo\n").body, R"({"imported":2})");
  EXPECT_EQ(send(http::Method::get, "/export").body, "one\ntwo\n");
}

}  // namespace
