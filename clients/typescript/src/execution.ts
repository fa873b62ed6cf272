import type { Arguments, Contract, InputOf, Names, OutputOf, PayloadOf } from "./contract.js";
import { ExecutionError, TimeoutError } from "./errors.js";
import { newId } from "./ids.js";
import type { CallOptions, Transport } from "./transport.js";

export type Status =
  | "running" | "parked" | "paused"
  | "succeeded" | "failed" | "cancelled" | "timed_out" | "terminated" | "continued";

/** What the service tells of an execution. */
export interface Description {
  execution_id: string;
  run: number;
  workflow: string;
  name: string;
  status: Status;
  input: unknown;
  result: unknown;
  error: { name: string; message: string; details: unknown } | null;
  started_at: string;
  closed_at: string | null;
  waiting_for: { kind: string; since: string; [member: string]: unknown }[];
}

export interface IdOptions extends CallOptions {
  /** What is sent once counts once, however often it is sent with this id. Default: a new one. */
  id?: string;
}

export interface ResultOptions extends CallOptions {
  /** How long to wait for the end, in milliseconds. Default: for ever. */
  timeoutMs?: number;
}

const waitMaxMs = 30_000; // of one request; the service would wait a minute at most
const answerMs = 30_000; // for an answer to come beyond that

/** One execution of a workflow, seen from outside. Knowing one costs nothing: each call asks the service. */
export class Execution<S extends Contract = Contract, Output = unknown> {
  readonly #transport: Transport;
  readonly #run: number | undefined;
  readonly workflow: string;
  readonly name: string;

  /** @internal */
  constructor(transport: Transport, workflow: string, name: string, run?: number) {
    this.#transport = transport;
    this.workflow = workflow;
    this.name = name;
    this.#run = run;
  }

  /** `<workflow>/<name>`. */
  get id(): string {
    return `${this.workflow}/${this.name}`;
  }

  /** What it is doing. */
  async describe(options?: CallOptions): Promise<Description> {
    return (await this.#get("", options)) as Description;
  }

  /**
   * Waits for its end. Throws an ExecutionError where it closed without a result, a TimeoutError where it is open for
   * longer than `timeoutMs`.
   */
  async result(options: ResultOptions = {}): Promise<Output> {
    const { timeoutMs = Infinity, ...rest } = options;
    const until = Date.now() + timeoutMs;
    for (;;) {
      const waitMs = Math.max(0, Math.min(waitMaxMs, Math.floor(until - Date.now())));
      const answer = (await this.#get("/result", { ...rest, timeoutMs: waitMs + answerMs }, { wait_ms: waitMs })) as Closed;
      if (answer.status === "succeeded") return answer.result as Output;
      if (!isOpen(answer.status)) throw new ExecutionError(this.id, answer.status, answer.error);
      if (Date.now() >= until) throw new TimeoutError(`${this.#transport.url} (${this.id})`, timeoutMs);
    }
  }

  /** Sends a signal: done once the execution has stored it. */
  async signal<N extends Names<S, "signals">>(
    signal: N,
    ...[payload, options = {}]: Arguments<PayloadOf<S["signals"][N]>, IdOptions>
  ): Promise<void> {
    await this.#post(`/signals/${encodeURIComponent(signal)}`, payload ?? null, options, {
      "idempotency-key": options.id ?? newId(),
    });
  }

  /** Asks about the view that it published last; also of a closed one. */
  async query<N extends Names<S, "queries">>(
    query: N,
    ...[input, options = {}]: Arguments<InputOf<S["queries"][N]>, CallOptions>
  ): Promise<OutputOf<S["queries"][N]>> {
    return (await this.#post(`/queries/${encodeURIComponent(query)}`, input ?? null, options)) as never;
  }

  /** Asks it to do something, once, and waits for its answer as long as `timeoutMs` allows. */
  async update<N extends Names<S, "updates">>(
    update: N,
    ...[input, options = {}]: Arguments<InputOf<S["updates"][N]>, IdOptions & ResultOptions>
  ): Promise<OutputOf<S["updates"][N]>> {
    const { timeoutMs = Infinity, id = newId(), ...rest } = options;
    const until = Date.now() + timeoutMs;
    for (;;) {
      const waitMs = Math.max(0, Math.min(waitMaxMs, Math.floor(until - Date.now())));
      const path = `/updates/${encodeURIComponent(update)}`;
      const answer = (await this.#post(path, input ?? null, { ...rest, timeoutMs: waitMs + answerMs },
        { "idempotency-key": id }, { wait_ms: waitMs })) as { status: string; result: unknown };
      if (answer.status === "completed") return answer.result as never;
      if (Date.now() >= until) throw new TimeoutError(`${this.#transport.url} (${this.id})`, timeoutMs);
    }
  }

  /** Asks it to stop; its own code decides how. */
  async cancel(options: CallOptions = {}): Promise<void> {
    await this.#post("/cancel", undefined, options);
  }

  /** Stops it without running any more of it. */
  async terminate(reason = "", options: CallOptions = {}): Promise<void> {
    const request = { method: "POST", path: this.#path("/terminate"), body: { reason }, repeatable: false } as const;
    await this.#transport.request(request, options);
  }

  #path(rest: string, query: Record<string, number> = {}): string {
    const all = this.#run === undefined ? query : { ...query, run: this.#run };
    const text = new URLSearchParams(Object.entries(all).map(([name, value]) => [name, String(value)])).toString();
    const id = `${encodeURIComponent(this.workflow)}/${encodeURIComponent(this.name)}`;
    return `/_eventual/executions/${id}${rest}${text === "" ? "" : `?${text}`}`;
  }

  async #get(rest: string, options?: CallOptions, query?: Record<string, number>): Promise<unknown> {
    const request = { method: "GET", path: this.#path(rest, query), repeatable: true } as const;
    return (await this.#transport.request(request, options)).body;
  }

  async #post(
    rest: string,
    body: unknown,
    options: CallOptions,
    headers: Record<string, string> = {},
    query?: Record<string, number>,
  ): Promise<unknown> {
    const request = { method: "POST", path: this.#path(rest, query), body, headers, repeatable: true } as const;
    return (await this.#transport.request(request, options)).body;
  }
}

interface Closed {
  status: Status;
  result?: unknown;
  error?: { name?: string; message?: string; details?: unknown };
}

function isOpen(status: Status): boolean {
  return status === "running" || status === "parked" || status === "paused";
}

