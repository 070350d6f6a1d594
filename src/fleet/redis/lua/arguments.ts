/** Where the arguments of a command stand: the script reads them by name and only when it needs them. */

import type { SharedPolicy } from "../../rules/policy.js";
import { POLICY } from "../script-arguments.js";

/** Arguments of the script before its first command. */
export const HEAD_LENGTH = 3;

const COMMON = [...POLICY, "chance"];
const BY_HAND = ["owner", "reason"];

/** What comes after the kind of each command, in the order of `scriptCommand`. */
const ARGUMENTS = {
  admit: [...COMMON, "count", "lease"],
  settle: [
    ...COMMON,
    "generation",
    "successes",
    "failures",
    "leases",
    "reporterId",
    "reporter",
    "failure",
    "openNow",
    "retryAfterMs",
  ],
  read: [],
  isolate: [...BY_HAND, "expiresInMs"],
  release: BY_HAND,
  reset: BY_HAND,
} as const satisfies Record<string, readonly string[]>;

type Kind = keyof typeof ARGUMENTS;

/** The Lua that reads one argument of the command at `at` as a text. */
export function argument(kind: Kind, name: string): string {
  const names: readonly string[] = ARGUMENTS[kind];
  return `ARGV[at + ${names.indexOf(name) + 1}]`;
}

/** The Lua that reads one argument as a number; nil where it is empty. */
export function numberOf(kind: Kind, name: string): string {
  return `tonumber(${argument(kind, name)})`;
}

/** The Lua that reads a number of the policy of an admission or a settlement. */
export function policy(name: keyof SharedPolicy): string {
  return numberOf("admit", name);
}

/** The Lua table of how many arguments each kind has. */
export const ARGUMENT_COUNTS_LUA = `{ ${Object.entries(ARGUMENTS)
  .map(([kind, names]) => `${kind} = ${names.length}`)
  .join(", ")} }`;
