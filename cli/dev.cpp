// `eventual dev`: builds, runs, watches, and does so again on each save.
#include <cstdlib>
#include <memory>

#include "cli/dev/loop.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {

Verb add_dev(CLI::App& program) {
  CLI::App* app = add_verb(program, "dev",
                           "Builds and runs a project, and does so again on each save (or: local)",
                           k_group_project,
                           {"eventual dev", "eventual dev shop --listen 127.0.0.1:9001",
                            "eventual dev --data /tmp/shop-data",
                            "eventual dev --token secret         # the service asks for it"});
  app->alias("local");
  struct Given {
    DevOptions dev;
    std::string listen;
    std::int64_t grace_ms = 500;
  };
  auto given = std::make_shared<Given>();
  app->add_option("folder", given->dev.folder, "folder of the project [.]")->type_name("FOLDER");
  app->add_option("--service", given->dev.service, "which one, of a project with several services")
      ->type_name("NAME");
  app->add_option("--preset", given->dev.preset, "CMake preset; it builds in build/<preset> [dev]")
      ->type_name("NAME");
  app->add_option("--listen", given->listen, "address of the service [its own settings]")
      ->type_name("ADDRESS");
  app->add_option("--data", given->dev.data, "data folder of the service [its own settings]")
      ->type_name("FOLDER");
  app->add_option("--grace-ms", given->grace_ms,
                  "how long running handlers may take to end on a restart [500]")
      ->type_name("MS")
      ->check(CLI::Range(0, 600'000));
  return {app, [given](Context& context) {
            if (context.json())
              throw UsageError("dev tells what happens as it happens: there is no --json of it");
            // The service and its verify take it from there, where others do not see it.
            if (const std::string& token = context.options().token; !token.empty())
              ::setenv("EVENTUAL_ADMIN_TOKEN", token.c_str(), 1);
            DevOptions options = given->dev;
            options.grace = std::chrono::milliseconds(given->grace_ms);
            if (!given->listen.empty())
              options.passed.insert(options.passed.end(), {"--listen", given->listen});
            if (!options.data.empty())
              options.passed.insert(options.passed.end(), {"--data", options.data});
            return DevLoop(std::move(options), context).run();
          }};
}

}  // namespace eventual::cli
