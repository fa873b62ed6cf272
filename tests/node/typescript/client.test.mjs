// The TypeScript client: its types against a contract that the command wrote, and its calls against running services.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import http from "node:http";
import { once } from "node:events";
import { before, after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import path from "node:path";
import { startService } from "../support/service.mjs";
import { compile } from "./compile.mjs";

const everything = "node_openapi_service";
const binary = (name) => path.resolve(process.env.EVENTUAL_BIN_DIR ?? "build/dev/bin", name);

async function contractOf(program) {
  const { stdout } = await promisify(execFile)(binary("eventual"), ["openapi", "--types", "--binary", binary(program)]);
  return stdout;
}

let compiled;
let client; // the module
const cleaning = [];
before(async () => {
  const contracts = { contract: await contractOf(everything), orders: await contractOf("orders") };
  compiled = await compile({ after: (clean) => cleaning.push(clean) }, contracts);
  client = await import(pathToFileURL(compiled.module));
});
after(async () => {
  for (const clean of cleaning) await clean();
});

test("what is right compiles, and what is wrong does not; the examples of the pages compile", () => {
  // A line with @ts-expect-error that compiles is told too.
  assert.deepEqual(compiled.told, []);
  assert.ok(compiled.examples >= 2, `${compiled.examples} examples`);
});

test("a running service gives the same types as its program", async (t) => {
  const service = await startService(t, everything);
  const { stdout } = await promisify(execFile)(binary("eventual"), ["openapi", "--types", "--url", service.url]);
  assert.equal(stdout, await contractOf(everything));
});

// --- the order service ---

test("an order is placed by its command, seen, cancelled by a signal, and fails with the service's error", async (t) => {
  const service = await startService(t, "orders");
  const orders = new client.ServiceClient(service.url);
  const id = await orders.createOrder({ id: "o-1", card: "visa", amount_cents: 1999 });
  assert.equal(id, "processOrder/o-1");
  const order = orders.execution("processOrder", "o-1");
  assert.equal((await order.describe()).workflow, "processOrder");
  await order.signal("cancel", "changed my mind");
  await assert.rejects(order.result(), (error) => {
    assert.ok(error instanceof client.ExecutionError);
    assert.equal(error.error, "OrderCancelled");
    assert.equal(error.message, "o-1");
    assert.equal(error.status, "failed");
    assert.equal(error.executionId, "processOrder/o-1");
    return true;
  });
});

test("an order is shipped when nobody cancels it", async (t) => {
  const service = await startService(t, "orders", { env: { ORDERS_CANCEL_WINDOW_MS: "1" } });
  const orders = new client.ServiceClient(service.url);
  const order = await orders.start("processOrder", { id: "o-2", card: "visa", amount_cents: 5 }, { name: "o-2" });
  assert.equal(order.alreadyRunning, false);
  assert.equal((await order.result()).order_id, "o-2");
  const again = await orders.start("processOrder", { id: "o-2", card: "visa", amount_cents: 5 }, { name: "o-2" });
  assert.equal(again.alreadyRunning, true);
  await assert.rejects(orders.start("processOrder", { id: "o-3", card: "visa", amount_cents: 5 }, { name: "o-2" }), {
    error: "AlreadyExists",
    status: 409,
  });
});

// --- the rest of what services have ---

test("queries, updates and signals with a start reach the execution", async (t) => {
  const service = await startService(t, everything);
  const calls = new client.ServiceClient(service.url);
  const walk = await calls.start("walk", "sam", { withSignal: { name: "step", payload: 2 } });
  await walk.signal("step", 3, { id: "once" });
  await walk.signal("step", 3, { id: "once" });
  assert.equal(await walk.update("rename", "kim", { id: "r-1" }), "sam");
  assert.equal(await walk.update("rename", "kim", { id: "r-1" }), "sam");
  assert.deepEqual(await walk.query("progress"), { stage: "kim", steps: 5 });
  assert.equal(await walk.query("stepsAbove", 4), true);
  await assert.rejects(walk.update("rename", ""), { error: "NameIsEmpty", status: 409 });
  await walk.signal("finish");
  assert.deepEqual(await walk.result(), { stage: "kim", steps: 5 });
  assert.equal((await walk.describe()).status, "succeeded");
});

test("a cancelled and a terminated execution have no result", async (t) => {
  const service = await startService(t, everything);
  const calls = new client.ServiceClient(service.url);
  const cancelled = await calls.start("walk", "sam");
  await cancelled.cancel();
  await assert.rejects(cancelled.result(), { name: "ExecutionError", status: "cancelled" });
  const terminated = await calls.start("walk", "sam");
  await terminated.terminate("enough");
  await assert.rejects(terminated.result(), { name: "ExecutionError", status: "terminated" });
});

test("a result that does not come in time is a TimeoutError", async (t) => {
  const service = await startService(t, everything);
  const walk = await new client.ServiceClient(service.url).start("walk", "sam");
  await assert.rejects(walk.result({ timeoutMs: 1 }), { name: "TimeoutError", error: "Timeout" });
});

test("an event of one id counts once, and one of another form is refused", async (t) => {
  const service = await startService(t, everything);
  const calls = new client.ServiceClient(service.url);
  assert.deepEqual(await calls.emit("Walked", { name: "sam" }, { id: "e-1" }), { id: "e-1", duplicate: false });
  assert.deepEqual(await calls.emit("Walked", { name: "sam" }, { id: "e-1" }), { id: "e-1", duplicate: true });
  await assert.rejects(calls.emit("Walked", {}), { error: "InvalidInput", status: 400 });
});

test("bad input names every bad member, and other errors have their names", async (t) => {
  const service = await startService(t, everything);
  const calls = new client.ServiceClient(service.url);
  await assert.rejects(calls.strict({ width: "wide", depth: 1 }), (error) => {
    assert.ok(error instanceof client.ServiceError);
    assert.equal(error.error, "InvalidInput");
    assert.equal(error.status, 400);
    assert.deepEqual(error.problems.map((problem) => problem.pointer).sort(), ["/depth", "/width"]);
    return true;
  });
  await assert.rejects(calls.execution("walk", "nobody").describe(), { error: "NotFound", status: 404 });
  await assert.rejects(calls.putItem({}), { error: "Unauthorized", status: 401 });
  await assert.rejects(calls["no such command"](), { error: "NotFound", status: 404 });
});

test("commands without a result give null, and names of any form can be called", async (t) => {
  const service = await startService(t, everything);
  const calls = new client.ServiceClient(service.url);
  assert.equal(await calls.ping(), null);
  assert.deepEqual(await calls["odd name & more"]({ code: 7 }), { code: 7 });
  assert.deepEqual(await calls.call("count", 4), [4]);
});

test("headers and tokens are sent where they belong", async (t) => {
  const service = await startService(t, everything, { env: { EVENTUAL_ADMIN_TOKEN: "of the administrator" } });
  const without = new client.ServiceClient(service.url);
  await assert.rejects(without.start("idle"), { error: "Unauthorized", status: 401 });
  const calls = new client.ServiceClient(service.url, {
    adminToken: "of the administrator",
    headers: async () => ({ "x-api-key": "key-of-sam" }),
  });
  assert.equal(await (await calls.start("idle")).result(), null);
  assert.deepEqual(await calls.itemOf(3), { left: 3 });
  await assert.rejects(calls.call("itemOf", 3, { headers: { "x-api-key": "wrong" } }), { status: 401 });
});

// --- what goes wrong on the way ---

/** A server whose answers are `answers`, one a request: a status, "cut" (the connection ends) or "hang". */
async function faulty(t, answers) {
  const seen = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      seen.push({ path: request.url, key: request.headers["idempotency-key"], body });
      const answer = answers[Math.min(seen.length, answers.length) - 1];
      if (answer === "cut") return request.socket.destroy();
      if (answer === "hang") return;
      response.writeHead(answer, { "content-type": "application/json" });
      const success = { events: [{ id: "e", duplicate: false }], run: 1, already_running: false };
      const failure = { error: answer === 503 ? "Unavailable" : "Broken", message: "no", details: null };
      response.end(JSON.stringify(answer < 300 ? success : failure));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, seen };
}

