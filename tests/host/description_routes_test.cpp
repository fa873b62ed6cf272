// What a running service tells of itself beside its commands and routes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "eventual/eventual.hpp"
#include "gateway/openapi/document.hpp"
#include "host/routes.hpp"

namespace {

namespace ev = eventual;
namespace host = eventual::host;

std::vector<std::string> paths_of(const ev::Service& service) {
  std::vector<std::string> paths;
  for (const auto& route : host::description_routes(service.declarations(), {}, {})) {
    paths.push_back(route.path);
  }
  return paths;
}

bool gives_openapi(const ev::Service& service) {
  const auto paths = paths_of(service);
  return std::find(paths.begin(), paths.end(), ev::gateway::k_openapi_path) != paths.end();
}

TEST(DescriptionRoutes, GiveTheDocument) {
  ev::Service service("notes");
  service.command("put", [](std::string) {});
  EXPECT_TRUE(gives_openapi(service));
}

TEST(DescriptionRoutes, LeaveItsPathToTheService) {
  ev::Service with_route("notes");
  with_route.http.get("/openapi.json", [] { return "mine"; });
  EXPECT_FALSE(gives_openapi(with_route));
  ev::Service with_command("notes");
  with_command.command("describe", {.method = ev::http::Method::get, .path = "/openapi.json"},
                       [] {});
  EXPECT_FALSE(gives_openapi(with_command));
  ev::Service with_any("notes");
  with_any.http.any("/openapi.json", [] { return "mine"; });
  EXPECT_FALSE(gives_openapi(with_any));
  ev::Service with_post("notes");
  with_post.http.post("/openapi.json", [] { return "checked"; });
  EXPECT_TRUE(gives_openapi(with_post));
}

}  // namespace
