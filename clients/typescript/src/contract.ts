// What a service offers, as types. `eventual openapi --types` writes them for a service.

/** The shape of every contract. */
export interface Contract {
  commands: Record<string, { input: unknown; output: unknown }>;
  workflows: Record<string, { input: unknown; output: unknown }>;
  signals: Record<string, { payload: unknown }>;
  queries: Record<string, { input: unknown; output: unknown }>;
  updates: Record<string, { input: unknown; output: unknown }>;
  events: Record<string, { payload: unknown }>;
}

/** The names of one part of a contract. */
export type Names<S extends Contract, Part extends keyof Contract> = Extract<keyof S[Part], string>;

export type InputOf<T> = T extends { input: infer Input } ? Input : never;
export type OutputOf<T> = T extends { output: infer Output } ? Output : never;
export type PayloadOf<T> = T extends { payload: infer Payload } ? Payload : never;

/** The arguments of a call: its input, which may be left out where it is `void` or may be undefined, and options. */
export type Arguments<Input, Options> = [Input] extends [void]
  ? [input?: undefined, options?: Options]
  : undefined extends Input
    ? [input?: Input, options?: Options]
    : [input: Input, options?: Options];