const quick = { retryIntervalMs: 1 };

test("what may be repeated is repeated with the same id, until it is answered", async (t) => {
  const { url, seen } = await faulty(t, ["cut", 503, 200]);
  const calls = new client.ServiceClient(url, quick);
  await calls.emit("Walked", { name: "sam" });
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen.map((each) => JSON.parse(each.body).id)).size, 1);
});

test("starts and signals are repeated with the same name and key", async (t) => {
  const { url, seen } = await faulty(t, ["cut", 200, "cut", 200]);
  const calls = new client.ServiceClient(url, quick);
  const walk = await calls.start("walk", "sam");
  await walk.signal("finish");
  assert.equal(seen.length, 4);
  assert.equal(seen[0].body, seen[1].body);
  assert.equal(JSON.parse(seen[0].body).name, walk.name);
  assert.equal(seen[0].key, seen[1].key);
  assert.ok(seen[2].key && seen[2].key === seen[3].key && seen[2].key !== seen[0].key);
});

test("a command is tried once, unless its caller says that it may run again", async (t) => {
  const { url, seen } = await faulty(t, ["cut", "cut", 200]);
  const calls = new client.ServiceClient(url, quick);
  await assert.rejects(calls.count(3), { name: "UnreachableError", error: "Unreachable", url });
  assert.equal(seen.length, 1);
  await calls.count(3, { idempotent: true });
  assert.equal(seen.length, 3);
});

test("an error that stays is told after the last try, and one that is final at once", async (t) => {
  const away = await faulty(t, [503]);
  await assert.rejects(new client.ServiceClient(away.url, { ...quick, attempts: 3 }).emit("Walked", {}), {
    error: "Unavailable",
    status: 503,
  });
  assert.equal(away.seen.length, 3);
  const broken = await faulty(t, [500]);
  await assert.rejects(new client.ServiceClient(broken.url, quick).emit("Walked", {}), { error: "Broken" });
  assert.equal(broken.seen.length, 1);
});

test("a call ends when its time or its caller's patience is over", async (t) => {
  const { url } = await faulty(t, ["hang"]);
  const calls = new client.ServiceClient(url, { timeoutMs: 20 });
  await assert.rejects(calls.emit("Walked", {}), { name: "TimeoutError" });
  const stop = new AbortController();
  const call = calls.count(3, { signal: stop.signal, timeoutMs: 60_000 });
  stop.abort(new Error("never mind"));
  await assert.rejects(call, /never mind/);
  await assert.rejects(calls.count(3, { signal: stop.signal }), /never mind/);
});

test("where nobody listens the address is told", async () => {
  const server = http.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  server.close();
  await once(server, "close");
  await assert.rejects(new client.ServiceClient(url, quick).emit("Walked", {}), (error) => {
    assert.ok(error instanceof client.UnreachableError);
    assert.match(error.message, new RegExp(url));
    return true;
  });
});
