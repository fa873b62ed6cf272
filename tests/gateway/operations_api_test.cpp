#include "gateway/operations_api.hpp"

#include <gtest/gtest.h>

#include "gateway/change_feed.hpp"
#include "gateway/gateway.hpp"
#include "tests/gateway/support.hpp"

namespace eventual::gateway {
namespace {

using ports::ExecutionRef;
using ports::ExecutionView;
using testing::Client;
using testing::error;
using testing::FakeOperations;
using testing::Reply;

Timestamp at(std::int64_t milliseconds) { return Timestamp(Duration(milliseconds)); }

ExecutionView running() {
  ExecutionView view;
  view.execution = {.workflow = "processOrder", .name = "o-1", .run = 2};
  view.status = "running";
  view.input_json = R"({"id":"o-1"})";
  view.started_at = at(1'700'000'000'123);
  view.waiting_for.push_back({.kind = "task",
                              .since = at(1'700'000'001'000),
                              .details = Json::object({{"seq", 3}, {"task", "chargeCard"}})});
  return view;
}

ExecutionView succeeded() {
  ExecutionView view = running();
  view.status = "succeeded";
  view.waiting_for.clear();
  view.result_json = R"({"tracking_id":"t-1"})";
  view.closed_at = at(1'700'000'002'000);
  return view;
}

ExecutionView failed() {
  ExecutionView view = running();
  view.status = "failed";
  view.error = Error("OrderCancelled", "o-1", R"({"by":"user"})");
  view.closed_at = at(1'700'000'002'000);
  return view;
}

class OperationsApiTest : public ::testing::Test {
 protected:
  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    if (!gateway_) {
      options_.server.listen = "127.0.0.1:0";
      gateway_ = Gateway::start(options_, operations_, {}).value();
    }
    Client client(gateway_->bound_port());
    return client.call(method, target, body, headers);
  }

  void expect(const Reply& reply, int status, std::string_view json) {
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.header("content-type"), "application/json");
    EXPECT_EQ(reply.json().dump(), Json::parse(json).value().dump());
  }
  void expect_error(const Reply& reply, int status, std::string_view name,
                    std::string_view in_message = {}) {
    EXPECT_EQ(reply.status, status) << reply.body;
    const Json body = reply.json();
    EXPECT_EQ(body["error"].as_string(), name);
    EXPECT_NE(body["message"].as_string().find(in_message), std::string::npos) << reply.body;
    EXPECT_NE(body.find("details"), nullptr);
  }

  FakeOperations operations_;
  GatewayOptions options_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(OperationsApiTest, ExportsAHistoryInPages) {
  ports::HistoryRequest asked;
  operations_.on_export = [&](const ports::HistoryRequest& request) {
    asked = request;
    return Result<std::string>(R"({"format":"eventual-history"})");
  };
  const Reply reply =
      call("GET", "/_eventual/executions/order/o-1/export?run=2&limit=50&cursor=3.0");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"format":"eventual-history"})");
  EXPECT_EQ(asked.execution, (ExecutionRef{"order", "o-1", 2}));
  EXPECT_EQ(asked.limit, 50U);
  EXPECT_EQ(asked.cursor, "3.0");
  EXPECT_EQ(call("GET", "/_eventual/executions/order/o-1/export?limit=0").status, 400);
}

