export { ServiceClient, Started } from "./client.js";
export type { CommandOptions, EmitOptions, StartOptions } from "./client.js";
export type { Arguments, Contract, InputOf, Names, OutputOf, PayloadOf } from "./contract.js";
export { EventualError, ExecutionError, ServiceError, TimeoutError, UnreachableError } from "./errors.js";
export type { Problem } from "./errors.js";
export { Execution } from "./execution.js";
export type { Description, IdOptions, ResultOptions, Status } from "./execution.js";
export type { CallOptions, ClientOptions } from "./transport.js";
