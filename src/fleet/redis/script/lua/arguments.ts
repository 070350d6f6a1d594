/**
 * Defines the positions of a command's arguments in ARGV. The generated Lua code reads an argument
 * by its position, and only when it needs the argument.
 */

import { POLICY_NUMBERS } from "../../../rules/policy.js";

/** Number of script arguments before the first command. */
export const HEAD_LENGTH = 3;

/**
 * The first arguments of admit and settle. `badSeconds` is a separate argument, because a closed
 * circuit needs no other number of the policy.
 */
const COMMON = ["badSeconds", "policy", "chance"];
const BY_HAND = ["owner", "reason"];

/** The arguments of each command after its kind, in the order of `scriptCommand`. */
const ARGUMENTS = {
  admit: [...COMMON, "count", "lease", "holder"],
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
    "tallies",
  ],
  tell: ["tallies", "failedRunsMs"],
  read: [],
  report: [],
  isolate: [...BY_HAND, "expiresInMs"],
  release: BY_HAND,
  reset: BY_HAND,
} as const satisfies Record<string, readonly string[]>;

type Kind = keyof typeof ARGUMENTS;

/**
 * Returns Lua code that reads one argument of the current command as text. The command begins at
 * position `at`.
 */
export function argument(kind: Kind, name: string): string {
  const names: readonly string[] = ARGUMENTS[kind];
  return `ARGV[at + ${names.indexOf(name) + 1}]`;
}

/**
 * Returns Lua code that reads one argument as a number. The number is nil if the argument is empty.
 */
export function numberOf(kind: Kind, name: string): string {
  return `tonumber(${argument(kind, name)})`;
}

/** Returns Lua code that reads a number from the policy of a command. */
export function policy(name: (typeof POLICY_NUMBERS)[number]): string {
  return name === "badSeconds" ? numberOf("admit", name) : `policy().${name}`;
}

/** Returns the number of arguments of a command, including its kind. */
export function lengthOf(kind: Kind): number {
  return ARGUMENTS[kind].length + 1;
}

/**
 * A Lua table with the number of arguments of each command, except the frequent commands admit and
 * settle.
 */
export const RARE_LENGTHS_LUA = `{ ${(
  ["tell", "read", "report", "isolate", "release", "reset"] as const
)
  .map((kind) => `${kind} = ${lengthOf(kind)}`)
  .join(", ")} }`;

/** The part of the script that parses policies. It parses each policy text only once. */
export const POLICY_LUA = `
local POLICY = { ${POLICY_NUMBERS.map((name) => `'${name}'`).join(", ")} }
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
