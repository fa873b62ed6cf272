// What tests/node/openapi and tests/node/typescript drive: a service that declares something of
// every kind.
#include <eventual/eventual.hpp>
#include <eventual/middleware.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace ev = eventual;
namespace http = eventual::http;
using namespace std::chrono_literals;

namespace shop {

enum class Colour { red, dark_blue };

struct Size {
  std::int32_t width = 0;
  std::optional<std::int32_t> height;
};

struct Card {
  std::string number;
};
struct Transfer {
  std::string iban;
  bool urgent = false;
};

/// Contains itself.
struct Category {
  std::string name;
  std::vector<Category> below;
};

struct Item {
  std::string sku;
  std::uint8_t count = 1;
  double weight_kg = 0;
  Colour colour = Colour::red;
  std::optional<std::string> note;
  std::optional<std::int32_t> shelf;
  std::int32_t priority = 0;
  std::variant<Card, Transfer> payment;
  std::vector<Size> sizes;
  std::array<bool, 2> flags{};
  std::tuple<std::string, std::int64_t> pair;
  std::map<std::string, std::uint64_t> stock;
  std::vector<std::byte> image;
  std::chrono::seconds delay{};
  ev::Timestamp at{};
  ev::Json more;
  std::unique_ptr<Category> category;
};

/// What GET /shops/:shop/items takes: of the path, the query and a header.
struct Search {
  std::string shop;
  std::string word;
  std::vector<Colour> colours;
  std::optional<std::int32_t> limit;
  Size size;  // as JSON in the query
  std::chrono::milliseconds within{};
  std::string language;
};

struct Found {
  std::string shop;
  std::string word;
  std::int32_t limit = 0;
  std::vector<Colour> colours;
};

/// What PUT /shops/:shop/items/:id takes: of the path, a header and the body.
struct Put {
  std::string shop;
  std::string item;
  std::string etag;
  Item value;
  std::optional<std::string> reason;
};

/// The name is also that of a schema of the document's own.
struct Error {
  std::int32_t code = 0;
};

}  // namespace shop

namespace stock {
/// Another type of the same name.
struct Item {
  std::int64_t left = 0;
};
}  // namespace stock

template <>
struct eventual::Annotate<shop::Item> {
  static constexpr std::string_view description = "What the shop sells */ and more";
  static constexpr FieldAnnotations fields[] = {
      field<&shop::Item::sku>({.description = "Of the catalogue", .pattern = "^[A-Z]+-[0-9]+$"}),
      field<&shop::Item::count>({.minimum = 2, .maximum = 9}),
      field<&shop::Item::weight_kg>({.minimum = 0.5, .example = 2.25}),
      field<&shop::Item::note>({.length_min = 6, .length_max = 40, .deprecated = true}),
      field<&shop::Item::shelf>({.default_value = 7}),
      field<&shop::Item::priority>({.name = "prio-rity", .default_value = 5}),
      field<&shop::Item::sizes>({.length_min = 2}),
  };
};

template <>
struct eventual::Annotate<shop::Colour> {
  static constexpr EnumName<shop::Colour> names[] = {{shop::Colour::dark_blue, "dark-blue"}};
};

template <>
struct eventual::Annotate<shop::Search> {
  static constexpr FieldAnnotations fields[] = {
      field<&shop::Search::word>({.description = "What to look for", .length_min = 2}),
      field<&shop::Search::colours>({.default_value = Literal::json("[]")}),
      field<&shop::Search::limit>({.minimum = 1, .maximum = 50}),
      field<&shop::Search::language>({.default_value = "en"}),
  };
};

