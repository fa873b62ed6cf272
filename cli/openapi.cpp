// `eventual openapi`: the interface of a service, for people and tools.
#include <memory>

#include "cli/local_binary.hpp"
#include "cli/verbs.hpp"
#include "host/typescript.hpp"

namespace eventual::cli {
namespace {

struct Options {
  BinaryArgument binary;
  bool types = false;
};

int run_openapi(Context& context, const Options& options) {
  if (!options.binary.file.empty()) {
    std::vector<std::string> arguments{"openapi"};
    if (options.types) arguments.emplace_back("--types");
    become(context, options.binary, arguments);
  }
  if (options.types) {
    context.print(required(host::typescript_contract(required(context.service().manifest()))));
  } else {
    context.print_json(required(context.service().get("/openapi.json")));
  }
  return k_exit_done;
}

}  // namespace

Verb add_openapi(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "openapi", "Prints the service's OpenAPI 3.1 document, or its types for TypeScript",
      k_group_service,
      {"eventual openapi > openapi.json", "eventual openapi --types > orders.d.ts",
       "eventual openapi --types --binary ./build/dev/bin/orders"});
  auto options = std::make_shared<Options>();  // shared: with the verb's function
  app->add_flag("--types", options->types, "print the contract as types of TypeScript (.d.ts)");
  app->add_option("--binary", options->binary.file,
                  "ask this program on this machine, instead of a running service")
      ->type_name("FILE");
  return {app, [options](Context& context) { return run_openapi(context, *options); }};
}

}  // namespace eventual::cli