TEST_F(OperationsApiTest, BacksUpIntoTheFolderOfTheRequest) {
  operations_.on_backup = [](const std::string& folder) -> Result<ports::BackupReply> {
    if (folder == "there") return error(error_names::k_already_exists);
    if (folder == "memory") return error(error_names::k_not_allowed);
    return ports::BackupReply{"/srv/" + folder, 4096};
  };
  const Reply reply = call("POST", "/_eventual/backup", R"({"folder":"monday"})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.json(), Json::object({{"folder", "/srv/monday"}, {"bytes", 4096}}));
  EXPECT_EQ(call("POST", "/_eventual/backup", R"({"folder":"there"})").status, 409);
  EXPECT_EQ(call("POST", "/_eventual/backup", R"({"folder":"memory"})").status, 403);
  EXPECT_EQ(call("POST", "/_eventual/backup", "{}").status, 400);
  EXPECT_EQ(call("GET", "/_eventual/backup").status, 405);
}

TEST_F(OperationsApiTest, StartPassesItsPartsOnAndAnswers201) {
  ports::StartRequest seen;
  operations_.on_start = [&](ports::StartRequest request) {
    seen = std::move(request);
    return ports::StartReply{.execution_id = "processOrder/a b", .run = 1};
  };
  const Reply reply = call("POST", "/_eventual/workflows/process%4Frder/executions",
                           R"({"input":{"id":"x","n":1.0},"name":"a b","timeout_ms":5000})");
  expect(reply, 201, R"({"execution_id":"processOrder/a b","run":1,"already_running":false})");
  EXPECT_EQ(reply.header("location"), "/_eventual/executions/processOrder/a%20b");
  EXPECT_EQ(seen.workflow, "processOrder");
  EXPECT_EQ(seen.name, "a b");
  EXPECT_EQ(Json::parse(seen.input_json).value(), Json::object({{"id", "x"}, {"n", 1}}));
  EXPECT_EQ(seen.timeout, Duration(5000));
}

TEST_F(OperationsApiTest, StartWithoutABodyHasInputNullAndNoName) {
  ports::StartRequest seen;
  operations_.on_start = [&](ports::StartRequest request) {
    seen = std::move(request);
    return ports::StartReply{.execution_id = "w/~1", .run = 1};
  };
  EXPECT_EQ(call("POST", "/_eventual/workflows/w/executions").status, 201);
  EXPECT_EQ(seen.input_json, "null");
  EXPECT_FALSE(seen.name);
  EXPECT_FALSE(seen.timeout);
}

TEST_F(OperationsApiTest, StartOfWhatExistsIs200WithTheSameInputAnd409WithAnother) {
  operations_.on_start = [](const ports::StartRequest& request) -> Result<ports::StartReply> {
    if (request.input_json == "2") return error("AlreadyExists", "started with another input");
    return ports::StartReply{.execution_id = "w/n", .run = 3, .already_running = true};
  };
  expect(call("POST", "/_eventual/workflows/w/executions", R"({"name":"n","input":1})"), 200,
         R"({"execution_id":"w/n","run":3,"already_running":true})");
  expect_error(call("POST", "/_eventual/workflows/w/executions", R"({"name":"n","input":2})"), 409,
               "AlreadyExists");
}

TEST_F(OperationsApiTest, BadStartBodiesNameTheField) {
  const std::string_view path = "/_eventual/workflows/w/executions";
  expect_error(call("POST", path, "{"), 400, "InvalidInput", "JSON");
  expect_error(call("POST", path, "[]"), 400, "InvalidInput", "object");
  expect_error(call("POST", path, R"({"name":1})"), 400, "InvalidInput", "/name");
  for (const char* bad : {"0", "-1", "1.5", "\"1\"", "99999999999999999999"}) {
    const Reply reply = call("POST", path, std::string(R"({"timeout_ms":)") + bad + "}");
    EXPECT_EQ(reply.status, 400) << bad;
  }
  const Reply reply = call("POST", path, R"({"timeout_ms":0})");
  EXPECT_EQ(reply.json()["details"].as_array().front()["pointer"], Json("/timeout_ms"));
}

TEST_F(OperationsApiTest, ErrorsOfTheEngineKeepNameMessageAndDetails) {
  operations_.on_start = [](const ports::StartRequest& request) -> Result<ports::StartReply> {
    return error(request.workflow, "said the engine", R"({"limit":5})");
  };
  const std::vector<std::pair<std::string, int>> expected{
      {"InvalidInput", 400}, {"NotFound", 404}, {"LimitExceeded", 429}, {"Unavailable", 503},
      {"NotAllowed", 403},   {"Closed", 409},   {"Internal", 500},      {"SomethingElse", 500}};
  for (const auto& [name, status] : expected) {
    const Reply reply = call("POST", "/_eventual/workflows/" + name + "/executions");
    expect(reply, status,
           R"({"error":")" + name + R"(","message":"said the engine","details":{"limit":5}})");
    EXPECT_EQ(reply.header("retry-after").empty(), status != 503);
  }
}

TEST_F(OperationsApiTest, DescribeShowsEverything) {
  ExecutionRef seen;
  ExecutionView view = running();
  operations_.on_describe = [&](ExecutionRef ref) -> Result<ExecutionView> {
    seen = std::move(ref);
    return view;
  };
  expect(call("GET", "/_eventual/executions/processOrder/o%2D1?run=2&unknown=1"), 200,
         R"({"execution_id":"processOrder/o-1","run":2,"workflow":"processOrder","name":"o-1",
             "status":"running","input":{"id":"o-1"},"result":null,"error":null,
             "started_at":"2023-11-14T22:13:20.123Z","closed_at":null,
             "waiting_for":[{"kind":"task","seq":3,"task":"chargeCard",
                             "since":"2023-11-14T22:13:21.000Z"}]})");
  EXPECT_EQ(seen, (ExecutionRef{.workflow = "processOrder", .name = "o-1", .run = 2}));
  view = failed();
  view.waiting_for.clear();
  expect(call("GET", "/_eventual/executions/processOrder/o-1"), 200,
         R"({"execution_id":"processOrder/o-1","run":2,"workflow":"processOrder","name":"o-1",
             "status":"failed","input":{"id":"o-1"},"result":null,
             "error":{"name":"OrderCancelled","message":"o-1","details":{"by":"user"}},
             "started_at":"2023-11-14T22:13:20.123Z","closed_at":"2023-11-14T22:13:22.000Z",
             "waiting_for":[]})");
  EXPECT_EQ(seen.run, 0U);
}

