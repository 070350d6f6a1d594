/** A running function of a module: its arguments, and what it has reported. */

import type { ActiveSpan } from "../traces/active-span.js";

/** The result or the error that the program of a function has reported. */
export type FunctionEnd =
  | { readonly value: unknown }
  | { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> };

export interface RunningFunction {
  /** Different for each run. */
  readonly key: string;
  readonly module: string;
  readonly typeName: string;
  readonly name: string;
  /** The arguments as the function gets them. An object of the API is its id. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The last result that the function has reported. */
  end: FunctionEnd | undefined;
}

/** A running function in its role as a client of the session. */
export interface NestedClient {
  readonly running: RunningFunction;
  /** The span of the function. Its requests are below it. */
  readonly span: ActiveSpan;
  /** The `traceparent` of that span, as the function gets it. */
  readonly traceparent: string;
}

/** The address of the nested session. */
export interface NestedPort {
  readonly port: number;
  readonly token: string;
  /** Closes the port and all its connections. */
  close(): Promise<void>;
}
