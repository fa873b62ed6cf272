// Events in and out as CloudEvents 1.0, made and read by the SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudEvent, HTTP, Mode, emitterFor } from "cloudevents";
import { startService } from "../support/service.mjs";

const program = "node_cloud_events_service";

const order = (id, more = {}) =>
  new CloudEvent({
    id: `created-${id}`,
    source: "https://shop.example/checkout",
    type: "OrderCreated",
    subject: id,
    data: { id, amount_cents: 1999 },
    ...more,
  });

function post(service, message) {
  const headers = { ...message.headers };
  return fetch(`${service.url}/_eventual/events`, { method: "POST", headers, body: message.body });
}

/** Waits until the service has emitted `count` events of these names, and gives them as the SDK reads them. */
async function events(service, names, count = 1) {
  const found = [];
  let after = "0";
  while (found.length < count) {
    const query = new URLSearchParams({ names, after, wait_ms: "30000" });
    const response = await fetch(`${service.url}/_eventual/events?${query}`, {
      headers: { accept: "application/cloudevents-batch+json" },
    });
    assert.equal(response.status, 200);
    const headers = Object.fromEntries(response.headers);
    const batch = HTTP.toEvent({ headers, body: await response.text() });
    assert.ok(batch.length > 0, `no event of ${names} within 30 s`);
    found.push(...batch);
    after = headers["eventual-next"];
  }
  return found;
}

/** An emitter of the SDK for this service, in this form. */
const emitter = (service, mode) => emitterFor((message) => post(service, message), { mode });

for (const mode of [Mode.STRUCTURED, Mode.BINARY]) {
  test(`an event that the SDK emits in ${mode} form reaches its subscription`, async (t) => {
    const service = await startService(t, program);
    const response = await emitter(service, mode)(order("o-1"));
    assert.equal(response.status, 200, await response.clone().text());
    assert.deepEqual(await response.json(), {
      events: [{ id: "created-o-1", duplicate: false }],
    });
    const [seen] = await events(service, "OrderSeen");
    assert.deepEqual(seen.data, {
      order: "o-1",
      amount_cents: 1999,
      event: "created-o-1",
      source: "https://shop.example/checkout",
      key: "o-1",
    });
  });

  test(`an event that comes again in ${mode} form is taken once`, async (t) => {
    const service = await startService(t, program);
    const emit = emitter(service, mode);
    await emit(order("o-1"));
    const again = await (await emit(order("o-1"))).json();
    assert.deepEqual(again, { events: [{ id: "created-o-1", duplicate: true }] });
    // The same id of another source is another event.
    const other = await (await emit(order("o-1", { source: "/elsewhere" }))).json();
    assert.deepEqual(other, { events: [{ id: "created-o-1", duplicate: false }] });
    const sources = (await events(service, "OrderSeen", 2)).map((event) => event.data.source);
    assert.deepEqual(sources.sort(), ["/elsewhere", "https://shop.example/checkout"]);
  });

  test(`extensions are taken in ${mode} form, and the partition key is the key`, async (t) => {
    const service = await startService(t, program);
    const extended = order("o-1", { partitionkey: "buyer-7", traceparent: "00-1-2-01", count: 3 });
    assert.equal((await emitter(service, mode)(extended)).status, 200);
    const [seen] = await events(service, "OrderSeen");
    assert.equal(seen.data.key, "buyer-7");
  });

  test(`what is not an event of the service is refused in ${mode} form`, async (t) => {
    const service = await startService(t, program);
    const emit = emitter(service, mode);
    const unknown = await emit(order("o-1", { type: "OrderEaten" }));
    assert.equal(unknown.status, 404);
    assert.match((await unknown.json()).message, /OrderEaten/);
    const wrong = await emit(order("o-1", { data: { id: 5, amount_cents: 1 } }));
    assert.equal(wrong.status, 400);
    const { error, details } = await wrong.json();
    assert.equal(error, "InvalidInput");
    const pointers = details.map((detail) => detail.pointer);
    assert.equal(pointers.length, 1);
    assert.match(pointers[0], /\/id$/);
    const text = await emit(order("o-1", { datacontenttype: "text/plain", data: "hello" }));
    assert.equal(text.status, 415);
  });
}

test("a batch is taken whole or not at all", async (t) => {
  const service = await startService(t, program);
  const batch = (...list) =>
    post(service, {
      headers: { "content-type": "application/cloudevents-batch+json" },
      body: JSON.stringify(list),
    });
  const refused = await batch(order("o-1"), order("o-2", { data: { amount_cents: 1 } }));
  assert.equal(refused.status, 400);
  const taken = await (await batch(order("o-3"), order("o-4"))).json();
  assert.deepEqual(taken.events, [
    { id: "created-o-3", duplicate: false },
    { id: "created-o-4", duplicate: false },
  ]);
  const orders = (await events(service, "OrderSeen", 2)).map((event) => event.data.order);
  assert.deepEqual(orders.sort(), ["o-3", "o-4"]);
});

test("the service's own events are read as the SDK reads and checks them", async (t) => {
  const service = await startService(t, program);
  await emitter(service, Mode.STRUCTURED)(order("größe"));
  const [seen] = await events(service, "OrderSeen");
  assert.ok(seen instanceof CloudEvent);
  assert.equal(seen.validate(), true); // it throws for an event that is none
  assert.equal(seen.specversion, "1.0");
  assert.equal(seen.type, "OrderSeen");
  assert.equal(seen.source, "shop");
  assert.equal(seen.subject, "order größe");
  assert.equal(seen.datacontenttype, "application/json");
  assert.ok(Math.abs(Date.now() - Date.parse(seen.time)) < 3_600_000);
});

for (const mode of [Mode.STRUCTURED, Mode.BINARY]) {
  test(`the events of one service are those of another in ${mode} form`, async (t) => {
    const from = await startService(t, program);
    const to = await startService(t, program);
    await emitter(from, Mode.STRUCTURED)(order("o-1"));
    const [seen] = await events(from, "OrderSeen");
    const emit = emitter(to, mode);
    const taken = { events: [{ id: seen.id, duplicate: false }] };
    assert.deepEqual(await (await emit(seen)).json(), taken);
    assert.equal((await (await emit(seen)).json()).events[0].duplicate, true);
  });
}
