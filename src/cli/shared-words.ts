/** Renders failures and processes of shared circuits. The texts are safe for a terminal. */

import type { Reporter, SharedFailure } from "../fleet/rules/state.js";
import { plainText } from "./plain-text.js";

/** Renders a failure of a shared circuit, such as `rate limit (registry.rate-limit)`. */
export function failureText({ fault, rule, limited }: SharedFailure): string {
  const what = limited ? "rate limit" : fault;
  return plainText(what === null ? rule : `${what} (${rule})`);
}

/** Renders a process: its machine, and its CI run if there is one. */
export function reporterText({ host, run }: Pick<Reporter, "host" | "run">): string {
  return plainText(run === null ? host : `${host}, ${run}`);
}
