// Notes: a small REST service with typed parameters, raw routes, streams and middleware.
#pragma once

#include <eventual/eventual.hpp>
#include <eventual/middleware.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "board.hpp"

namespace notes {

namespace ev = eventual;
namespace http = eventual::http;
using namespace std::chrono_literals;

struct User {
  std::string name;
};

inline ev::Service service{"notes"};
inline Board& board = service.provide<Board>();

// --- middleware: what is declared through `signed_in` runs behind all of these, in this order ---

inline const auto open_to_the_shop =
    service.use(ev::middleware::AccessLog())
        .use(ev::middleware::RequestIds())
        .use(ev::middleware::Cors({.origins = {"https://shop.example"}}))
        .use(ev::middleware::Gzip());

inline const auto signed_in =
    open_to_the_shop
        .use(ev::middleware::ApiKey({.keys = {{"sam", ev::Secret::environment("NOTES_KEY_SAM")},
                                              {"kim", ev::Secret::environment("NOTES_KEY_KIM")}}}))
        .use([](const ev::ApiKeyOwner& owner) -> User { return {owner.name}; })
        .use(ev::middleware::RateLimit({.requests = 600, .per = 1min}));

// --- commands: typed in and out, over RPC (POST /rpc/putNote) and REST ---

inline const auto put_note = signed_in.command(
    "putNote",
    {.method = http::Method::put,
     .path = "/notes/:id",
     .success_status = 201,
     .summary = "Writes a note",
     .tags = {"notes"},
     .body_bytes_max = 64 * 1024},
    [](Note note, const User& user, Board& kept) { return kept.put(user.name, std::move(note)); });

inline const auto find_note =
    signed_in.command("findNote",
                      {.method = http::Method::get,
                       .path = "/notes/:id",
                       .summary = "Reads one note",
                       .tags = {"notes"}},
                      [](std::string id, const User& user, Board& kept) -> Note {
                        std::optional<Note> note = kept.find(user.name, id);
                        if (!note) throw ev::Error("NotFound", "there is no note " + id);
                        return *note;
                      });

inline const auto search_notes = signed_in.command(
    "searchNotes",
    {.method = http::Method::get,
     .path = "/notes",
     .summary = "Finds notes by word and colour",
     .tags = {"notes"},
     .parameters = {{.member = "language", .in = http::In::header, .name = "accept-language"}},
     .concurrency = 8},
    [](const Search& search, const User& user, Board& kept) {
      return kept.search(user.name, search);
    });

// --- routes: the handler sees the request ---

inline const bool k_routes = [] {
  open_to_the_shop.http.get(
      "/", [](const ev::ServiceInfo& info) { return "This is " + info.name + ".\n"; });

  // Lines of text, read as they arrive: a note each.
  signed_in.http.post(
      "/import", [](http::BodyReader& body, const User& user, Board& kept) -> ev::Json {
        std::int64_t count = 0;
        std::string rest;
        for (std::string piece = body.read(); !piece.empty(); piece = body.read()) {
          rest += piece;
          for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
            kept.add(user.name, rest.substr(0, end));
            rest.erase(0, end + 1);
            ++count;
          }
          if (rest.size() > 64 * 1024)
            throw http::HttpError(413, "LineTooLong", "a line is too long");
        }
        return ev::Json::object({{"imported", count}});
      });

  // The other way: sent as it is made, so that no caller and no size holds it up.
  signed_in.http.get("/export", [](http::ResponseWriter& writer, const User& user, Board& kept) {
    writer.begin(
        {.status = 200, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = {}});
    for (const Note& note : kept.all(user.name)) writer.write(note.text + "\n");
  });

  // Server-sent events.
  signed_in.http.get("/count", [](http::EventStream& events, const User& user, Board& kept) {
    std::size_t told = SIZE_MAX;
    while (events.open()) {
      const std::size_t count = kept.all(user.name).size();
      if (count != told) events.send({.event = "count", .data = std::to_string(told = count)});
      ev::sleep_for(200ms).get();
    }
  });
  return true;
}();

}  // namespace notes
