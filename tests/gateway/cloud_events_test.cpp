// CloudEvents 1.0 as the specification and its HTTP binding have them.
#include "gateway/cloud_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "eventual/json.hpp"

namespace eventual::gateway {
namespace {

using cloud_events::Form;
using testing::HasSubstr;

http::Request request(std::string content_type, std::string body, http::Fields more = {}) {
  http::Request made;
  made.method = http::Method::post;
  made.headers = std::move(more);
  if (!content_type.empty()) made.headers.emplace_back("Content-Type", std::move(content_type));
  made.body = std::move(body);
  return made;
}

http::Fields binary() {
  return {{"ce-specversion", "1.0"},        {"Ce-Id", "e-1"},
          {"ce-source", "/orders"},         {"ce-type", "OrderCreated"},
          {"ce-subject", "order%20%C3%A4"}, {"ce-time", "2026-01-01T00:00:00.123456Z"},
          {"ce-traceparent", "00-abc"}};
}

TEST(CloudEvents, TheFormIsToldByContentTypeAndHeaders) {
  EXPECT_EQ(cloud_events::form_of(request("application/json", "{}")), Form::none);
  EXPECT_EQ(cloud_events::form_of(request("application/cloudevents+json; charset=utf-8", "{}")),
            Form::structured);
  EXPECT_EQ(cloud_events::form_of(request("Application/CloudEvents-Batch+JSON", "[]")),
            Form::batch);
  EXPECT_EQ(cloud_events::form_of(request("application/json", "{}", binary())), Form::binary);
}

TEST(CloudEvents, AStructuredEventIsRead) {
  const auto events = cloud_events::read(request(
      "application/cloudevents+json",
      R"({"specversion":"1.0","id":"e-1","source":"/orders","type":"OrderCreated","subject":"o-1",)"
      R"("time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","myext":7,)"
      R"("data":{"id":"o-1"}})"));
  ASSERT_TRUE(events) << events.error().message();
  ASSERT_EQ(events->size(), 1U);
  const ports::EmittedEvent& event = (*events)[0];
  EXPECT_EQ(event.name, "OrderCreated");
  EXPECT_EQ(event.id, "e-1");
  EXPECT_EQ(event.source, "/orders");
  EXPECT_EQ(event.key, "o-1");
  EXPECT_EQ(event.payload_json, R"({"id":"o-1"})");
}

TEST(CloudEvents, ABinaryEventIsRead) {
  const auto events = cloud_events::read(request("application/json", R"({"id":"o-1"})", binary()));
  ASSERT_TRUE(events) << events.error().message();
  const ports::EmittedEvent& event = events->at(0);
  EXPECT_EQ(event.id, "e-1");
  EXPECT_EQ(event.key, "order \xc3\xa4");
  EXPECT_EQ(event.payload_json, R"({"id":"o-1"})");
}

TEST(CloudEvents, ABatchIsReadAndMayBeEmpty) {
  EXPECT_EQ(cloud_events::read(request("application/cloudevents-batch+json", "[]"))->size(), 0U);
  const auto events = cloud_events::read(
      request("application/cloudevents-batch+json",
              R"([{"specversion":"1.0","id":"1","source":"s","type":"t"},)"
              R"({"specversion":"1.0","id":"2","source":"s","type":"t","partitionkey":"p",)"
              R"("subject":"q","data_base64":"eyJuIjoxfQ=="}])"));
  ASSERT_TRUE(events) << events.error().message();
  EXPECT_EQ(events->at(0).payload_json, "null");
  EXPECT_EQ(events->at(1).payload_json, R"({"n":1})");
  EXPECT_EQ(events->at(1).key, "p");
}

TEST(CloudEvents, EveryProblemIsToldWithItsPlace) {
  const auto events = cloud_events::read(
      request("application/cloudevents-batch+json",
              R"([{"specversion":"0.3","id":"","source":"s","type":7,"Bad_Name":1,"time":"today"},)"
              R"("text"])"));
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().name(), "InvalidInput");
  for (const char* pointer : {"\"/0/specversion\"", "\"/0/id\"", "\"/0/type\"", "\"/0/Bad_Name\"",
                              "\"/0/time\"", "\"/1\""}) {
    EXPECT_THAT(events.error().details_json(), HasSubstr(pointer));
  }
}

TEST(CloudEvents, OtherContentThanJsonIsUnsupported) {
  for (const http::Request& bad :
       {request("application/cloudevents+xml", "<event/>"),
        request("application/cloudevents+json",
                R"({"specversion":"1.0","id":"1","source":"s","type":"t",)"
                R"("datacontenttype":"text/plain","data":"x"})"),
        request("text/plain", "hello", binary())}) {
    const auto events = cloud_events::read(bad);
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().name(), cloud_events::k_unsupported);
  }
}

TEST(CloudEvents, WhatIsWrittenIsReadAgain) {
  ports::EventView event;
  event.name = "OrderCreated";
  event.id = "~a/1 %\"\xc3\xa4";
  event.key = "o 1";
  event.at = Timestamp(Duration(1'700'000'000'123));
  event.payload_json = R"({"id":"o-1"})";
  const Json written = Json::parse(cloud_events::write(event, "orders")).value();
  EXPECT_EQ(written["source"].as_string(), "orders");
  EXPECT_EQ(written["time"].as_string(), "2023-11-14T22:13:20.123Z");
  const auto structured = cloud_events::read(
      request("application/cloudevents+json", cloud_events::write(event, "orders")));
  const auto binary_form = cloud_events::read(
      request("", event.payload_json, cloud_events::binary_headers(event, "orders")));
  for (const auto* events : {&structured, &binary_form}) {
    ASSERT_TRUE(*events) << events->error().message();
    EXPECT_EQ((*events)->at(0).id, event.id);
    EXPECT_EQ((*events)->at(0).key, event.key);
    EXPECT_EQ((*events)->at(0).payload_json, event.payload_json);
  }
}

TEST(CloudEvents, BytesThatAreNoTextAreToldAsText) {
  http::Request request;
  request.headers = {{"ce-specversion", "1.0"},
                     {"ce-source\306\312s", "/s"},
                     {"content-type", "application/json"}};
  const auto refused = cloud_events::read(request);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("%C6%CAs"));
}

}  // namespace
}  // namespace eventual::gateway
