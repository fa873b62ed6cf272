// The Model Context Protocol by its official client: what it finds, calls and reads in a running service.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startService } from "../support/service.mjs";

const program = "node_mcp_service";
const patience = { timeout: 60_000 };

async function connect(t, service, headers = {}) {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`), {
    requestInit: { headers },
  });
  await client.connect(transport, patience);
  t.after(() => client.close());
  return client;
}

async function start(t, { env, headers } = {}) {
  const service = await startService(t, program, { env: { SHOP_DESK_KEY: "desk-key-1", ...env } });
  return { service, client: await connect(t, service, headers) };
}

const call = (client, name, args) =>
  client.callTool({ name, arguments: args }, undefined, patience);

async function getJson(service, path, headers = {}) {
  const response = await fetch(service.url + path, { headers });
  return { status: response.status, body: await response.json() };
}

test("the client agrees on the newest version and learns who it talks to", async (t) => {
  const { client } = await start(t);
  assert.equal(client.getServerVersion().name, "shop");
  assert.equal(client.getInstructions(), "Takes orders and ships them.");
  assert.deepEqual(client.getServerCapabilities(), { tools: {}, resources: {} });
  assert.deepEqual(await client.ping(patience), {});
});

test("commands and workflows are tools, but for those that are not meant to be", async (t) => {
  const { client } = await start(t);
  const { tools } = await client.listTools({}, patience);
  const names = tools.map((tool) => tool.name);
  assert.ok(names.includes("createOrder") && names.includes("start_shipOrder"));
  assert.ok(!names.includes("wipe"));
  const create = tools.find((tool) => tool.name === "createOrder");
  assert.equal(create.title, "Places an order");
  assert.match(create.description, /amount is in cents/);
  assert.deepEqual(create.inputSchema.required, ["id", "amount_cents"]);
  assert.equal(create.inputSchema.properties.amount_cents.minimum, 1);
  assert.equal(create.outputSchema.type, "object");
  assert.equal(tools.find((tool) => tool.name === "getOrder").annotations.readOnlyHint, true);
});

test("a call has its effect in the service", async (t) => {
  const { service, client } = await start(t);
  await client.listTools({}, patience); // the client checks results against the schemas from here on
  const order = { id: "o-1", amount_cents: 1999, note: "gift" };
  const result = await call(client, "createOrder", order);
  assert.equal(result.isError, false);
  assert.deepEqual(result.structuredContent, order);
  assert.deepEqual(JSON.parse(result.content[0].text), order);
  assert.deepEqual(await getJson(service, "/orders/o-1"), { status: 200, body: order });
});

test("a bad input is an error of the tool, with a pointer to each bad field, and has no effect", async (t) => {
  const { service, client } = await start(t);
  const result = await call(client, "createOrder", { id: "", amount_cents: 0 });
  assert.equal(result.isError, true);
  const error = JSON.parse(result.content[0].text);
  assert.equal(error.error, "InvalidInput");
  const pointers = error.details.map((detail) => detail.pointer);
  assert.deepEqual(pointers.sort(), ["/amount_cents", "/id"]);
  assert.equal((await getJson(service, "/orders/o-1")).status, 404);
  const wrapped = await call(client, "greet", { input: 5 });
  assert.equal(JSON.parse(wrapped.content[0].text).details[0].pointer, "/input");
  const missing = await call(client, "getOrder", { id: "none" });
  assert.equal(JSON.parse(missing.content[0].text).error, "NotFound");
  await assert.rejects(call(client, "none", {}), { code: -32602 });
});

test("the client finds every kind of result as its schema says", async (t) => {
  const { client } = await start(t);
  await client.listTools({}, patience);
  const value = async (name, args) => (await call(client, name, args)).structuredContent;
  const novels = { name: "novels", inside: [] };
  assert.deepEqual(await value("greet", { input: "sam" }), { result: "Hello sam" });
  assert.deepEqual(await value("categories"), { result: [{ name: "books", inside: [novels] }] });
  assert.deepEqual(await value("rootCategory"), {
    name: "all",
    inside: [{ name: "books", inside: [] }],
  });
  assert.deepEqual(await value("range"), { result: [3, "to 5"] });
  assert.deepEqual(await value("payWith", { input: { number: "4" } }), { result: "card" });
});

test("a workflow's tool starts an execution, which is seen, signalled and waited for", async (t) => {
  const { service, client } = await start(t);
  await client.listTools({}, patience);
  const args = { input: { id: "o-1", amount_cents: 5 }, name: "o-1" };
  const started = (await call(client, "start_shipOrder", args)).structuredContent;
  assert.deepEqual(started, {
    execution_id: "shipOrder/o-1",
    run: 1,
    already_running: false,
    status: "running",
  });
  const path = "/_eventual/executions/shipOrder/o-1";
  assert.equal((await getJson(service, path)).body.status, "running");

  const { resources } = await client.listResources({}, patience);
  const uris = resources.map((resource) => resource.uri);
  assert.deepEqual(uris, ["eventual://manifest", "eventual://executions/shipOrder/o-1?run=1"]);

  await fetch(`${service.url}${path}/signals/approve`, { method: "POST", body: '"ann"' });
  const again = await call(client, "start_shipOrder", { ...args, wait_ms: 30_000 });
  assert.equal(again.structuredContent.already_running, true);
  assert.equal(again.structuredContent.status, "succeeded");
  assert.deepEqual(again.structuredContent.result, { tracking_id: "o-1 for ann" });
});

test("executions, their histories and the declarations are read as resources", async (t) => {
  const { client } = await start(t);
  await call(client, "start_shipOrder", { input: { id: "o-1", amount_cents: 5 }, name: "o 1" });
  const read = async (uri) => {
    const { contents } = await client.readResource({ uri }, patience);
    assert.equal(contents.length, 1);
    assert.equal(contents[0].uri, uri);
    assert.equal(contents[0].mimeType, "application/json");
    return JSON.parse(contents[0].text);
  };
  const execution = await read("eventual://executions/shipOrder/o%201");
  assert.equal(execution.execution_id, "shipOrder/o 1");
  assert.equal(execution.waiting_for[0].kind, "signal");
  const history = await read("eventual://executions/shipOrder/o%201/history");
  assert.equal(history.events[0].type, "execution_started");
  assert.equal((await read("eventual://manifest")).service, "shop");
  const templates = await client.listResourceTemplates({}, patience);
  assert.equal(templates.resourceTemplates.length, 2);
  const none = client.readResource({ uri: "eventual://executions/shipOrder/none" }, patience);
  await assert.rejects(none, { code: -32002 });
});

test("a command's own middleware decides who may call its tool", async (t) => {
  const { service, client } = await start(t);
  await assert.rejects(call(client, "refund", { id: "o-1" }), { code: 401 });
  const wrong = await connect(t, service, { "x-api-key": "guessed" });
  await assert.rejects(call(wrong, "refund", { id: "o-1" }), { code: 401 });
  const desk = await connect(t, service, { "x-api-key": "desk-key-1" });
  const result = await call(desk, "refund", { id: "o-1" });
  assert.deepEqual(result.structuredContent, { result: "desk refunded o-1" });
});

test("with an admin token, workflows and resources are for those who have it", async (t) => {
  const env = { EVENTUAL_ADMIN_TOKEN: "an-admin-token-of-this-test" };
  const { service, client } = await start(t, { env });
  const args = { input: { id: "o-1", amount_cents: 5 }, name: "o-1" };
  const names = async (of) => (await of.listTools({}, patience)).tools.map((tool) => tool.name);
  assert.deepEqual(client.getServerCapabilities(), { tools: {} });
  assert.ok(!(await names(client)).includes("start_shipOrder"));
  assert.equal((await call(client, "greet", { input: "sam" })).isError, false);
  await assert.rejects(call(client, "start_shipOrder", args), { code: 401 });
  const wrong = await connect(t, service, { authorization: "Bearer guessed" });
  await assert.rejects(call(wrong, "start_shipOrder", args), { code: 401 });

  const authorization = `Bearer ${env.EVENTUAL_ADMIN_TOKEN}`;
  const path = "/_eventual/executions/shipOrder/o-1";
  assert.equal((await getJson(service, path, { authorization })).status, 404);
  const admin = await connect(t, service, { authorization });
  assert.ok((await names(admin)).includes("start_shipOrder"));
  assert.equal((await call(admin, "start_shipOrder", args)).isError, false);
  assert.equal((await getJson(service, path, { authorization })).body.status, "running");
});

test("the manifest of the plugin tells where the API is", async (t) => {
  const { service } = await start(t);
  assert.deepEqual(await getJson(service, "/.well-known/ai-plugin.json"), {
    status: 200,
    body: {
      schema_version: "v1",
      name_for_human: "shop",
      name_for_model: "shop",
      description_for_human: "Orders and shipping",
      description_for_model: "Places orders, looks them up and ships them.",
      auth: { type: "none" },
      api: { type: "openapi", url: `${service.url}/openapi.json` },
    },
  });
});
