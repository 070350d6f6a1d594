/** Where the arguments of a command stand: the script reads them by name and only when it needs them. */

import { POLICY } from "../script-arguments.js";

/** Arguments of the script before its first command. */
export const HEAD_LENGTH = 3;

/** A closed circuit needs no more of the policy than the first; the rest is one text. */
const COMMON = ["badSeconds", "policy", "chance"];
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
export function policy(name: "badSeconds" | (typeof POLICY)[number]): string {
  return name === "badSeconds" ? numberOf("admit", name) : `policy().${name}`;
}

/** How many places a command of a kind takes, its kind among them. */
export function lengthOf(kind: Kind): number {
  return ARGUMENTS[kind].length + 1;
}

/** The Lua table of how many places the commands take that are seldom sent. */
export const RARE_LENGTHS_LUA = `{ ${(["read", "isolate", "release", "reset"] as const)
  .map((kind) => `${kind} = ${lengthOf(kind)}`)
  .join(", ")} }`;

/** The part of the script that takes a policy apart, once for all commands that have the same. */
export const POLICY_LUA = `
local POLICY = { ${POLICY.map((name) => `'${name}'`).join(", ")} }
local policies = {}

local function policy()
  local text = ${argument("admit", "policy")}
  if policies[text] then return policies[text] end
  local numbers, count = {}, 0
  for number in string.gmatch(text, '[^ ]+') do
    count = count + 1
    numbers[POLICY[count]] = tonumber(number)
  end
  policies[text] = numbers
  return numbers
end
`;
