/** A running function of a module: its arguments and the result that it reports. */

import type { ActiveSpan } from "../traces/active-span.js";

/** The result that the program of a function reported. */
export type FunctionEnd =
  | { readonly value: unknown }
  | { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> };

export interface RunningFunction {
  /** Each run has calls of its own. */
  readonly key: string;
  readonly module: string;
  readonly typeName: string;
  readonly name: string;
  /** As received; objects of the API are ids. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The last reported result counts. */
  end: FunctionEnd | undefined;
}

/** A function as the client of a session. */
export interface NestedClient {
  readonly running: RunningFunction;
  /** The span of the function, the parent of its own requests. */
  readonly span: ActiveSpan;
  /** The same span, as the function knows it. */
  readonly traceparent: string;
}

/** The address of a function's session. */
export interface NestedPort {
  readonly port: number;
  readonly token: string;
  /** Closes it and every connection to it. */
  close(): Promise<void>;
}
