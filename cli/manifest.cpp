// `eventual manifest`: what the service declares.
#include "cli/verbs.hpp"

namespace eventual::cli {

Verb add_manifest(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "manifest", "Prints what the service declares, as JSON", k_group_service,
               {"eventual manifest", "eventual manifest | jq '.workflows[].name'"});
  return {app, [](Context& context) {
            context.print_json(required(context.service().manifest()));
            return k_exit_done;
          }};
}

}  // namespace eventual::cli
