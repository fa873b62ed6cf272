import type { Arguments, Contract, InputOf, Names, OutputOf, PayloadOf } from "./contract.js";
import { Execution } from "./execution.js";
import { newId } from "./ids.js";
import { Transport, type CallOptions, type ClientOptions } from "./transport.js";

export interface CommandOptions extends CallOptions {
  /**
   * The command may run again when its answer was lost: the call is then repeated as the client's options say. Commands
   * are tried once otherwise.
   */
  idempotent?: boolean;
}

export interface StartOptions<S extends Contract> extends CallOptions {
  /** Of the execution; the same name and input give the one that exists. Default: a new one. */
  name?: string;
  /** How long the execution may take, in milliseconds. */
  executionTimeoutMs?: number;
  /** Sent with the start, as one. */
  withSignal?: { [N in Names<S, "signals">]: { name: N; payload: PayloadOf<S["signals"][N]> } }[Names<S, "signals">];
}

export interface EmitOptions extends CallOptions {
  /** An event of an id that was seen lately counts once. Default: a new one. */
  id?: string;
  /** Events of one key are delivered in order. */
  key?: string;
}

/** An execution that was just started, or existed. */
export class Started<S extends Contract, Output> extends Execution<S, Output> {
  readonly run: number;
  /** It existed with this name and input. */
  readonly alreadyRunning: boolean;

  /** @internal */
  constructor(transport: Transport, workflow: string, name: string, run: number, alreadyRunning: boolean) {
    super(transport, workflow, name);
    this.run = run;
    this.alreadyRunning = alreadyRunning;
  }
}

class Calls<S extends Contract> {
  readonly #transport: Transport;

  constructor(url: string | URL, options: ClientOptions = {}) {
    this.#transport = new Transport(url, options);
  }

  /** Calls a command by its name: for names that are not known, or that this class has itself. */
  async call<N extends Names<S, "commands">>(
    command: N,
    ...[input, options = {}]: Arguments<InputOf<S["commands"][N]>, CommandOptions>
  ): Promise<OutputOf<S["commands"][N]>> {
    const { idempotent = false, ...rest } = options;
    const path = `/rpc/${encodeURIComponent(command)}`;
    const answer = await this.#transport.request({ method: "POST", path, body: input ?? null, repeatable: idempotent }, rest);
    return answer.body as never;
  }

  /** Starts an execution. Repeated when the answer is lost: it starts once. */
  async start<N extends Names<S, "workflows">>(
    workflow: N,
    ...[input, options = {}]: Arguments<InputOf<S["workflows"][N]>, StartOptions<S>>
  ): Promise<Started<S, OutputOf<S["workflows"][N]>>> {
    const { name = newId(), executionTimeoutMs, withSignal, ...rest } = options;
    const body: Record<string, unknown> = { input: input ?? null, name };
    if (executionTimeoutMs !== undefined) body["timeout_ms"] = executionTimeoutMs;
    if (withSignal !== undefined) body["signal"] = withSignal;
    const path = `/_eventual/workflows/${encodeURIComponent(workflow)}/executions`;
    const headers = { "idempotency-key": newId() };
    const answer = await this.#transport.request({ method: "POST", path, body, headers, repeatable: true }, rest);
    const { run, already_running } = answer.body as { run: number; already_running: boolean };
    return new Started(this.#transport, workflow, name, run, already_running);
  }

  /** An execution that exists: the latest run, or the one that is named. Nothing is asked yet. */
  execution<N extends Names<S, "workflows">>(
    workflow: N,
    name: string,
    options: { run?: number } = {},
  ): Execution<S, OutputOf<S["workflows"][N]>> {
    return new Execution(this.#transport, workflow, name, options.run);
  }

  /** Emits an event; `duplicate` tells that one of this id was there. Repeated when the answer is lost. */
  async emit<N extends Names<S, "events">>(
    event: N,
    ...[payload, options = {}]: Arguments<PayloadOf<S["events"][N]>, EmitOptions>
  ): Promise<{ id: string; duplicate: boolean }> {
    const { id = newId(), key, ...rest } = options;
    const body: Record<string, unknown> = { name: event, payload: payload ?? null, id };
    if (key !== undefined) body["key"] = key;
    const answer = await this.#transport.request({ method: "POST", path: "/_eventual/events", body, repeatable: true }, rest);
    const { events } = answer.body as { events: { id: string; duplicate: boolean }[] };
    return events[0]!;
  }
}

type Commands<S extends Contract> = {
  [N in Exclude<Names<S, "commands">, keyof Calls<S> | "then">]: (
    ...args: Arguments<InputOf<S["commands"][N]>, CommandOptions>
  ) => Promise<OutputOf<S["commands"][N]>>;
};

/** A client of the service with the contract `S`: its commands as methods, and what workflows and events need. */
export type ServiceClient<S extends Contract> = Calls<S> & Commands<S>;

/**
 * `new ServiceClient<Orders>("http://localhost:9000")`. It holds no connection and needs no end.
 *
 * A command that is called like a method of the client (`call`, `start`, `execution`, `emit`) or `then` is called with
 * `call`.
 */
export const ServiceClient = class {
  constructor(url: string | URL, options?: ClientOptions) {
    const calls = new Calls<Contract>(url, options);
    const commands = new Map<string, (...args: [unknown?, CommandOptions?]) => Promise<unknown>>();
    return new Proxy(calls, {
      get(target, name) {
        if (Reflect.has(target, name) || typeof name === "symbol" || name === "then") {
          const member = Reflect.get(target, name) as unknown;
          return typeof member === "function" ? member.bind(target) : member;
        }
        let command = commands.get(name);
        if (command === undefined) {
          command = (input, options) => target.call(name, input, options);
          commands.set(name, command);
        }
        return command;
      },
    });
  }
} as unknown as new <S extends Contract>(url: string | URL, options?: ClientOptions) => ServiceClient<S>;
