// `eventual why`: what an execution waits for, in one sentence.
#include "cli/waiting.hpp"

#include <cstddef>
#include <memory>

#include "cli/execution_id.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {

Verb add_why(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "why", "Says in a sentence what an execution waits for and what would wake it",
      k_group_executions, {"eventual why o-1", "eventual why processOrder/o-1 --json"});
  auto argument = std::make_shared<ExecutionArgument>();
  argument->add_to(*app);
  return {app, [argument](Context& context) {
            const auto execution = find_execution(context, *argument);
            const ev::Json view = required(context.service().describe(execution));
            const std::string sentence = why(view, now());
            if (context.json()) {
              context.print_json(ev::Json::object({{"execution_id", execution.id()},
                                                   {"status", view["status"]},
                                                   {"why", sentence},
                                                   {"waiting_for", view["waiting_for"]}}));
            } else {
              context.print(
                  wrapped(sentence + "\n", static_cast<std::size_t>(context.terminal().columns)));
            }
            return k_exit_done;
          }};
}

}  // namespace eventual::cli
