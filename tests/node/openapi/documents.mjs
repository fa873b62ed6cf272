// OpenAPI documents of programs, and what they say of operations.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

export const everything = "node_openapi_service";

/** The programs whose documents are checked. */
export const programs = [
  "orders",
  "notes",
  "accounts",
  "approval",
  "contract-orders",
  "contract-stock",
  "choreography-orders",
  "choreography-payments",
  "choreography-shipping",
  everything,
];

export function executable(program) {
  return path.resolve(process.env.EVENTUAL_BIN_DIR ?? "build/dev/bin", program);
}

/** What a program prints. */
export async function output(program, ...args) {
  const { stdout } = await promisify(execFile)(executable(program), args, { maxBuffer: 1 << 26 });
  return stdout;
}

export async function documentOf(program, ...args) {
  return JSON.parse(await output(program, "openapi", ...args));
}

/** Each operation of a document, as `{method, path, operation, pointer}`. */
export function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
      pointer: `/paths/${escape(path)}/${method}`,
    })),
  );
}

/** One step of a JSON pointer. */
export function escape(step) {
  return encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"));
}