TEST_F(OperationsApiTest, NamesInPathsAreDecodedAndHoldNoSlash) {
  ExecutionRef seen;
  operations_.on_describe = [&](ExecutionRef ref) -> Result<ExecutionView> {
    seen = std::move(ref);
    return error("NotFound", "no such execution");
  };
  expect_error(call("GET", "/_eventual/executions/w/%C3%A9%20%3F%25"), 404, "NotFound");
  EXPECT_EQ(seen.name, "\xC3\xA9 ?%");
  expect_error(call("GET", "/_eventual/executions/w/a%2Fb"), 400, "InvalidInput");
  expect_error(call("GET", "/_eventual/executions/w/n?run=0"), 400, "InvalidInput", "run");
  expect_error(call("GET", "/_eventual/executions/w/n?run=x"), 400, "InvalidInput", "run");
}

TEST_F(OperationsApiTest, ListPassesItsFiltersOn) {
  ports::ListRequest seen;
  operations_.on_list = [&](const ports::ListRequest& request) {
    seen = request;
    return ports::ListReply{.executions = {succeeded()}, .cursor = "next+1"};
  };
  expect(call("GET", "/_eventual/executions?workflow=w&status=succeeded&limit=7&cursor=a%2Bb"), 200,
         R"({"executions":[{"execution_id":"processOrder/o-1","run":2,"workflow":"processOrder",
             "name":"o-1","status":"succeeded","input":{"id":"o-1"},
             "result":{"tracking_id":"t-1"},"error":null,
             "started_at":"2023-11-14T22:13:20.123Z","closed_at":"2023-11-14T22:13:22.000Z"}],
             "cursor":"next+1"})");
  EXPECT_EQ(seen.workflow, "w");
  EXPECT_EQ(seen.status, "succeeded");
  EXPECT_EQ(seen.limit, 7U);
  EXPECT_EQ(seen.cursor, "a+b");
}

TEST_F(OperationsApiTest, ListEndsWithACursorOfNullAndChecksItsParameters) {
  operations_.on_list = [&](const ports::ListRequest& request) {
    EXPECT_EQ(request.limit, 100U);
    return ports::ListReply{};
  };
  expect(call("GET", "/_eventual/executions"), 200, R"({"executions":[],"cursor":null})");
  for (const char* bad : {"limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1x"}) {
    const Reply reply = call("GET", std::string("/_eventual/executions?") + bad);
    expect_error(reply, 400, "InvalidInput", "limit");
    EXPECT_EQ(reply.json()["details"].as_array().front()["parameter"], Json("limit"));
  }
  expect_error(call("GET", "/_eventual/executions?status=done"), 400, "InvalidInput", "status");
}

TEST_F(OperationsApiTest, HistoryIsPaged) {
  ports::HistoryRequest seen;
  operations_.on_history = [&](const ports::HistoryRequest& request) {
    seen = request;
    return ports::HistoryReply{
        .events = {Json::object({{"type", "task_succeeded"}, {"seq", 3}}), Json::object()},
        .cursor = "2"};
  };
  expect(call("GET", "/_eventual/executions/w/n/history?limit=2&cursor=1&run=4"), 200,
         R"({"events":[{"type":"task_succeeded","seq":3},{}],"cursor":"2"})");
  EXPECT_EQ(seen.execution, (ExecutionRef{.workflow = "w", .name = "n", .run = 4}));
  EXPECT_EQ(seen.limit, 2U);
  EXPECT_EQ(seen.cursor, "1");
}

