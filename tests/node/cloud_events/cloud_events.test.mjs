// Events in and out as CloudEvents 1.0, made and read by the SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudEvent, HTTP } from "cloudevents";
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

for (const form of ["structured", "binary"]) {
  test(`an event of the SDK in ${form} form reaches its subscription`, async (t) => {
    const service = await startService(t, program);
    const response = await post(service, HTTP[form](order("o-1")));
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
    });
  });
}
