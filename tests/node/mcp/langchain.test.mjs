// An agent of LangChain uses the service through LangChain's MCP adapter. Its model is a script: what it says is fixed,
// what it hears is the service's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HumanMessage } from "@langchain/core/messages";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { ScriptedModel } from "../support/scripted_model.mjs";
import { startService } from "../support/service.mjs";

async function start(t, options = {}) {
  const env = { SHOP_DESK_KEY: "desk-key-1" };
  const service = await startService(t, "node_mcp_service", { env });
  const adapter = new MultiServerMCPClient({
    throwOnLoadError: true,
    mcpServers: { shop: { transport: "http", url: `${service.url}/mcp`, ...options } },
  });
  t.after(() => adapter.close());
  return { service, tools: await adapter.getTools() };
}

async function run(model, tools, text) {
  const agent = createReactAgent({ llm: model, tools });
  const { messages } = await agent.invoke({ messages: [new HumanMessage(text)] });
  return messages.at(-1).content;
}

test("an agent places an order, and the service has it", async (t) => {
  const { service, tools } = await start(t);
  const order = { id: "o-1", amount_cents: 1999 };
  const model = new ScriptedModel([
    { name: "createOrder", args: order },
    { name: "getOrder", args: { id: "o-1" } },
    "Your order o-1 is placed.",
  ]);
  assert.equal(await run(model, tools, "Order one for 19.99"), "Your order o-1 is placed.");
  assert.ok(model.offered.includes("createOrder") && model.offered.includes("start_shipOrder"));
  assert.ok(!model.offered.includes("wipe"));
  assert.deepEqual(model.answers.map((answer) => JSON.parse(answer)), [order, order]);
  const stored = await (await fetch(`${service.url}/orders/o-1`)).json();
  assert.deepEqual(stored, order);
});

test("an agent hears the errors of the service, and goes on", async (t) => {
  const { service, tools } = await start(t);
  const model = new ScriptedModel([
    { name: "getOrder", args: { id: "o-1" } },
    { name: "createOrder", args: { id: "o-1", amount_cents: 1 } },
    "Done.",
  ]);
  await run(model, tools, "Order one, unless there is one");
  assert.match(model.answers[0], /NotFound.*there is no order o-1/);
  assert.deepEqual(JSON.parse(model.answers[1]), { id: "o-1", amount_cents: 1 });
  assert.equal((await fetch(`${service.url}/orders/o-1`)).status, 200);
});

test("an agent starts a workflow, and its execution is there", async (t) => {
  const { service, tools } = await start(t);
  const input = { id: "o-7", amount_cents: 5 };
  const model = new ScriptedModel([
    { name: "start_shipOrder", args: { input, name: "o-7" } },
    "It waits for approval.",
  ]);
  await run(model, tools, "Ship o-7");
  assert.equal(JSON.parse(model.answers[0]).execution_id, "shipOrder/o-7");
  const path = "/_eventual/executions/shipOrder/o-7";
  const execution = await (await fetch(service.url + path)).json();
  assert.equal(execution.status, "running");
  assert.deepEqual(execution.input, input);
});

test("an agent that the service knows may do more", async (t) => {
  const { tools } = await start(t, { headers: { "x-api-key": "desk-key-1" } });
  const model = new ScriptedModel([{ name: "refund", args: { id: "o-1" } }, "Refunded."]);
  await run(model, tools, "Refund o-1");
  assert.deepEqual(JSON.parse(model.answers[0]), { result: "desk refunded o-1" });
});