TEST_F(OperationsApiTest, ResultIs200WhenClosedAnd202WhileOpen) {
  Duration waited{-1};
  ExecutionView view = running();
  operations_.on_wait = [&](const ExecutionRef&, Duration wait, const auto& done) {
    waited = wait;
    done(view);
  };
  const std::string path = "/_eventual/executions/processOrder/o-1/result";
  expect(call("GET", path), 202,
         R"({"execution_id":"processOrder/o-1","run":2,"status":"running"})");
  EXPECT_EQ(waited, Duration(0));
  view = succeeded();
  expect(call("GET", path + "?wait_ms=1500"), 200,
         R"({"execution_id":"processOrder/o-1","run":2,"status":"succeeded",
             "result":{"tracking_id":"t-1"}})");
  EXPECT_EQ(waited, Duration(1500));
  view = failed();
  expect(call("GET", path + "?wait_ms=999999999"), 200,
         R"({"execution_id":"processOrder/o-1","run":2,"status":"failed",
             "error":{"name":"OrderCancelled","message":"o-1","details":{"by":"user"}}})");
  EXPECT_EQ(waited, Duration(60'000));
  view.status = "parked";
  EXPECT_EQ(call("GET", path).status, 202);
  expect_error(call("GET", path + "?wait_ms=-1"), 400, "InvalidInput", "wait_ms");
}

TEST_F(OperationsApiTest, ResultIsAnsweredFromAnotherThreadLater) {
  std::thread engine;
  operations_.on_wait = [&](const ExecutionRef&, Duration, ports::Callback<ExecutionView> done) {
    engine = std::thread([done = std::move(done)] { done(succeeded()); });
  };
  EXPECT_EQ(call("GET", "/_eventual/executions/w/n/result?wait_ms=100").status, 200);
  engine.join();
}

TEST_F(OperationsApiTest, SignalsCarryTheirPayloadAndMessageId) {
  ports::SignalRequest seen;
  operations_.on_signal = [&](ports::SignalRequest request) -> Result<bool> {
    seen = std::move(request);
    if (seen.execution.name == "closed") return error("Closed");
    return true;
  };
  expect(call("POST", "/_eventual/executions/w/n/signals/can%20cel", R"( "why" )",
              "Idempotency-Key: m-1\r\n"),
         200, R"({"execution_id":"w/n"})");
  EXPECT_EQ(seen.signal, "can cel");
  EXPECT_EQ(seen.payload_json, R"("why")");
  EXPECT_EQ(seen.message_id, "m-1");
  EXPECT_EQ(call("POST", "/_eventual/executions/w/n/signals/s").status, 200);
  EXPECT_EQ(seen.payload_json, "null");
  expect_error(call("POST", "/_eventual/executions/w/closed/signals/s"), 409, "Closed");
  expect_error(call("POST", "/_eventual/executions/w/n/signals/s", "why"), 400, "InvalidInput");
}

TEST_F(OperationsApiTest, SchedulesAreListedAndActedOn) {
  ports::ScheduleView nightly;
  nightly.name = "nightly";
  nightly.workflow = "report";
  nightly.input_json = "{}";
  nightly.cron = "0 3 * * *";
  nightly.time_zone = "Europe/Vienna";
  nightly.overlap = "skip";
  nightly.catch_up_window = Duration(600'000);
  nightly.next_at = at(1'700'000'000'000);
  nightly.open = {"report/nightly-1"};
  nightly.started = 3;
  operations_.on_schedules =
      [&](const std::string& name) -> Result<std::vector<ports::ScheduleView>> {
    if (name == "none") return error("NotFound");
    return std::vector{nightly};
  };
  std::optional<ports::ScheduleAct> acted;
  operations_.on_schedule_act = [&](ports::ScheduleAct act) -> Result<ports::ScheduleReply> {
    acted = std::move(act);
    return ports::ScheduleReply{{"report/nightly-2"}};
  };
  const std::string one =
      R"({"name":"nightly","workflow":"report","input":{},"description":"","cron":"0 3 * * *",)"
      R"("time_zone":"Europe/Vienna","overlap":"skip","catch_up_window_ms":600000,)"
      R"("status":"active","reason":"","next_at":"2023-11-14T22:13:20.000Z","last_at":null,)"
      R"("last_execution_id":null,"open":["report/nightly-1"],"buffered_at":null,"started":3,)"
      R"("skipped":0,"missed":0})";
  expect(call("GET", "/_eventual/schedules"), 200, R"({"schedules":[)" + one + "]}");
  expect(call("GET", "/_eventual/schedules/nightly"), 200, one);
  EXPECT_EQ(call("GET", "/_eventual/schedules/none").status, 404);
  expect(call("POST", "/_eventual/schedules/nightly/trigger"), 200,
         R"({"schedule":"nightly","started":["report/nightly-2"]})");
  EXPECT_EQ(acted->kind, ports::ScheduleAct::Kind::trigger);
  EXPECT_EQ(call("POST", "/_eventual/schedules/nightly/pause", R"({"reason":"why"})").status, 200);
  EXPECT_EQ(acted->kind, ports::ScheduleAct::Kind::pause);
  EXPECT_EQ(acted->reason, "why");
  EXPECT_EQ(call("POST", "/_eventual/schedules/nightly/resume").status, 200);
  EXPECT_EQ(acted->kind, ports::ScheduleAct::Kind::resume);
  EXPECT_EQ(call("POST", "/_eventual/schedules/nightly/backfill",
                 R"({"from":"1970-01-01T00:00:01Z","to":"1970-01-01T00:00:02Z"})")
                .status,
            200);
  EXPECT_EQ(acted->kind, ports::ScheduleAct::Kind::backfill);
  EXPECT_EQ(acted->from, at(1000));
  EXPECT_EQ(acted->to, at(2000));
  expect_error(call("POST", "/_eventual/schedules/nightly/backfill", R"({"from":"soon"})"), 400,
               "InvalidInput");
}

TEST_F(OperationsApiTest, CancelAndTerminateActOnTheExecution) {
  std::string acted;
  operations_.on_cancel = [&](const ExecutionRef& ref) {
    acted = "cancel " + ref.id();
    return true;
  };
  operations_.on_terminate = [&](const ExecutionRef& ref, const std::string& reason) {
    acted = "terminate " + ref.id() + " " + reason;
    return true;
  };
  expect(call("POST", "/_eventual/executions/w/n/cancel"), 200, R"({"execution_id":"w/n"})");
  EXPECT_EQ(acted, "cancel w/n");
  EXPECT_EQ(call("POST", "/_eventual/executions/w/n/terminate", R"({"reason":"stuck"})").status,
            200);
  EXPECT_EQ(acted, "terminate w/n stuck");
  operations_.on_pause = [&](const ExecutionRef& ref, const std::string& reason) {
    acted = "pause " + ref.id() + " " + reason;
    return Result<bool>(true);
  };
  operations_.on_resume = [&](const ExecutionRef& ref) {
    acted = "resume " + ref.id();
    return Result<bool>(true);
  };
  operations_.on_retry = [&](const ExecutionRef& ref) -> Result<ports::StartReply> {
    if (ref.name == "open") return error("NotClosed");
    return ports::StartReply{ref.id(), 2, false};
  };
  operations_.on_fork = [&](const ports::ForkRequest& request) -> Result<ports::StartReply> {
    acted = "fork " + request.execution.id() + " " + std::to_string(request.seq);
    return ports::StartReply{"w/" + request.name.value_or("made"), 1, false};
  };
  EXPECT_EQ(call("POST", "/_eventual/executions/w/n/pause", R"({"reason":"wait"})").status, 200);
  EXPECT_EQ(acted, "pause w/n wait");
  expect(call("POST", "/_eventual/executions/w/n/resume"), 200, R"({"execution_id":"w/n"})");
  EXPECT_EQ(acted, "resume w/n");
  expect(call("POST", "/_eventual/executions/w/n/retry"), 201,
         R"({"execution_id":"w/n","run":2,"already_running":false})");
  EXPECT_EQ(call("POST", "/_eventual/executions/w/open/retry").status, 409);
  expect(call("POST", "/_eventual/executions/w/n/fork", R"({"name":"again","seq":3})"), 201,
         R"({"execution_id":"w/again","run":1,"already_running":false})");
  EXPECT_EQ(acted, "fork w/n 3");
  expect(call("POST", "/_eventual/executions/w/n/fork", R"({"seq":3})"), 201,
         R"({"execution_id":"w/made","run":1,"already_running":false})");
  EXPECT_EQ(call("POST", "/_eventual/executions/w/n/fork", R"({"name":"again"})").status, 400);
  EXPECT_EQ(call("POST", "/_eventual/executions/w/n/fork", R"({"seq":-1})").status, 400);
  expect_error(call("POST", "/_eventual/executions/w/n/terminate", R"({"reason":1})"), 400,
               "InvalidInput", "/reason");
}

TEST_F(OperationsApiTest, HealthIs503WithAReasonWhenNotReady) {
  ports::Health health;
  operations_.on_health = [&] { return health; };
  expect(call("GET", "/_eventual/health"), 200,
         R"({"status":"ready","live":true,"ready":true,"reason":"","details":null})");
  health.ready = false;
  health.reason = "the disk is full";
  const Reply reply = call("GET", "/_eventual/health");
  expect_error(reply, 503, "Unavailable", "the disk is full");
  EXPECT_EQ(reply.json()["reason"], Json("the disk is full"));
  EXPECT_EQ(reply.header("retry-after"), "1");
}

TEST_F(OperationsApiTest, TheAdminTokenGuardsAllButHealth) {
  options_.operations.admin_token = "secret";
  options_.operations.manifest = [] { return Json::object({{"name", "orders"}}); };
  const Reply refused = call("GET", "/_eventual/manifest");
  expect_error(refused, 401, "Unauthorized");
  EXPECT_EQ(refused.header("www-authenticate"), "Bearer");
  EXPECT_EQ(call("GET", "/_eventual/manifest", {}, "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(call("GET", "/_eventual/manifest", {}, "Authorization: Bearer \r\n").status, 401);
  EXPECT_EQ(call("GET", "/_eventual/nothing").status, 401);
  expect(call("GET", "/_eventual/manifest", {}, "Authorization: Bearer secret\r\n"), 200,
         R"({"name":"orders"})");
  EXPECT_EQ(call("GET", "/_eventual/health").status, 200);
}

TEST_F(OperationsApiTest, UnknownPathsAndMethodsAreTold) {
  expect_error(call("GET", "/_eventual/nothing"), 404, "NotFound");
  const Reply reply = call("DELETE", "/_eventual/executions");
  expect_error(reply, 405, "NotAllowed");
  EXPECT_EQ(reply.header("allow"), "GET, HEAD, OPTIONS");
  const Reply options = call("OPTIONS", "/_eventual/executions");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(OperationsApiTest, ReadsRunWhereTheHostSays) {
  options_.operations.run_blocking = [](const std::function<void()>&) { return false; };
  expect_error(call("GET", "/_eventual/executions"), 503, "Unavailable");
}

TEST(ExecutionId, HasOneSlashBetweenTwoNames) {
  const auto ref = ports::parse_execution_id("w/n").value();
  EXPECT_EQ(ref.workflow, "w");
  EXPECT_EQ(ref.name, "n");
  for (const char* bad : {"", "w", "/", "w/", "/n", "w/n/x"}) {
    EXPECT_FALSE(ports::parse_execution_id(bad)) << bad;
  }
}

TEST_F(OperationsApiTest, StartMayBringASignal) {
  operations_.on_start = [](ports::StartRequest request) -> Result<ports::StartReply> {
    EXPECT_TRUE(request.signal);
    EXPECT_EQ(request.signal->name, "add");
    EXPECT_EQ(request.signal->payload_json, R"({"n":1})");
    EXPECT_EQ(request.signal->message_id, "key-1");
    return ports::StartReply{"cart/c-1", 1, false};
  };
  EXPECT_EQ(call("POST", "/_eventual/workflows/cart/executions",
                 R"({"name":"c-1","signal":{"name":"add","payload":{"n":1}}})",
                 "Idempotency-Key: key-1\r\n")
                .status,
            201);
  expect_error(call("POST", "/_eventual/workflows/cart/executions", R"({"signal":{}})"), 400,
               "InvalidInput", "/signal/name");
  expect_error(call("POST", "/_eventual/workflows/cart/executions", R"({"signal":"add"})"), 400,
               "InvalidInput", "/signal");
}

TEST_F(OperationsApiTest, AQueryIsAnsweredFromThePublishedView) {
  operations_.on_published = [](const ExecutionRef& execution) -> Result<std::string> {
    if (execution.name == "none") return error(error_names::k_not_found);
    EXPECT_EQ(execution, (ExecutionRef{"cart", "c-1", 2}));
    return std::string("[1,2]");
  };
  expect_error(call("POST", "/_eventual/executions/cart/c-1/queries/total?run=2"), 404, "NotFound");
  gateway_.reset();
  options_.operations.answer_query = [](std::string_view query, std::string_view view,
                                        std::string_view input) -> Result<std::string> {
    if (query == "broken") return error("Broken");
    return R"({"query":")" + std::string(query) + R"(","view":)" + std::string(view) +
           R"(,"input":)" + std::string(input) + "}";
  };
  expect(call("POST", "/_eventual/executions/cart/c-1/queries/total?run=2", "5"), 200,
         R"({"query":"total","view":[1,2],"input":5})");
  expect(call("POST", "/_eventual/executions/cart/c-1/queries/total?run=2"), 200,
         R"({"query":"total","view":[1,2],"input":null})");
  expect_error(call("POST", "/_eventual/executions/cart/c-1/queries/broken?run=2"), 409, "Broken");
  expect_error(call("POST", "/_eventual/executions/cart/none/queries/total"), 404, "NotFound");
}

TEST_F(OperationsApiTest, AnUpdateGivesItsAnswerOrSaysThatItWasAccepted) {
  operations_.on_update = [](ports::UpdateRequest request) -> Result<ports::UpdateReply> {
    if (request.update == "slow") {
      EXPECT_EQ(request.wait, Duration(5));
      return ports::UpdateReply{"u-2", std::nullopt, std::nullopt};
    }
    if (request.update == "refused") return error("TooLate", "shipped");
    if (request.update == "failed")
      return ports::UpdateReply{"u-3", std::nullopt, error("NoSuchStreet")};
    EXPECT_EQ(request.execution, (ExecutionRef{"cart", "c-1", 0}));
    EXPECT_EQ(request.input_json, R"("Vienna")");
    EXPECT_EQ(request.update_id, "key-1");
    EXPECT_EQ(request.wait, Duration(60'000));
    return ports::UpdateReply{"key-1", "true", std::nullopt};
  };
  expect(call("POST", "/_eventual/executions/cart/c-1/updates/setAddress", R"("Vienna")",
              "Idempotency-Key: key-1\r\n"),
         200, R"({"update_id":"key-1","status":"completed","result":true})");
  expect(call("POST", "/_eventual/executions/cart/c-1/updates/slow?wait_ms=5"), 202,
         R"({"update_id":"u-2","status":"accepted"})");
  expect_error(call("POST", "/_eventual/executions/cart/c-1/updates/refused"), 409, "TooLate",
               "shipped");
  expect_error(call("POST", "/_eventual/executions/cart/c-1/updates/failed"), 409, "NoSuchStreet");
}

TEST_F(OperationsApiTest, ATokenCompletesFailsOrKeepsAliveATaskWithoutTheAdminToken) {
  options_.operations.admin_token = "secret";
  std::vector<eventual::detail::AttemptNews> told;
  operations_.on_tell = [&](eventual::detail::AttemptNews news) -> Result<bool> {
    told.push_back(std::move(news));
    return told.back().kind == eventual::detail::AttemptNews::Kind::heartbeat;
  };
  expect(call("POST", "/_eventual/tasks/success", R"({"token":"t","result":{"id":7}})"), 200,
         R"({"stop_requested":false})");
  expect(call("POST", "/_eventual/tasks/failure",
              R"({"token":"t","error":{"name":"Declined","message":"no","details":[1]}})"),
         200, R"({"stop_requested":false})");
  expect(call("POST", "/_eventual/tasks/heartbeat", R"({"token":"t","details":"half"})"), 200,
         R"({"stop_requested":true})");
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].token, "t");
  EXPECT_EQ(told[0].json, R"({"id":7})");
  EXPECT_EQ(told[1].error, Error("Declined", "no", "[1]"));
  EXPECT_EQ(told[2].json, "\"half\"");
}

TEST_F(OperationsApiTest, ATokenThatIsRefusedSaysWhy) {
  operations_.on_tell = [](eventual::detail::AttemptNews news) -> Result<bool> {
    return Error(
        std::string(news.token == "forged" ? error_names::k_not_allowed : error_names::k_closed),
        "refused");
  };
  expect_error(call("POST", "/_eventual/tasks/success", R"({"token":"forged"})"), 403, "NotAllowed",
               "refused");
  expect_error(call("POST", "/_eventual/tasks/success", R"({"token":"used"})"), 409, "Closed");
  expect_error(call("POST", "/_eventual/tasks/success", "{}"), 400, "InvalidInput", "/token");
  expect_error(call("POST", "/_eventual/tasks/failure", R"({"token":"t"})"), 400, "InvalidInput",
               "/error");
  expect_error(call("POST", "/_eventual/tasks/failure", R"({"token":"t","error":{"name":""}})"),
               400, "InvalidInput", "/error/name");
  expect_error(call("GET", "/_eventual/tasks/success"), 405, "NotAllowed");
}

TEST_F(OperationsApiTest, TheStreamTellsWhatHappensToWhoMayAsk) {
  expect_error(call("GET", "/_eventual/stream"), 404, "NotFound");
  gateway_.reset();
  ChangeFeed feed;
  options_.operations.feed = &feed;
  options_.operations.admin_token = "secret";
  EXPECT_EQ(call("GET", "/_eventual/stream").status, 401);
  const std::string token = "Authorization: Bearer secret\r\n";
  expect_error(call("GET", "/_eventual/stream?kinds=log,weather", {}, token), 400, "InvalidInput",
               "kinds");
  expect_error(call("GET", "/_eventual/stream?level=loud", {}, token), 400, "InvalidInput",
               "level");
  EXPECT_FALSE(feed.watched());

  Client client(gateway_->bound_port());
  client.request("GET", "/_eventual/stream?kinds=log&level=warn", {}, token);
  const Reply head = client.reply(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/event-stream");
  EXPECT_TRUE(client.await("event: ready\ndata: {\"resumed\":false}\n\n"));
  feed.logged({.number = 1, .level = LogLevel::info, .execution_id = {}, .message = "quiet"});
  feed.logged({.number = 2, .level = LogLevel::warn, .execution_id = {}, .message = "loud"});
  EXPECT_TRUE(client.await("loud"));
  feed.end();
  EXPECT_TRUE(client.await("\r\n0\r\n"));  // the last chunk: the answer is whole
  client.finish_sending();
  EXPECT_EQ(client.read_to_end().find("quiet"), std::string::npos);
  gateway_.reset();
}

TEST_F(OperationsApiTest, LogLinesAreGivenAsTheyAreAskedFor) {
  expect_error(call("GET", "/_eventual/logs"), 404, "NotFound");
  gateway_.reset();
  LogRequest asked;
  options_.operations.read_log = [&](const LogRequest& request) {
    asked = request;
    LogLines found;
    found.next = 8;
    found.missed = true;
    found.lines.push_back({.number = 7,
                           .at = at(1'700'000'000'123),
                           .level = LogLevel::warn,
                           .execution_id = "processOrder/o-1",
                           .message = "slow"});
    found.lines.push_back({.number = 8, .execution_id = {}, .message = "x"});
    return found;
  };
  expect(call("GET", "/_eventual/logs?after=6&limit=5&level=warn&execution_id=processOrder%2Fo-1"),
         200,
         R"({"lines":[{"number":7,"at":"2023-11-14T22:13:20.123Z","level":"warn",)"
         R"("execution_id":"processOrder/o-1","message":"slow"},)"
         R"({"number":8,"at":"1970-01-01T00:00:00.000Z","level":"info",)"
         R"("execution_id":null,"message":"x"}],"next":8,"missed":true})");
  EXPECT_EQ(asked.after, 6U);
  EXPECT_EQ(asked.limit, 5U);
  EXPECT_EQ(asked.least, LogLevel::warn);
  EXPECT_EQ(asked.execution_id, "processOrder/o-1");
  EXPECT_EQ(call("GET", "/_eventual/logs").status, 200);
  EXPECT_EQ(asked.limit, 200U);
  EXPECT_EQ(asked.least, LogLevel::trace);
  expect_error(call("GET", "/_eventual/logs?level=loud"), 400, "InvalidInput", "level");
  expect_error(call("GET", "/_eventual/logs?limit=0"), 400, "InvalidInput", "limit");
  expect_error(call("GET", "/_eventual/logs?limit=1001"), 400, "InvalidInput", "limit");
}

}  // namespace
}  // namespace eventual::gateway
