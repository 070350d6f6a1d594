/** Writes a command as the arguments of the script, whose header says which is which. */

import { show } from "../../options/check.js";
import type { AdmitCommand, FleetCommand, SettleCommand } from "../rules/command.js";
import type { SharedPolicy } from "../rules/policy.js";
import type { Reporter } from "../rules/state.js";

const ID = /^[A-Za-z0-9_.-]+$/;

/** Returns a command as the script reads it: its kind and the arguments of that. */
export function scriptCommand(command: FleetCommand): readonly string[] {
  return [command.kind, ...argumentsOf(command)];
}

function argumentsOf(command: FleetCommand): readonly string[] {
  switch (command.kind) {
    case "read":
      return [];
    case "admit":
      return [...policyArguments(command), digits(command.count, "count"), id(command.lease)];
    case "settle":
      return [...policyArguments(command), ...settleArguments(command)];
    case "isolate":
      return [...byHand(command), digits(command.expiresInMs, "expiresInMs")];
    case "release":
    case "reset":
      return byHand(command);
  }
}

/** The order of a policy among the arguments, where it comes first. */
export const POLICY: readonly (keyof SharedPolicy)[] = [
  "badSeconds",
  "windowMs",
  "minimumReporters",
  "resetTimeoutMs",
  "maxOpenMs",
  "openTimeGrowthFactor",
  "openTimeJitter",
  "halfOpenMaxCalls",
  "halfOpenSuccessThreshold",
  "halfOpenProbeTimeoutMs",
];

function policyArguments({ policy, chance }: AdmitCommand | SettleCommand): readonly string[] {
  return [...POLICY.map((name) => digits(policy[name], name)), digits(chance, "chance")];
}

function settleArguments(command: SettleCommand): readonly string[] {
  const { generation, reporter, failure } = command;
  const by: Reporter = { id: reporter.id, host: reporter.host, run: reporter.run };
  const reported = failure && {
    fault: failure.fault,
    rule: failure.rule,
    limited: failure.limited,
    reporter: by,
  };
  return [
    generation === null ? "" : digits(generation, "generation"),
    digits(command.successes, "successes"),
    digits(command.failures, "failures"),
    command.leases.map(id).join(" "),
    id(reporter.id),
    JSON.stringify(by),
    JSON.stringify(reported),
    command.openNow ? "1" : "0",
    digits(command.retryAfterMs, "retryAfterMs"),
  ];
}

function byHand({ owner, reason }: { readonly owner: string; readonly reason: string | null }) {
  return [JSON.stringify(owner), JSON.stringify(reason)];
}

/** All digits of a number: what Lua reads is the same one. */
function digits(value: number, label: string): string {
  if (Number.isFinite(value)) return String(value);
  throw new TypeError(`${label} of a command is ${show(value)}, expected a finite number`);
}

function id(value: string): string {
  if (ID.test(value)) return value;
  const expected = "characters A-Z a-z 0-9 _ . -";
  throw new TypeError(`the name of a lease or reporter is ${show(value)}, expected ${expected}`);
}
