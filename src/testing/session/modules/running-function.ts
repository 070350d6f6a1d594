/** A function of a module while it runs: what it was called with, and what it says came of it. */

import type { ActiveSpan } from "../traces/active-span.js";

/** What the program of a function has said of its end. */
export type FunctionEnd =
  | { readonly value: unknown }
  | { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> };

/** A function that runs. */
export interface RunningFunction {
  readonly module: string;
  readonly typeName: string;
  readonly name: string;
  /** As they came, objects of the API by their ids. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The last word counts. */
  end: FunctionEnd | undefined;
}

/** The client of a session that a function is. */
export interface NestedClient {
  readonly running: RunningFunction;
  /** The span of the function, which is the parent of what the function asks. */
  readonly span: ActiveSpan;
  /** The same as the function knows it. */
  readonly traceparent: string;
}

/** Where a function finds its session. */
export interface NestedPort {
  readonly port: number;
  readonly token: string;
  /** Closes it, and every connection to it. */
  close(): Promise<void>;
}
