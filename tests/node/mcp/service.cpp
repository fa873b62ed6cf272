// What tests/node/mcp drives: a shop whose commands and workflows agents may use.
#include <eventual/eventual.hpp>
#include <eventual/middleware.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace ev = eventual;

namespace shop_service {

struct Order {
  std::string id;
  std::int64_t amount_cents = 0;
  std::optional<std::string> note;
};

struct Card {
  std::string number;
};
struct Invoice {
  std::string address;
};

struct Category {
  std::string name;
  std::vector<Category> inside;
};

struct OrderId {
  std::string id;
};

struct Shipped {
  std::string tracking_id;
};

}  // namespace shop_service

template <>
struct eventual::Annotate<shop_service::Order> {
  static constexpr std::string_view description = "An order as the shop takes it";
  static constexpr FieldAnnotations fields[] = {
      field<&shop_service::Order::id>({.description = "Chosen by the buyer", .length_min = 1}),
      field<&shop_service::Order::amount_cents>({.minimum = 1})};
};

namespace shop_service {
namespace {

// [service]
ev::Service shop{"shop", {.description = "Takes orders and ships them."}};
// [/service]
const auto orders = shop.entity("orders", ev::key(&Order::id));

// [command]
const auto create_order =
    shop.command("createOrder",
                 {.path = "/orders",
                  .summary = "Places an order",
                  .description = "The amount is in cents. An order that exists is replaced."},
                 [](const Order& order) {
                   orders.put(order).get();
                   return order;
                 });
// [/command]

const auto get_order = shop.command(
    "getOrder",
    {.method = ev::http::Method::get, .path = "/orders/:id", .summary = "The order of an id"},
    [](const OrderId& wanted) -> Order {
      auto order = orders.get(wanted.id).get();
      if (!order) throw ev::Error("NotFound", "there is no order " + wanted.id);
      return *order;
    });

const auto greet = shop.command("greet", [](const std::string& name) { return "Hello " + name; });

// Results whose schemas are not plain objects.
const auto categories =
    shop.command("categories", [] { return std::vector<Category>{{"books", {{"novels", {}}}}}; });
const auto root_category =
    shop.command("rootCategory", [] { return Category{"all", {{"books", {}}}}; });
const auto range =
    shop.command("range", [] { return std::tuple<std::int64_t, std::string>{3, "to 5"}; });
const auto pay_with =
    shop.command("payWith", [](const std::variant<Card, Invoice>& means) -> std::string {
      return std::holds_alternative<Card>(means) ? "card" : "invoice";
    });

// [hidden]
const auto wipe = shop.command("wipe", {.tool = false}, [] {});
// [/hidden]

// [guarded]
const auto staff = shop.use(ev::middleware::ApiKey(
    {.keys = {{.name = "desk", .key = ev::Secret::environment("SHOP_DESK_KEY")}}}));
const auto refund =
    staff.command("refund", [](const OrderId& order, const ev::ApiKeyOwner& who) -> std::string {
      return who.name + " refunded " + order.id;
    });
// [/guarded]

const auto approve = shop.signal<std::string>("approve");

// [workflow]
const auto ship_order =
    shop.workflow("shipOrder", {.description = "Ships an order once somebody has approved it."},
                  [](Order order) -> ev::Future<Shipped> {
                    std::string by = co_await approve.expect();
                    co_return Shipped{order.id + " for " + by};
                  });
// [/workflow]

}  // namespace
}  // namespace shop_service

// [plugin]
int main(int argc, char** argv) {
  using shop_service::shop;
  shop.plugin({.name_for_model = "shop",
               .description_for_model = "Places orders, looks them up and ships them.",
               .description_for_human = "Orders and shipping"});
  return shop.run(argc, argv);
}
// [/plugin]
