import { ServiceError, TimeoutError, UnreachableError } from "./errors.js";

type Headers = Record<string, string>;

export interface ClientOptions {
  /** Sent as `Authorization: Bearer` with every call. */
  token?: string;
  /** Sent instead of `token` with what the engine answers itself: start, signal, query, update, result, emit. */
  adminToken?: string;
  /** Sent with every call; a function is asked before each. */
  headers?: Headers | (() => Headers | Promise<Headers>);
  /** How long a call may take with all its tries, in milliseconds. Default 30,000. */
  timeoutMs?: number;
  /** How often a call is tried that may be repeated; at least 1. Default 4. */
  attempts?: number;
  /** The pause before the second try, in milliseconds; each later one is twice as long. Default 100. */
  retryIntervalMs?: number;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  /** Instead of the client's. */
  timeoutMs?: number;
  /** Ends the call; it then fails with the signal's reason. */
  signal?: AbortSignal;
  headers?: Headers;
}

export interface RequestShape {
  method: "GET" | "POST";
  path: string;
  /** JSON; undefined: no body. */
  body?: unknown;
  headers?: Headers;
  /** Asking again does no harm. */
  repeatable: boolean;
}

export interface Answer {
  status: number;
  body: unknown;
}

const retryIntervalMaxMs = 5_000;
/** Answers that say: not now. */
const passing = new Set([429, 502, 503, 504]);

/** Sends requests, and repeats those that may be. */
export class Transport {
  readonly url: string;
  readonly #options: ClientOptions;

  constructor(url: string | URL, options: ClientOptions) {
    this.url = String(url).replace(/\/+$/, "");
    this.#options = options;
  }

  /** The answer of a success. */
  async request(request: RequestShape, options: CallOptions = {}): Promise<Answer> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
    const attempts = request.repeatable ? Math.max(1, this.#options.attempts ?? 4) : 1;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new TimeoutError(this.url, timeoutMs)), timeoutMs);
    const forward = () => stop.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", forward);
    if (options.signal?.aborted) forward();
    try {
      for (let attempt = 1; ; ++attempt) {
        let retryAfterMs = 0;
        try {
          const response = await this.#send(request, options, stop.signal);
          const body = await readJson(response);
          if (response.ok) return { status: response.status, body };
          const error = errorOf(response.status, body);
          if (attempt >= attempts || !passing.has(response.status)) throw error;
          retryAfterMs = 1000 * Number(response.headers.get("retry-after") ?? 0) || 0;
        } catch (error) {
          if (stop.signal.aborted) throw stop.signal.reason;
          if (error instanceof ServiceError) throw error;
          if (attempt >= attempts) throw new UnreachableError(this.url, error);
        }
        await pause(Math.max(retryAfterMs, this.#intervalMs(attempt)), stop.signal);
      }
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", forward);
    }
  }

  async #send(request: RequestShape, options: CallOptions, signal: AbortSignal): Promise<Response> {
    const send = this.#options.fetch ?? globalThis.fetch;
    const common = this.#options.headers;
    const headers: Headers = typeof common === "function" ? { ...(await common()) } : { ...common };
    const isEngine = request.path.startsWith("/_eventual/");
    const token = (isEngine ? this.#options.adminToken : undefined) ?? this.#options.token;
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (request.body !== undefined) headers["content-type"] = "application/json";
    Object.assign(headers, request.headers, options.headers);
    const init: RequestInit = { method: request.method, headers, signal };
    if (request.body !== undefined) init.body = JSON.stringify(request.body);
    return send(this.url + request.path, init);
  }

  #intervalMs(attempt: number): number {
    const first = this.#options.retryIntervalMs ?? 100;
    const pauseMs = Math.min(first * 2 ** (attempt - 1), retryIntervalMaxMs);
    return pauseMs * (0.75 + Math.random() / 2); // callers that failed together come back apart
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    if (!response.ok) return undefined; // a proxy's page: not the service's own words
    throw new ServiceError(response.status, "NotJson", `the answer is no JSON: ${text.slice(0, 200)}`);
  }
}

function errorOf(status: number, body: unknown): ServiceError {
  const { error, message, details } = (body ?? {}) as Record<string, unknown>;
  return new ServiceError(
    status,
    typeof error === "string" ? error : "HttpError",
    typeof message === "string" ? message : `status ${status}`,
    details ?? null,
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
