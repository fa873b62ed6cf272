// The verb `openapi`: the service's interface, as OpenAPI or as types of TypeScript.
#include <fmt/format.h>

#include <memory>

#include "host/manifest.hpp"
#include "host/typescript.hpp"
#include "program/verbs.hpp"

namespace eventual::program {

Verb add_openapi(CLI::App& program) {
  struct Options {
    std::string public_url;
    bool types = false;
  };
  CLI::App* app =
      program.add_subcommand("openapi", "Prints the OpenAPI 3.1 document of the service");
  auto options = std::make_shared<Options>();  // shared: with the verb's function
  app->add_option("--public-url", options->public_url, "the server that the document names")
      ->type_name("URL");
  app->add_flag("--types", options->types,
                "print the service's contract as types of TypeScript instead");
  return {app, [options](Service& service) {
            if (options->types) {
              const Json manifest = host::manifest(service.declarations(), service.options());
              fmt::print("{}", host::typescript_contract(manifest).value());
            } else {
              fmt::print("{}\n", service.openapi(options->public_url).dump());
            }
            return k_exit_done;
          }};
}

}  // namespace eventual::program
