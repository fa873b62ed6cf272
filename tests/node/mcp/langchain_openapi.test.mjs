// A chain of LangChain reads the service's OpenAPI document, offers its operations to a scripted model as functions, and
// carries out what the model asks for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAPIChain } from "langchain/chains";
import { ScriptedModel } from "../support/scripted_model.mjs";
import { startService } from "../support/service.mjs";

async function start(t, line, options = {}) {
  const env = { SHOP_DESK_KEY: "desk-key-1" };
  const service = await startService(t, "node_mcp_service", { env });
  const document = await (await fetch(`${service.url}/openapi.json`)).json();
  assert.match(document.openapi, /^3\.1\./);
  document.openapi = "3.1.1"; // by a slip, this chain refuses 3.1.0 alone
  document.servers = [{ url: service.url }]; // without a public URL it leaves them to who fetches it
  const model = new ScriptedModel([line]);
  const chain = await createOpenAPIChain(document, { llm: model, ...options });
  return { service, model, chain };
}

const calls = (name, args) => ({ function_call: { name, arguments: JSON.stringify(args) } });

test("a model places an order through the OpenAPI document, and the service has it", async (t) => {
  const order = { id: "o-1", amount_cents: 1999 };
  const { service, model, chain } = await start(t, calls("createOrder", { data: order }));
  const { response } = await chain.invoke({ query: "Order one for 19.99" });
  assert.ok(model.offered.includes("createOrder") && model.offered.includes("getOrder"));
  assert.deepEqual(JSON.parse(response), order);
  const stored = await (await fetch(`${service.url}/orders/o-1`)).json();
  assert.deepEqual(stored, order);
});

test("parameters of a path are filled in", async (t) => {
  const { service, chain } = await start(t, calls("getOrder", { path_params: { id: "o-7" } }));
  const order = { id: "o-7", amount_cents: 5 };
  const headers = { "content-type": "application/json" };
  await fetch(`${service.url}/orders`, { method: "POST", headers, body: JSON.stringify(order) });
  const { response } = await chain.invoke({ query: "What of o-7?" });
  assert.deepEqual(JSON.parse(response), order);
});

test("the chain's headers say who it is", async (t) => {
  const call = calls("refund", { data: { id: "o-1" } });
  const known = await start(t, call, { headers: { "x-api-key": "desk-key-1" } });
  const { response } = await known.chain.invoke({ query: "Refund o-1" });
  assert.equal(JSON.parse(response), "desk refunded o-1");
  const unknown = await start(t, call);
  assert.match((await unknown.chain.invoke({ query: "Refund o-1" })).response, /^401/);
});
