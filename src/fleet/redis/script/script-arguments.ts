/** Writes a command as arguments of the Lua script, in the order of `lua/arguments.ts`. */

import { show } from "../../../options/check.js";
import type {
  AdmitCommand,
  ControlCommand,
  FleetCommand,
  SettleCommand,
  TellCommand,
} from "../../rules/command.js";
import { POLICY_NUMBERS, policyText, type SharedPolicy } from "../../rules/policy.js";
import type { Reporter, SharedFailure } from "../../rules/state.js";
import { talliesOfSettle, talliesOfTell } from "../../rules/tally.js";

const ID = /^[A-Za-z0-9_.-]+$/;

/** Returns the arguments of a command: its kind, and then the arguments that this kind needs. */
export function scriptCommand(command: FleetCommand): readonly string[] {
  switch (command.kind) {
    case "read":
      return [command.report ? "report" : "read"];
    case "tell":
      return tellArguments(command);
    case "admit":
      return admitArguments(command);
    case "settle":
      return settleArguments(command);
    case "isolate":
      return [...byHand(command), digits(command.expiresInMs, "expiresInMs")];
    case "release":
    case "reset":
      return byHand(command);
  }
}

/**
 * A cache for the text of frozen objects. Many commands share the same object, such as a policy.
 */
class Written<T extends object> {
  readonly #texts = new WeakMap<T, string>();

  constructor(readonly write: (value: T) => string) {}

  of(value: T): string {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    const text = this.write(value);
    if (Object.isFrozen(value)) this.#texts.set(value, text);
    return text;
  }
}

const policies = new Written<SharedPolicy>((policy) => {
  for (const name of POLICY_NUMBERS) digits(policy[name], name);
  return policyText(policy);
});
const holders = new Written<Reporter>(({ host, run }) => JSON.stringify({ host, run }));
const reporters = new Written<Reporter>(({ id, host, run }) => JSON.stringify({ id, host, run }));

function admitArguments({
  policy,
  chance,
  count,
  lease,
  reporter,
}: AdmitCommand): readonly string[] {
  return [
    "admit",
    digits(policy.badSeconds, "badSeconds"),
    policies.of(policy),
    digits(chance, "chance"),
    digits(count, "count"),
    id(lease),
    reporter === undefined ? "" : holders.of(reporter),
  ];
}

function settleArguments(command: SettleCommand): readonly string[] {
  const { policy, generation, leases, reporter, failure } = command;
  const by = reporters.of(reporter);
  return [
    "settle",
    digits(policy.badSeconds, "badSeconds"),
    policies.of(policy),
    digits(command.chance, "chance"),
    generation === null ? "" : digits(generation, "generation"),
    digits(command.successes, "successes"),
    digits(command.failures, "failures"),
    leases.length === 0 ? "" : leases.map(id).join(" "),
    id(reporter.id),
    by,
    failure === null ? "null" : reported(failure, by),
    command.openNow ? "1" : "0",
    digits(command.retryAfterMs, "retryAfterMs"),
    command.failures === 0 ? "" : talliesOfSettle(command),
  ];
}

function tellArguments(command: TellCommand): readonly string[] {
  const runsMs = command.failedRunsMs.map((ms) => digits(Math.round(ms), "failedRunsMs"));
  return ["tell", talliesOfTell(command), runsMs.join(" ")];
}

/** Writes a failure and its reporter as JSON. `by` is the reporter, already as JSON. */
function reported({ fault, rule, limited }: SharedFailure, by: string): string {
  return `${JSON.stringify({ fault, rule, limited }).slice(0, -1)},"reporter":${by}}`;
}

function byHand({ kind, owner, reason }: ControlCommand): readonly string[] {
  return [kind, JSON.stringify(owner), JSON.stringify(reason)];
}

/** Writes a number with all its digits, so that Lua reads the same number. */
function digits(value: number, label: string): string {
  if (Number.isFinite(value)) return String(value);
  throw new TypeError(`${label} of a command is ${show(value)}, expected a finite number`);
}

function id(value: string): string {
  if (ID.test(value)) return value;
  const expected = "characters A-Z a-z 0-9 _ . -";
  throw new TypeError(`the name of a lease or reporter is ${show(value)}, expected ${expected}`);
}
