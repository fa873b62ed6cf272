// What of the client compiles and what does not, with the contract that the command wrote of a service. Not run.
import { Execution, ServiceClient, Started } from "eventual-client";
import type { EveryThing, Item, Progress } from "contract";

declare const item: Item;

/** Compiles when both are the same type. */
function same<A>() {
  return <B>(_value: B, ..._proof: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]) => {};
}

export async function uses(): Promise<void> {
  const client = new ServiceClient<EveryThing>("http://localhost:9000", { token: "t", timeoutMs: 1_000 });

  // Commands: methods with the types of the contract.
  same<Item>()(await client.echo(item));
  same<number[]>()(await client.count(3, { idempotent: true }));
  same<void>()(await client.ping());
  await client.ping(undefined, { timeoutMs: 5 });
  await client["odd name & more"]({ code: 1 });
  await client.call("count", 3);
  await client.findItems({ shop: "s", word: "wo", size: { width: 1 }, within: 5, colours: ["dark-blue"] });
  // @ts-expect-error: another type
  await client.count("three");
  // @ts-expect-error: the input is missing
  await client.count();
  // @ts-expect-error: a member is missing
  await client.strict({});
  // @ts-expect-error: a member that the type does not have
  await client.strict({ width: 1, depth: 2 });
  // @ts-expect-error: no such enumerator
  await client.findItems({ shop: "s", word: "wo", size: { width: 1 }, within: 5, colours: ["green"] });
  // @ts-expect-error: no such command
  await client.counting(3);
  // @ts-expect-error: no such option
  await client.count(3, { retries: 3 });
  // @ts-expect-error: nothing is taken
  await client.ping(1);
  // @ts-expect-error: the result is of another type
  const text: string = await client.count(3);

  // Workflows.
  const walk = await client.start("walk", "sam", { name: "w-1", withSignal: { name: "step", payload: 2 } });
  same<Started<EveryThing, Progress>>()(walk);
  same<Progress>()(await walk.result({ timeoutMs: 100 }));
  same<void>()(await (await client.start("idle")).result());
  same<Execution<EveryThing, Progress>>()(client.execution("walk", "w-1", { run: 2 }));
  // @ts-expect-error: another input
  await client.start("walk", 1);
  // @ts-expect-error: no such workflow
  await client.start("run", "sam");
  // @ts-expect-error: the payload of the signal is of another type
  await client.start("walk", "sam", { withSignal: { name: "step", payload: "two" } });

  // Signals, queries, updates.
  await walk.signal("step", 3, { id: "once" });
  await walk.signal("finish");
  same<Progress>()(await walk.query("progress"));
  same<boolean>()(await walk.query("stepsAbove", 2));
  same<string>()(await walk.update("rename", "kim", { id: "r-1" }));
  // @ts-expect-error: a payload of another type
  await walk.signal("step", "three");
  // @ts-expect-error: the payload is missing
  await walk.signal("step");
  // @ts-expect-error: the query takes nothing
  await walk.query("progress", 1);
  // @ts-expect-error: no such query
  await walk.query("speed");
  // @ts-expect-error: no such update
  await walk.update("renaming", "kim");

  // Events.
  same<{ id: string; duplicate: boolean }>()(await client.emit("Walked", { name: "sam" }, { key: "k" }));
  // @ts-expect-error: a payload of another type
  await client.emit("Walked", { named: "sam" });
  // @ts-expect-error: no such event
  await client.emit("Run", { name: "sam" });

  // Without a contract any name goes, and what comes is not known.
  const any = new ServiceClient("http://localhost:9000");
  same<unknown>()(await any["whatever"]!({ a: 1 }));
  same<unknown>()(await any.call("whatever"));
  same<unknown>()(await (await any.start("walk", "sam")).result());

  void text;
}
