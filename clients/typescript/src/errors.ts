/** What every failure of a call is. `error` is its name, for programs. */
export class EventualError extends Error {
  readonly error: string;

  constructor(error: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.error = error;
  }
}

/** One thing that is wrong with an input: `pointer` is the JSON pointer of the member. */
export interface Problem {
  pointer?: string;
  parameter?: string;
  reason: string;
}

/** The service answered with an error: its own, or the framework's (`InvalidInput`, `NotFound`, …). */
export class ServiceError extends EventualError {
  readonly status: number;
  readonly details: unknown;

  constructor(status: number, error: string, message: string, details: unknown = null) {
    super(error, message);
    this.status = status;
    this.details = details;
  }

  /** What is wrong with the input, of an `InvalidInput`; empty for other errors. */
  get problems(): Problem[] {
    return this.error === "InvalidInput" && Array.isArray(this.details) ? this.details : [];
  }
}

/** No answer came: nothing listens there, or the connection was lost. What was asked for may have been done. */
export class UnreachableError extends EventualError {
  readonly url: string;

  constructor(url: string, cause: unknown) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    super("Unreachable", `no answer from ${url}: ${inner instanceof Error ? inner.message : inner}`, { cause });
    this.url = url;
  }
}

/** The answer did not come in time. What was asked for may have been done. */
export class TimeoutError extends EventualError {
  constructor(url: string, timeoutMs: number) {
    super("Timeout", `no answer from ${url} within ${timeoutMs} ms`);
  }
}

/** An execution closed without a result: it failed, was cancelled, terminated, or timed out. */
export class ExecutionError extends EventualError {
  readonly executionId: string;
  readonly status: string;
  readonly details: unknown;

  constructor(
    executionId: string,
    status: string,
    failure: { name?: string; message?: string; details?: unknown } | null | undefined,
  ) {
    super(failure?.name ?? status, failure?.message || `${executionId}: ${status}`);
    this.executionId = executionId;
    this.status = status;
    this.details = failure?.details ?? null;
  }
}
