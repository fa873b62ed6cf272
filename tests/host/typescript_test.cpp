// Contracts as types of TypeScript. tests/node/typescript compiles them.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "eventual/eventual.hpp"
#include "host/manifest.hpp"
#include "host/typescript.hpp"

namespace shop {
struct Category {
  std::string name;
  std::vector<Category> below;
};
enum class Colour { red, blue };
struct Note {
  std::string id;
  std::optional<std::string> text;
  std::vector<Colour> colours;
  std::map<std::string, std::int64_t> counts;
  std::variant<bool, std::string> either;
  std::tuple<std::int32_t, bool> both;
  std::chrono::seconds age{};
  eventual::Json more;
  std::string odd;
};
}  // namespace shop

namespace other {
struct Note {
  bool hidden = false;
};
struct Record {
  bool kept = false;
};
}  // namespace other

template <>
struct eventual::Annotate<shop::Note> {
  static constexpr std::string_view description = "A note */ of the shop";
  static constexpr FieldAnnotations fields[] = {
      field<&shop::Note::text>({.description = "What it says", .deprecated = true}),
      field<&shop::Note::odd>({.name = "odd-name", .default_value = ""}),
  };
};

namespace {

namespace ev = eventual;

std::string contract_of(const ev::Service& service) {
  return ev::host::typescript_contract(ev::host::manifest(service.declarations(), {})).value();
}

TEST(TypeScript, AContractHasEveryPartWithItsTypes) {
  ev::Service service("order-service");
  service.command("place", {.summary = "Places it"}, [](std::string id) { return id.size() > 1; });
  service.command("odd name", [] {});
  service.workflow("work", []() -> ev::Future<void> { co_return; });
  service.signal<std::int32_t>("step");
  service.signal("stop");
  service.query("view", [](const other::Note& note) { return note.hidden; });
  service.query("above", [](const other::Note& note, double) { return note.hidden; });
  service.update<std::string, void>("rename");
  service.event<other::Note>("Noted");
  service.subscribe_to("http://localhost:1", ev::Event<other::Note>("Elsewhere"));
  EXPECT_EQ(
      contract_of(service),
      R"(// The contract of the service "order-service", version 1. Made by `eventual openapi --types`: do not edit.

export interface OrderService {
  commands: {
    /** Places it */
    place: { input: string; output: boolean };
    "odd name": { input: void; output: void };
  };
  workflows: {
    work: { input: void; output: void };
  };
  signals: {
    step: { payload: number };
    stop: { payload: void };
  };
  queries: {
    view: { input: void; output: boolean };
    above: { input: number; output: boolean };
  };
  updates: {
    rename: { input: string; output: void };
  };
  events: {
    Noted: { payload: Note };
  };
}

export interface Note {
  hidden: boolean;
}
)");
}

TEST(TypeScript, StructsAreInterfacesOnce) {
  ev::Service service("notes");
  service.command("put", [](shop::Note note) { return note; });
  service.command("hide", [](other::Note) -> other::Record { return {}; });
  service.command("tree", [](shop::Category category) { return category; });
  const std::string text = contract_of(service);
  EXPECT_EQ(text.substr(text.find("export interface Note ")),
            R"(export interface Note {
  id: string;
  /**
   * What it says
   * @deprecated
   */
  text?: string;
  colours: ("red" | "blue")[];
  counts: Record<string, number>;
  either: boolean | string;
  both: [number, boolean];
  /** In milliseconds */
  age: number;
  more?: unknown;
  "odd-name"?: string;
}

export interface Note2 {
  hidden: boolean;
}

export interface Record2 {
  kept: boolean;
}

export interface Category {
  name: string;
  below: Category[];
}
)");
  EXPECT_NE(text.find("/** A note * / of the shop */\nexport interface Note {"), std::string::npos);
  EXPECT_NE(text.find("put: { input: Note; output: Note };"), std::string::npos);
  EXPECT_NE(text.find("hide: { input: Note2; output: Record2 };"), std::string::npos);
  EXPECT_NE(text.find("  workflows: {};\n"), std::string::npos);
}

TEST(TypeScript, ATypeThatIsCalledAsTheServiceIsNumbered) {
  ev::Service service("note");
  service.command("hide", [](other::Note) {});
  const std::string text = contract_of(service);
  EXPECT_NE(text.find("export interface Note {\n  commands"), std::string::npos);
  EXPECT_NE(text.find("export interface Note2 {\n  hidden"), std::string::npos);
}

TEST(TypeScript, WhatIsNoManifestIsRefused) {
  for (const char* text : {"null", "{}", R"({"service":"a"})", R"({"service":"a","commands":3})"}) {
    const auto contract = ev::host::typescript_contract(ev::Json::parse(text).value());
    ASSERT_FALSE(contract.ok()) << text;
    EXPECT_EQ(contract.error().name(), "InvalidInput");
  }
}

}  // namespace
