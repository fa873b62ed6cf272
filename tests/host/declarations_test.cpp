#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "eventual/eventual.hpp"
#include "eventual/middleware.hpp"
#include "host/retry_remarks.hpp"
#include "host/routes.hpp"

namespace eventual {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> messages_of(const Service& service) {
  std::vector<std::string> messages;
  for (const detail::Defect& defect : service.declarations().defects())
    messages.push_back(defect.message);
  return messages;
}

TEST(Declarations, AreFoundByKindAndName) {
  Service service("shop");
  service.task("a", [](int) { return 1; });
  service.signal<int>("a");
  service.command("a", [](int) { return 1; });
  EXPECT_THAT(messages_of(service), IsEmpty());
  EXPECT_NE(service.declarations().find_task("a"), nullptr);
  EXPECT_NE(service.declarations().find_signal("a"), nullptr);
  EXPECT_NE(service.declarations().find_command("a"), nullptr);
  EXPECT_EQ(service.declarations().find_workflow("a"), nullptr);
}

TEST(Declarations, ReportADoubleNameWithBothLines) {
  Service service("shop");
  const auto first = service.task("a", [](int) { return 1; });
  const auto second = service.task("a", [](int) { return 2; });
  ASSERT_EQ(service.declarations().defects().size(), 1U);
  const detail::Defect& defect = service.declarations().defects()[0];
  EXPECT_THAT(defect.message, AllOf(HasSubstr("task \"a\""), HasSubstr("first at"),
                                    HasSubstr("declarations_test.cpp:")));
  EXPECT_GT(defect.location.line(), service.declarations().tasks().front().location.line());
  EXPECT_EQ(first.name(), second.name());
}

struct Ledger {
  virtual ~Ledger() = default;
  virtual int sum() const = 0;
};
struct PaperLedger : Ledger {
  int sum() const override { return 7; }
};
struct Clerk {};
struct Signature {};

std::vector<std::string> missing_in(const Service& service) {
  std::vector<std::string> messages;
  for (const detail::Defect& defect : service.declarations().not_provided()) {
    EXPECT_THAT(std::string(defect.location.file_name()), HasSubstr("declarations_test.cpp"));
    EXPECT_GT(defect.location.line(), 0U);
    messages.push_back(defect.message);
  }
  return messages;
}

TEST(Declarations, TellWhatHandlersAskForAndNobodyProvides) {
  Service service("shop");
  service.task("book", [](int, Ledger&) {});
  service.command(
      "sum", [](const http::Request&, CommandContext&, Ledger& ledger) { return ledger.sum(); });
  service.transaction("move", [](int, TransactionContext&, const Clerk&) {});
  service.subscription("notes", on(service.event<int>("noted")),
                       [](int, EventContext&, const ServiceInfo&, Clerk&) {});
  const auto signed_in = service.use([](Clerk&) { return Signature{}; });
  signed_in.http.get("/mine", [](const Signature&, Ledger&) {});
  EXPECT_THAT(
      missing_in(service),
      ElementsAre("task \"book\" asks for eventual::(anonymous namespace)::Ledger&, which "
                  "nobody provides: call provide<eventual::(anonymous "
                  "namespace)::Ledger>(…) of the service before run()",
                  HasSubstr("command \"sum\" asks for "),
                  HasSubstr("transaction \"move\" asks for "),
                  HasSubstr("subscription \"notes\" asks for "),
                  HasSubstr("a middleware asks for "), HasSubstr("route \"GET /mine\" asks for ")));
  service.provide<Clerk>();
  service.provide<Ledger>(std::make_shared<PaperLedger>());
  EXPECT_THAT(missing_in(service), IsEmpty());
}

TEST(Declarations, TakeAnObjectThatIsThereAsTheInterfaceThatHandlersAskFor) {
  Service service("shop");
  const auto kept = std::make_shared<PaperLedger>();
  EXPECT_EQ(&service.provide<Ledger>(kept), kept.get());
  EXPECT_EQ(service.declarations().provided().at(typeid(Ledger)),
            static_cast<void*>(static_cast<Ledger*>(kept.get())));
  EXPECT_EQ(service.provide<Ledger>(std::make_unique<PaperLedger>()).sum(), 7);
  EXPECT_NE(service.declarations().provided().at(typeid(Ledger)),
            static_cast<void*>(static_cast<Ledger*>(kept.get())))
      << "the last one counts";
}

TEST(Declarations, RemarkOnPausesBetweenAttemptsOfWhichThereIsOne) {
  Service service("shop");
  service.task("plain", [](int) {});
  service.task("once", {.retry = {.initial_interval = std::chrono::seconds(5)}}, [](int) {});
  service.task("often", {.retry = {.max_attempts = 3, .max_interval = std::chrono::seconds(5)}},
               [](int) {});
  service.subscription("all", on(service.event<int>("noted")),
                       {.retry = {.non_retryable = {"Refused"}}}, [](int) {});
  std::vector<std::string> remarks;
  for (const detail::Defect& remark : host::retry_remarks(service.declarations()))
    remarks.push_back(remark.message);
  EXPECT_THAT(remarks,
              ElementsAre("task \"once\" is tried once: its retry policy has no max_attempts",
                          "subscription \"all\" is tried once: its retry policy has no "
                          "max_attempts"));
}

TEST(Declarations, ReportNamesThatCannotBe) {
  Service service("shop");
  service.signal("");
  service.signal("a/b");
  service.signal("~mine");
  service.signal("tab\t");
  service.signal(std::string(300, 'x'));
  EXPECT_THAT(messages_of(service),
              ElementsAre(HasSubstr("empty"), HasSubstr("'/'"), HasSubstr("'~'"),
                          HasSubstr("control character"), HasSubstr("300 bytes, more than 256")));
}

TEST(Declarations, ReportEveryBadOption) {
  Service service("shop");
  service.task("t",
               {.timeout = Duration(0),
                .deadline = Duration(-1),
                .retry = {.max_attempts = 0,
                          .initial_interval = Duration(-1),
                          .multiplier = 0.5,
                          .jitter = 1.5}},
               [](int) {});
  service.workflow("w", WorkflowOptions{.timeout = Duration(0)},
                   []() -> Future<void> { co_return; });
  EXPECT_THAT(messages_of(service),
              ElementsAre(HasSubstr("timeout"), HasSubstr("deadline"), HasSubstr("max_attempts"),
                          HasSubstr("initial_interval"), HasSubstr("multiplier"),
                          HasSubstr("jitter"), HasSubstr("workflow \"w\": timeout")));
}

TEST(Declarations, ReportBadRoutes) {
  Service service("shop");
  const auto add = [&](std::string name, std::string path) {
    service.command(std::move(name), CommandOptions{.path = std::move(path)},
                    [](int) { return 1; });
  };
  add("good", "/orders/:id/items/:item");
  add("rest", "/files/*");
  EXPECT_THAT(messages_of(service), IsEmpty());
  add("relative", "orders");
  add("empty_segment", "/orders//x");
  add("no_name", "/orders/:");
  add("twice", "/:id/:id");
  add("star", "/*/x");
  add("query", "/a?b");
  add("ours", "/_eventual/x");
  service.command("status", CommandOptions{.success_status = 404}, [](int) { return 1; });
  EXPECT_THAT(
      messages_of(service),
      ElementsAre(HasSubstr("begin with '/'"), HasSubstr("empty segment"),
                  HasSubstr("without a name"), HasSubstr(":id twice"), HasSubstr("before its end"),
                  HasSubstr("no path has"), HasSubstr("framework"), HasSubstr("success_status")));
}

TEST(Declarations, ReportBadPathsOfRoutesAndParametersThatAreNowhere) {
  struct Page {
    int limit = 0;
  };
  Service service("shop");
  service.http.get("relative", [] {});
  service.http.get("/rpc/x", {.timeout = Duration(0)}, [] {});
  service.command("a",
                  {.path = "/a/:id",
                   .parameters = {{.member = "limit", .in = http::In::header, .name = "x-limit"},
                                  {.member = "limit", .in = http::In::path, .name = "id"}}},
                  [](const Page& page) { return page.limit; });
  EXPECT_THAT(messages_of(service),
              ElementsAre(HasSubstr("route \"GET relative\": path \"relative\" must begin"),
                          HasSubstr("timeout"), HasSubstr("framework")));
  service.command(
      "b",
      {.path = "/b", .parameters = {{.member = "none"}, {.member = "limit", .in = http::In::path}}},
      [](const Page& page) { return page.limit; });
  service.command("c", {.parameters = {{.member = "limit"}}},
                  [](const Page& page) { return page.limit; });
  EXPECT_THAT(messages_of(service).at(3), HasSubstr("\"none\" is no member of the input"));
  EXPECT_THAT(messages_of(service).at(4), HasSubstr("is not in the path: \":limit\""));
  EXPECT_THAT(messages_of(service).at(5), HasSubstr("belongs to a path"));
}

TEST(Declarations, AGetWhoseInputIsNoStructHasOneParameterInItsPath) {
  Service service("shop");
  const auto read = [](const std::string& id) { return id; };
  const auto get = http::Method::get;
  service.command("one", {.method = get, .path = "/orders/:id"}, read);
  service.command("rest", {.method = get, .path = "/files/*"}, read);
  service.command("posted", {.path = "/orders"}, read);
  service.command("rpc", {.method = get}, read);
  service.command("any", {.method = get, .path = "/any"}, [](const Json& any) { return any; });
  service.command("perhaps", {.method = get, .path = "/perhaps"},
                  [](const std::optional<std::string>& id) { return id; });
  EXPECT_THAT(messages_of(service), IsEmpty());
  service.command("none", {.method = get, .path = "/orders"}, read);
  service.command("two", {.method = http::Method::head, .path = "/:shop/orders/:id"}, read);
  EXPECT_THAT(messages_of(service),
              ElementsAre(HasSubstr("command \"none\": path \"/orders\" needs one parameter"),
                          HasSubstr("command \"two\": path \"/:shop/orders/:id\" needs one")));
}

TEST(Declarations, RoutesThatAnswerTheSameRequestsAreNamedWithTheirLines) {
  Service service("shop");
  service.command("read", {.method = http::Method::get, .path = "/orders/:id"},
                  [](const std::string&) {});
  service.http.post("/orders/:id", [] {});
  service.http.get("/orders/new", [] {});
  EXPECT_THAT(host::route_conflicts(service.declarations()), IsEmpty());
  service.http.get("/orders/:other", [] {});
  service.http.post("/orders/:id", [] {});
  const auto conflicts = host::route_conflicts(service.declarations());
  ASSERT_EQ(conflicts.size(), 2u);
  EXPECT_THAT(conflicts[0].message,
              AllOf(HasSubstr("command read ("), HasSubstr("declarations_test.cpp:"),
                    HasSubstr("route GET /orders/:other (")));
  EXPECT_THAT(conflicts[1].message, HasSubstr("route POST /orders/:id ("));
}

TEST(Declarations, AnOriginThatNoBrowserSendsIsAProblemOfItsMiddleware) {
  const auto problems = [](const std::string& origin) {
    Service service("shop");
    service.use(middleware::Cors({.origins = {origin}})).command("c", [] {});
    std::vector<std::string> messages;
    for (const detail::Defect& problem : host::middleware_problems(service.declarations()))
      messages.push_back(problem.message);
    return messages;
  };
  EXPECT_THAT(problems("https://shop.example:8443"), IsEmpty());
  EXPECT_THAT(problems("*"), IsEmpty());
  for (const std::string bad : {"https://shop.example/", "shop.example", "https://"}) {
    EXPECT_THAT(problems(bad),
                ElementsAre("middleware \"CORS\": \"" + bad +
                            "\" is no origin, which looks like https://shop.example"));
  }
}

TEST(Declarations, ProvideKeepsTheLastObjectOfAType) {
  Service service("shop");
  service.provide<std::string>("first");
  service.provide<std::string>("second");
  const auto& provided = service.declarations().provided();
  EXPECT_EQ(*static_cast<std::string*>(provided.at(std::type_index(typeid(std::string)))),
            "second");
}

}  // namespace
}  // namespace eventual
