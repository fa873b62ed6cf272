// The OpenAPI document of a service, part by part. tests/node/openapi has it read by validators.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/eventual.hpp"
#include "eventual/middleware.hpp"
#include "gateway/openapi/examples.hpp"

namespace shop {

struct Note {
  std::string id;
  std::string text;
  std::optional<std::int32_t> stars;
};

struct Search {
  std::string word;
  std::vector<std::string> tags;
  std::int32_t limit = 20;
  std::string language;
};

struct Error {
  std::string reason;
};

}  // namespace shop

namespace other {
struct Note {
  bool hidden = false;
};
}  // namespace other

template <>
struct eventual::Annotate<shop::Note> {
  static constexpr std::string_view description = "A note on a board";
  static constexpr FieldAnnotations fields[] = {
      field<&shop::Note::text>({.description = "What it says", .example = "milk"})};
};
template <>
struct eventual::Annotate<shop::Search> {
  static constexpr FieldAnnotations fields[] = {field<&shop::Search::limit>({.default_value = 20})};
};

namespace {

namespace ev = eventual;
namespace http = eventual::http;
using shop::Note;

/// The value at a pointer as text; "nothing" where there is none.
std::string at(const ev::Json& document, std::string_view pointer) {
  const ev::Json* found = document.find_at(pointer);
  return found == nullptr ? "nothing" : found->dump();
}

/// The names of the members there.
std::vector<std::string> names(const ev::Json& document, std::string_view pointer) {
  std::vector<std::string> all;
  const ev::Json* found = document.find_at(pointer);
  if (found == nullptr || !found->is_object()) return all;
  for (const auto& [name, value] : found->as_object()) all.push_back(name);
  return all;
}

using Names = std::vector<std::string>;

TEST(OpenApi, TellsOfTheServiceAndItsAddress) {
  ev::Service service("notes", {.version = "3.2", .description = "Notes for all"});
  const ev::Json document = service.openapi("https://notes.example");
  EXPECT_EQ(at(document, "/openapi"), R"("3.1.0")");
  EXPECT_EQ(at(document, "/info"),
            R"({"title":"notes","version":"3.2","description":"Notes for all"})");
  EXPECT_EQ(at(document, "/servers"), R"([{"url":"https://notes.example"}])");
  EXPECT_EQ(at(document, "/paths"), "{}");
  EXPECT_EQ(at(service.openapi(), "/servers"), "nothing");
}

TEST(OpenApi, ACommandIsToldByRpcAndOnItsPath) {
  ev::Service service("notes");
  service.command("putNote",
                  {.method = http::Method::put,
                   .path = "/notes/:id",
                   .success_status = 201,
                   .summary = "Writes a note",
                   .description = "Over the one before.",
                   .tags = {"notes"},
                   .deprecated = true},
                  [](Note note) { return note; });
  const ev::Json document = service.openapi();
  EXPECT_EQ(names(document, "/paths"), (Names{"/rpc/putNote", "/notes/{id}"}));

  const ev::Json& rpc = *document.find_at("/paths/~1rpc~1putNote/post");
  EXPECT_EQ(at(rpc, "/operationId"), R"("putNote_rpc")");
  EXPECT_EQ(at(rpc, "/parameters"), "nothing");
  EXPECT_EQ(at(rpc, "/requestBody/required"), "true");
  EXPECT_EQ(at(rpc, "/requestBody/content/application~1json/schema"),
            R"({"$ref":"#/components/schemas/Note"})");
  EXPECT_EQ(at(rpc, "/requestBody/content/application~1json/example"),
            R"({"id":"text","text":"milk","stars":1})");
  EXPECT_EQ(names(rpc, "/responses"), (Names{"200", "400", "413", "415", "503", "default"}));

  const ev::Json& rest = *document.find_at("/paths/~1notes~1{id}/put");
  EXPECT_EQ(at(rest, "/operationId"), R"("putNote")");
  EXPECT_EQ(at(rest, "/summary"), R"("Writes a note")");
  EXPECT_EQ(at(rest, "/description"), R"("Over the one before.")");
  EXPECT_EQ(at(rest, "/tags"), R"(["notes"])");
  EXPECT_EQ(at(rest, "/deprecated"), "true");
  EXPECT_EQ(at(rest, "/parameters"),
            R"([{"name":"id","in":"path","required":true,"schema":{"type":"string"},)"
            R"("example":"text"}])");
  // What the path gives is no member of the body.
  EXPECT_EQ(names(rest, "/requestBody/content/application~1json/schema/properties"),
            (Names{"text", "stars"}));
  EXPECT_EQ(at(rest, "/requestBody/content/application~1json/schema/required"), R"(["text"])");
  EXPECT_EQ(names(rest, "/responses"), (Names{"201", "400", "413", "415", "503", "default"}));
  EXPECT_EQ(at(rest, "/responses/201/content/application~1json/schema"),
            R"({"$ref":"#/components/schemas/Note"})");
  EXPECT_EQ(at(document, "/tags"), R"([{"name":"notes"}])");
}

TEST(OpenApi, MembersOfAQueryAndOfHeadersAreParameters) {
  ev::Service service("notes");
  service.command("search",
                  {.method = http::Method::get,
                   .path = "/notes",
                   .parameters = {{.member = "language",
                                   .in = http::In::header,
                                   .name = "accept-language",
                                   .description = "Of the answer"},
                                  {.member = "word", .name = "q"}}},
                  [](const shop::Search& search) { return search.word; });
  const ev::Json document = service.openapi();
  const ev::Json& operation = *document.find_at("/paths/~1notes/get");
  EXPECT_EQ(at(operation, "/requestBody"), "nothing");
  std::string told;
  for (const ev::Json& each : operation["parameters"].as_array()) {
    told += each["in"].as_string() + " " + each["name"].as_string() +
            (each["required"].as_bool() ? " required " : " ") + each["schema"].dump() + "\n";
  }
  EXPECT_EQ(told,
            "query q required {\"type\":\"string\"}\n"
            "query tags required {\"type\":\"array\",\"items\":{\"type\":\"string\"}}\n"
            "query limit {\"type\":\"integer\",\"format\":\"int32\",\"minimum\":-2147483648,"
            "\"maximum\":2147483647,\"default\":20}\n"
            "header accept-language required {\"type\":\"string\"}\n");
}

TEST(OpenApi, AnInputWithoutMembersIsTheOnlyParameterOfThePath) {
  ev::Service service("notes");
  service.command("note",
                  {.method = http::Method::get,
                   .path = "/notes/:number",
                   .input = {.description = "Of the note", .minimum = 1}},
                  [](std::int64_t) {});
  const ev::Json document = service.openapi();
  EXPECT_EQ(
      at(document, "/paths/~1notes~1{number}/get/parameters"),
      R"([{"name":"number","in":"path","description":"Of the note","required":true,)"
      R"("schema":{"type":"integer","format":"int64","description":"Of the note","minimum":1},)"
      R"("example":1}])");
  EXPECT_EQ(at(document, "/paths/~1notes~1{number}/get/requestBody"), "nothing");
}

TEST(OpenApi, WhatTakesAndGivesNothingSaysSo) {
  ev::Service service("notes");
  service.command("wipe", {.method = http::Method::del, .path = "/notes", .success_status = 204},
                  [] {});
  const ev::Json document = service.openapi();
  EXPECT_EQ(at(document, "/paths/~1rpc~1wipe/post/requestBody"), "nothing");
  EXPECT_EQ(at(document, "/paths/~1rpc~1wipe/post/responses/200/content/application~1json/schema"),
            R"({"type":"null"})");
  EXPECT_EQ(at(document, "/paths/~1notes/delete/responses/204"),
            R"({"description":"Done; no content"})");
  EXPECT_EQ(at(document, "/paths/~1notes/delete/responses/400"), "nothing");
}

TEST(OpenApi, TypesOfOneNameAreToldApart) {
  ev::Service service("notes");
  service.command("one", [](Note note) { return note; });
  service.command("two", [](const other::Note& note) { return note.hidden; });
  service.command("three", [](shop::Error error) { return error; });
  const ev::Json document = service.openapi();
  EXPECT_EQ(names(document, "/components/schemas"),
            (Names{"Error", "InvalidInput", "Problem", "Note", "Note2", "Error2"}));
  EXPECT_EQ(at(document, "/components/schemas/Note/description"), R"("A note on a board")");
  EXPECT_EQ(at(document, "/components/schemas/Note/properties/text"),
            R"({"type":"string","description":"What it says","examples":["milk"]})");
  EXPECT_EQ(at(document, "/components/schemas/Note/required"), R"(["id","text"])");
  EXPECT_EQ(names(document, "/components/schemas/Note2/properties"), (Names{"hidden"}));
  EXPECT_EQ(at(document, "/components/schemas/Error/required"), R"(["error","message","details"])");
}

TEST(OpenApi, MiddlewareIsToldAsSecurityAndAsAnswers) {
  ev::Service service("notes");
  const auto limited = service.use(ev::middleware::Cors({.origins = {"https://shop.example"}}))
                           .use(ev::middleware::RateLimit({}));
  const auto keyed = limited.use(
      ev::middleware::ApiKey({.keys = {{"sam", ev::Secret::literal("key")}}, .header = "x-key"}));
  const auto signed_in = keyed.use(ev::middleware::Jwt({.scopes = {"notes:write"}}));
  service.command("open", {.concurrency = 3}, [] {});
  keyed.command("read", [] {});
  signed_in.command("write", [] {});
  signed_in.http.get("/", [] { return "hello"; });
  const ev::Json document = service.openapi();

  EXPECT_EQ(at(document, "/paths/~1rpc~1open/post/security"), "nothing");
  EXPECT_EQ(names(document, "/paths/~1rpc~1open/post/responses"),
            (Names{"200", "429", "503", "default"}));
  EXPECT_EQ(at(document, "/paths/~1rpc~1read/post/security"), R"([{"apiKey":[]}])");
  EXPECT_EQ(names(document, "/paths/~1rpc~1read/post/responses"),
            (Names{"200", "401", "403", "429", "503", "default"}));
  EXPECT_EQ(at(document, "/paths/~1rpc~1write/post/security"),
            R"([{"apiKey":[],"bearer":["notes:write"]}])");
  EXPECT_EQ(at(document, "/paths/~1/get/security"), R"([{"apiKey":[],"bearer":["notes:write"]}])");
  EXPECT_EQ(at(document, "/components/securitySchemes/apiKey"),
            R"({"type":"apiKey","in":"header","name":"x-key",)"
            R"("description":"A key that the service's owner gives"})");
  EXPECT_EQ(at(document, "/components/securitySchemes/bearer"),
            R"({"type":"http","scheme":"bearer","bearerFormat":"JWT",)"
            R"("description":"A JSON Web Token"})");
  EXPECT_EQ(at(document, "/components/responses/TooMany/headers/Retry-After/schema"),
            R"({"type":"integer"})");
  EXPECT_EQ(at(document, "/components/responses/InvalidInput"), "nothing") << "nobody gives it";
}

TEST(OpenApi, SchemesOfOneNameThatDifferAreToldApart) {
  ev::Service service("notes");
  const auto key = [&](std::string header) {
    return service.use(ev::middleware::ApiKey(
        {.keys = {{"sam", ev::Secret::literal("key")}}, .header = std::move(header)}));
  };
  key("x-one").command("one", [] {});
  key("x-two").command("two", [] {});
  key("x-one").command("three", [] {});
  const ev::Json document = service.openapi();
  EXPECT_EQ(at(document, "/paths/~1rpc~1one/post/security"), R"([{"apiKey":[]}])");
  EXPECT_EQ(at(document, "/paths/~1rpc~1two/post/security"), R"([{"apiKey2":[]}])");
  EXPECT_EQ(at(document, "/paths/~1rpc~1three/post/security"), R"([{"apiKey":[]}])");
  EXPECT_EQ(at(document, "/components/securitySchemes/apiKey2/name"), R"("x-two")");
}

TEST(OpenApi, DeclaredErrorsAreToldWithTheirNames) {
  ev::Service service("notes");
  service.command("find",
                  {.errors = {{404, "NotFound", "There is no such note"},
                              {409, "Locked", "Somebody writes it"},
                              {409, "Closed", "The board is closed"},
                              {418, "", ""},
                              {503, "Away", "The board is away"}}},
                  [] {});
  const ev::Json document = service.openapi();
  const ev::Json& answers = *document.find_at("/paths/~1rpc~1find/post/responses");
  EXPECT_EQ(at(answers, "/404/description"), R"("`NotFound`: There is no such note")");
  EXPECT_EQ(at(answers, "/409/description"),
            R"("`Locked`: Somebody writes it\n`Closed`: The board is closed")");
  EXPECT_EQ(at(answers, "/418/description"), R"("Failure")");
  EXPECT_EQ(at(answers, "/404/content/application~1json/schema"),
            R"({"$ref":"#/components/schemas/Error"})");
  EXPECT_EQ(at(answers, "/503/description"),
            R"("`Away`: The board is away\nIt took too long, or the service is stopping; )"
            R"(later it may do")");
  EXPECT_EQ(names(answers, ""), (Names{"200", "404", "409", "418", "503", "default"}));
}

TEST(OpenApi, PathsThatDifferInNamesAloneAreOne) {
  ev::Service service("notes");
  service.command("get", {.method = http::Method::get, .path = "/notes/:id/of/:board"},
                  [](const std::map<std::string, std::string>&) {});
  service.http.put("/notes/:key/of/:where", [] {});
  const ev::Json document = service.openapi();
  EXPECT_EQ(names(document, "/paths"), (Names{"/rpc/get", "/notes/{id}/of/{board}"}));
  EXPECT_EQ(names(document, "/paths/~1notes~1{id}~1of~1{board}"), (Names{"get", "put"}));
  EXPECT_EQ(at(document, "/paths/~1notes~1{id}~1of~1{board}/put/parameters/1/name"), R"("board")");
}

TEST(OpenApi, RoutesTellWhatTheirHandlersGive) {
  ev::Service service("notes");
  service.http.get("/text", [] { return "hello"; });
  service.http.get("/json", []() -> shop::Error { return {}; });
  service.http.get("/response", [](const http::Request&) { return http::text_response("a"); });
  service.http.get("/nothing", [] {});
  service.http.get("/events", [](http::EventStream&) {});
  service.http.get("/pieces", {.answer_media_type = "text/csv"}, [](http::ResponseWriter&) {});
  service.http.get("/files/*", [] { return "a file"; });
  service.http.post(
      "/upload",
      {.body = ev::described<Note>(), .answer = ev::described<Note>(), .success_status = 202},
      [](const http::Request& request) { return http::json_response(request.body); });
  const ev::Json document = service.openapi();
  const auto answer = [&](std::string_view path) {
    return names(document, "/paths/~1" + std::string(path) + "/get/responses/200/content");
  };
  EXPECT_EQ(answer("text"), Names{"text/plain"});
  EXPECT_EQ(answer("json"), Names{"application/json"});
  EXPECT_EQ(answer("response"), Names{"*/*"});
  EXPECT_EQ(answer("events"), Names{"text/event-stream"});
  EXPECT_EQ(answer("pieces"), Names{"text/csv"});
  EXPECT_EQ(names(document, "/paths/~1nothing/get/responses"), (Names{"204", "503", "default"}));
  EXPECT_EQ(at(document, "/paths/~1files~1{rest}/get/parameters/0/name"), R"("rest")");
  EXPECT_EQ(at(document, "/paths/~1upload/post/requestBody/content/application~1json/schema"),
            R"({"$ref":"#/components/schemas/Note"})");
  EXPECT_EQ(at(document, "/paths/~1upload/post/responses/202/content/application~1json/schema"),
            R"({"$ref":"#/components/schemas/Note"})");
}

TEST(OpenApi, ParametersOfRoutesAreToldWithTheirTypes) {
  ev::Service service("notes");
  service.http.get("/pages/:number",
                   {.parameters = {{.name = "number",
                                    .in = http::In::path,
                                    .type = ev::described<std::uint8_t>(),
                                    .annotations = {.minimum = 10}},
                                   {.name = "size", .description = "Lines", .required = true},
                                   {.name = "x-trace", .in = http::In::header}}},
                   [] { return "page"; });
  const ev::Json document = service.openapi();
  EXPECT_EQ(at(document, "/paths/~1pages~1{number}/get/parameters"),
            R"([{"name":"number","in":"path","required":true,)"
            R"("schema":{"type":"integer","minimum":10,"maximum":255},"example":10},)"
            R"({"name":"size","in":"query","description":"Lines","required":true,)"
            R"("schema":{"type":"string"},"example":"text"},)"
            R"({"name":"x-trace","in":"header","required":false,)"
            R"("schema":{"type":"string"},"example":"text"}])");
}

TEST(OpenApi, WhatTakesAnyMethodIsToldForAllThatNothingElseTakes) {
  ev::Service service("notes");
  service.http.any("/any", [] { return "any"; });
  service.http.get("/any", []() -> other::Note { return {}; });
  const ev::Json document = service.openapi();
  EXPECT_EQ(names(document, "/paths/~1any"),
            (Names{"get", "post", "put", "patch", "delete", "head", "options"}));
  EXPECT_EQ(names(document, "/paths/~1any/get/responses/200/content"), Names{"application/json"});
  EXPECT_EQ(at(document, "/paths/~1any/head/responses/200/content"), "nothing");
}

TEST(OpenApi, DefectsOfDescriptionsAreReported) {
  ev::Service service("notes");
  service.command("find", {.errors = {{200, "Fine", ""}}}, [] {});
  service.http.get(
      "/pages/:number",
      {.parameters = {{.name = "page", .in = http::In::path}, {.name = ""}}, .success_status = 404},
      [] {});
  Names told;
  for (const auto& defect : service.declarations().defects()) told.push_back(defect.message);
  EXPECT_EQ(told, (Names{R"(command "find": errors: 200 is no status from 400 to 599)",
                         R"(route "GET /pages/:number": success_status must be from 200 to 299)",
                         R"(route "GET /pages/:number": parameter "page" is not in the path)",
                         R"(route "GET /pages/:number": parameter "" has no name)"}));
}

// --- examples ---

std::string example(std::string_view schema, std::string_view definitions = "{}") {
  const auto value = eventual::gateway::openapi::example_of(ev::Json::parse(schema).value(),
                                                            ev::Json::parse(definitions).value());
  return value ? value->dump() : "none";
}

TEST(OpenApiExamples, KeepTheBoundsOfTheirSchema) {
  EXPECT_EQ(example(R"({"type":"integer","minimum":-5,"maximum":-3})"), "-3");
  EXPECT_EQ(example(R"({"type":"integer","multipleOf":1000})"), "1000");
  EXPECT_EQ(example(R"({"type":"integer","minimum":1500,"multipleOf":1000})"), "2000");
  EXPECT_EQ(example(R"({"type":"integer","minimum":1500,"maximum":1600,"multipleOf":1000})"),
            "none");
  EXPECT_EQ(example(R"({"type":"number","maximum":0.25})"), "0.25");
  EXPECT_EQ(example(R"({"type":"string","minLength":30})").size(), 32U);
  EXPECT_EQ(example(R"({"type":"string","maxLength":1})"), R"("a")");
  EXPECT_EQ(example(R"({"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2})"),
            "[true,true]");
  EXPECT_EQ(example(R"({"type":"array","items":{"type":"boolean"},"maxItems":0})"), "[]");
}

TEST(OpenApiExamples, AreThoseOfTheAnnotationsWhereThereAreSome) {
  EXPECT_EQ(example(R"({"type":"string","examples":["milk"],"default":"tea"})"), R"("milk")");
  EXPECT_EQ(example(R"({"type":"string","default":"tea"})"), R"("tea")");
  EXPECT_EQ(example(R"({"type":"string","enum":["red","blue"]})"), R"("red")");
  EXPECT_EQ(example(R"({"type":"string","format":"date-time"})"), R"("2026-01-31T12:00:00.000Z")");
}

TEST(OpenApiExamples, ArePatternsMetOrNotGiven) {
  EXPECT_EQ(example(R"({"type":"string","pattern":"^[A-Z]+-[0-9]+$"})"), R"("ABC-123")");
  EXPECT_EQ(example(R"({"type":"string","pattern":"^order/$"})"), R"("order/")");
  EXPECT_EQ(example(R"({"type":"string","pattern":"^x{40}y$"})"), "none");
  EXPECT_EQ(
      example(R"({"type":"object","properties":{"a":{"type":"string","pattern":"^x{40}y$"}}})"),
      "{}");
  EXPECT_EQ(example(R"({"type":"object","required":["a"],)"
                    R"("properties":{"a":{"type":"string","pattern":"^x{40}y$"}}})"),
            "none");
}

TEST(OpenApiExamples, OfTypesThatContainThemselvesEnd) {
  const std::string_view tree =
      R"({"Tree":{"type":"object","required":["below"],"properties":)"
      R"({"below":{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}}}})";
  EXPECT_EQ(example(R"({"$ref":"#/components/schemas/Tree"})", tree),
            R"({"below":[{"below":[]}]})");
}

}  // namespace