namespace {

using shop::Found;
using shop::Item;
using shop::Search;

constexpr const char* k_secret = "a secret of the tests, of 32 bytes at least";

ev::Service service{"every-thing", {.version = "2.1", .description = "Something of every kind"}};

// --- middleware ---

const auto limited = service.use(ev::middleware::Cors({.origins = {"https://shop.example"}}))
                         .use(ev::middleware::RateLimit({.requests = 10'000}));
const auto keyed =
    limited.use(ev::middleware::ApiKey({.keys = {{"sam", ev::Secret::literal("key-of-sam")}}}));
const auto signed_in = limited.use(
    ev::middleware::Jwt({.secret = ev::Secret::literal(k_secret), .scopes = {"items:write"}}));

// --- commands ---

const auto find_items =
    service.command("findItems",
                    {.method = http::Method::get,
                     .path = "/shops/:shop/items",
                     .summary = "Finds items",
                     .description = "By word and colour.",
                     .tags = {"items", "search"},
                     .parameters = {{.member = "language",
                                     .in = http::In::header,
                                     .name = "accept-language",
                                     .description = "Of the answer"},
                                    {.member = "word", .name = "q"}},
                     .concurrency = 8},
                    [](const Search& search) -> Found {
                      return {search.shop, search.word, search.limit.value_or(0), search.colours};
                    });

// [put-item]
const auto put_item = signed_in.command(
    "putItem",
    {.method = http::Method::put,
     .path = "/shops/:shop/items/:id",
     .success_status = 201,
     .summary = "Writes an item",
     .tags = {"items"},
     .unknown_fields_refused = true,
     .parameters = {{.member = "item", .in = http::In::path, .name = "id"},
                    {.member = "etag", .in = http::In::header, .name = "if-match"}},
     .errors = {{409, "Conflict", "The item has another etag"},
                {404, "NotFound", "There is no such shop"},
                {422, "TooHeavy", "Nobody can carry it"}}},
    [](shop::Put put) -> Item { return std::move(put.value); });
// [/put-item]

// The parameter is called otherwise, the path is the same.
const auto remove_item = signed_in.command(
    "removeItem",
    {.method = http::Method::del, .path = "/shops/:place/items/:sku", .success_status = 204},
    [](std::map<std::string, std::string>) {});

const auto item_of =
    keyed.command("itemOf", {.method = http::Method::get, .path = "/items/:id", .deprecated = true},
                  [](std::int64_t id) -> stock::Item { return {id}; });

const auto echo = service.command("echo", [](Item item) { return item; });
const auto strict = service.command("strict", {.unknown_fields_refused = true},
                                    [](shop::Size size) { return size; });
const auto count = service.command(
    "count", {.path = "/count", .input = {.description = "How far", .minimum = 3, .maximum = 5}},
    [](std::int32_t to) -> std::vector<std::int32_t> { return {to}; });
const auto ping = service.command("ping", {.method = http::Method::get, .path = "/ping"}, [] {});
const auto any_json = service.command("anyJson", {.method = http::Method::any, .path = "/json"},
                                      [](ev::Json json) { return json; });
const auto maybe = service.command("maybe", {.path = "/maybe"},
                                   [](std::optional<shop::Size> size) { return size; });
const auto odd = service.command("odd name & more", [](shop::Error error) { return error; });
const auto tree = service.command("tree", [](shop::Category category) { return category; });

// --- routes ---

struct Upload {
  std::string name;
};

const bool k_routes = [] {
  service.http.get("/", [](const ev::ServiceInfo& info) { return "This is " + info.name; });
  service.http.get(
      "/files/*",
      {.summary = "A file",
       .parameters = {{.name = "*", .in = http::In::path, .description = "Where it is"}}},
      [](const http::Request& request) { return request.path; });
  // [pages]
  service.http.get("/pages/:number",
                   {.tags = {"pages"},
                    .parameters = {{.name = "number",
                                    .in = http::In::path,
                                    .type = ev::described<std::int32_t>(),
                                    .annotations = {.minimum = 10}},
                                   {.name = "size",
                                    .description = "Lines of a page",
                                    .required = true,
                                    .type = ev::described<std::int32_t>()},
                                   {.name = "x-trace", .in = http::In::header}}},
                   [](const http::Request& request) -> shop::Size {
                     return {static_cast<std::int32_t>(request.path.size()), 1};
                   });
  // [/pages]
  service.http.post(
      "/upload",
      {.body = ev::described<Upload>(),
       .answer = ev::described<Upload>(),
       .success_status = 202,
       .errors = {{409, "Conflict", "It is there"}}},
      [](const http::Request& request) { return http::json_response(request.body, 202); });
  service.http.put("/raw", {.body_media_type = "application/octet-stream"},
                   [](http::BodyReader& body) {
                     while (!body.read().empty()) {
                     }
                   });
  service.http.get("/lines", {.answer_media_type = "text/csv"}, [](http::ResponseWriter& writer) {
    writer.begin({.status = 200, .headers = {{"content-type", "text/csv"}}, .body = {}});
    writer.write("a,b\n");
  });
  service.http.get("/ticks", [](http::EventStream& events) { events.send({.data = "tick"}); });
  service.http.any("/any/:name", {.deprecated = true},
                   [](const http::Request&) { return http::text_response("any"); });
  // Wins over the one above.
  service.http.get("/any/:what", [](const http::Request&) -> shop::Error { return {7}; });
  return true;
}();

// --- workflows, and what talks to them ---

struct Progress {
  std::string stage;
  std::int32_t steps = 0;
};

const auto step = service.signal<std::int32_t>("step");
const auto finish = service.signal("finish");
const auto rename = service.update<std::string, std::string>("rename");
const auto progress = service.query("progress", [](const Progress& view) { return view; });
const auto steps_above = service.query(
    "stepsAbove", [](const Progress& view, std::int32_t least) { return view.steps > least; });

const auto walk =
    service.workflow("walk", {.description = "Counts steps until it is told to finish"},
                     [](std::string name) -> ev::Future<Progress> {
                       Progress seen{name, 0};
                       ev::publish(seen);
                       auto renaming = rename.on(
                           [&](std::string wanted) -> std::string {
                             std::string before = std::exchange(seen.stage, std::move(wanted));
                             ev::publish(seen);
                             return before;
                           },
                           [](const std::string& wanted) {
                             if (wanted.empty()) throw ev::Error("NameIsEmpty", "give a name");
                           });
                       auto stepping = step.on([&](std::int32_t by) {
                         seen.steps += by;
                         ev::publish(seen);
                       });
                       co_await finish.expect();
                       if (seen.stage == "lost") throw ev::Error("Lost", "it went astray");
                       co_return seen;
                     });
const auto idle = service.workflow("idle", []() -> ev::Future<void> { co_return; });

struct Walked {
  std::string name;
};
const auto walked = service.event<Walked>("Walked", {.description = "A walk is over"});
const auto walk_seen = walked.on("walk-on", [](const Walked& event) {
  (void)walk.start(event.name, {.name = "after-" + event.name}).get();
});

}  // namespace

int main(int argc, char** argv) { return service.run(argc, argv); }
