/**
 * Reads commands that come from the network. Checks every field before the rules of circuits use
 * it.
 */

import {
  checkNumber,
  checkText,
  type NumberRange,
  readObject,
  readRecord,
  SHARE,
  SOME_CALLS,
  SOME_MILLISECONDS,
  show,
} from "../../options/check.js";
import { checkKeyWord } from "../key-word.js";
import {
  type AdmitCommand,
  type FaultCount,
  type FleetCommand,
  type IsolateCommand,
  MAX_CALLS,
  MAX_ISOLATION_MS,
  MAX_TOLD,
  type ReadCommand,
  type ReleaseCommand,
  type ResetCommand,
  type SettleCommand,
  type TellCommand,
} from "../rules/command.js";
import { MAX_BAD_SECONDS, MAX_PROBES, MAX_REPORTERS, type SharedPolicy } from "../rules/policy.js";
import { RUN_RESULTS, type RunRecord } from "../rules/run-report.js";
import type { Reporter, SharedFailure } from "../rules/state.js";
import type { FleetKey } from "../store.js";
import type { KeyedCommand } from "./protocol.js";

type Read<T> = (value: unknown, label: string) => T;

/** A reader for each field of an object. An object with any other field is rejected. */
type Shape<T> = { readonly [K in keyof T]: Read<T[K]> };

const GENERATION: NumberRange = { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true };
/** The maximum number of entries in `faults`: 32 components, and one entry for all others. */
const MAX_FAULTS = 33;
/**
 * The maximum number of outcomes in one command. With this limit, sums over millions of commands
 * stay exact in a JavaScript number.
 */
const OUTCOMES: NumberRange = { min: 0, max: 1_000_000_000, whole: true };

const policy = object<SharedPolicy>({
  badSeconds: number({ min: 1, max: MAX_BAD_SECONDS, whole: true }),
  windowMs: number(SOME_MILLISECONDS),
  minimumReporters: number({ min: 1, max: MAX_REPORTERS, whole: true }),
  resetTimeoutMs: number(SOME_MILLISECONDS),
  maxOpenMs: number(SOME_MILLISECONDS),
  openTimeGrowthFactor: number({ min: 1, max: 100 }),
  openTimeJitter: number(SHARE),
  halfOpenMaxCalls: number({ min: 1, max: MAX_PROBES, whole: true }),
  halfOpenSuccessThreshold: number(SOME_CALLS),
  halfOpenProbeTimeoutMs: number(SOME_MILLISECONDS),
});

const reporter = object<Reporter>({
  id: pattern(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 of the characters A-Z a-z 0-9 _ -"),
  host: text(200),
  run: orNull(text(500)),
});

const failure = object<SharedFailure>({
  fault: orNull(text(100)),
  rule: text(100),
  limited: flag,
});

const key = object<FleetKey>({ scope: readScope, name: readName });

const admit = object<AdmitCommand>({
  kind: word("admit"),
  policy,
  count: number({ min: 1, max: MAX_CALLS, whole: true }),
  lease: pattern(/^[A-Za-z0-9_-]{1,80}$/, "1 to 80 of the characters A-Z a-z 0-9 _ -"),
  chance: number(SHARE),
  reporter: optional(reporter),
});

const settle = object<SettleCommand>({
  kind: word("settle"),
  policy,
  generation: orNull(number(GENERATION)),
  successes: number(OUTCOMES),
  failures: number(OUTCOMES),
  leases: list(
    10_000,
    pattern(/^[A-Za-z0-9_-]{1,80}\.[0-9]{1,7}$/, 'a lease and its index, such as "lease.0"'),
  ),
  reporter,
  failure: orNull(failure),
  faults: optional(
    list(
      MAX_FAULTS,
      object<FaultCount>({ fault: orNull(text(100)), limited: flag, count: number(OUTCOMES) }),
    ),
  ),
  openNow: flag,
  retryAfterMs: number({ min: 0, max: Number.MAX_VALUE }),
  chance: number(SHARE),
});

const duration = number({ min: 0, max: 1e12, of: "milliseconds" });

const tell = object<TellCommand>({
  kind: word("tell"),
  rejections: number(OUTCOMES),
  runs: list(
    MAX_TOLD,
    object<RunRecord>({
      result: oneOf(RUN_RESULTS),
      fault: orNull(text(100)),
      durationMs: duration,
      waitedMs: duration,
      avoidedMs: duration,
    }),
  ),
  failedRunsMs: list(MAX_TOLD, duration),
});

const isolate = object<IsolateCommand>({
  kind: word("isolate"),
  reason: text(1000),
  owner: text(200),
  expiresInMs: number({ min: 0, above: true, max: MAX_ISOLATION_MS, of: "milliseconds" }),
});

const release = object<ReleaseCommand>({
  kind: word("release"),
  reason: orNull(text(1000)),
  owner: text(200),
});

const reset = object<ResetCommand>({
  kind: word("reset"),
  reason: orNull(text(1000)),
  owner: text(200),
});

const COMMANDS: ReadonlyMap<unknown, Read<FleetCommand>> = new Map<unknown, Read<FleetCommand>>([
  ["admit", admit],
  ["settle", settle],
  ["tell", tell],
  ["read", object<ReadCommand>({ kind: word("read"), report: optional(flag) })],
  ["isolate", isolate],
  ["release", release],
  ["reset", reset],
]);

/**
 * Reads one command, and the key of its circuit.
 *
 * @throws TypeError or RangeError for an invalid field. The message contains the field, its value
 * and the expected value.
 */
export function readCommand(value: unknown): KeyedCommand {
  return object<KeyedCommand>({ key, command: commandOf })(value, "the entry");
}

export function readScope(value: unknown, label = "scope"): string {
  return checkKeyWord(value, label);
}

export function readName(value: unknown, label = "name"): string {
  return text(200)(value, label);
}

function commandOf(value: unknown, label: string): FleetCommand {
  const { kind } = readRecord(value, label);
  const read = COMMANDS.get(kind);
  if (read !== undefined) return read(value, label);
  throw new RangeError(
    `${label}.kind is ${show(kind)}, expected ${[...COMMANDS.keys()].join(", ")}`,
  );
}

function object<T extends object>(shape: Shape<T>): Read<T> {
  const names = Object.keys(shape);
  return (value, label) => {
    const found = readObject(label, readRecord(value, label), names);
    const entries = Object.entries<Read<unknown>>(shape).map(([name, read]) => {
      return [name, read(found[name], `${label}.${name}`)];
    });
    return Object.fromEntries(entries);
  };
}

function number(range: NumberRange): Read<number> {
  return (value, label) => checkNumber(value, label, range);
}

function text(maxLength: number): Read<string> {
  return (value, label) => checkText(value, label, maxLength);
}

function pattern(allowed: RegExp, expected: string): Read<string> {
  return (value, label) => {
    if (typeof value === "string" && allowed.test(value)) return value;
    throw new RangeError(`${label} is ${show(value)}, expected ${expected}`);
  };
}

function flag(value: unknown, label: string): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`${label} is ${show(value)}, expected true or false`);
}

function word<const W extends string>(expected: W): Read<W> {
  return (value, label) => {
    if (value === expected) return expected;
    throw new RangeError(`${label} is ${show(value)}, expected ${show(expected)}`);
  };
}

function orNull<T>(read: Read<T>): Read<T | null> {
  return (value, label) => (value === null ? null : read(value, label));
}

function oneOf<const W extends string>(words: readonly W[]): Read<W> {
  return (value, label) => {
    const found = words.find((one) => one === value);
    if (found !== undefined) return found;
    throw new RangeError(`${label} is ${show(value)}, expected one of ${words.join(", ")}`);
  };
}

/** Reads a field that may be missing, because clients of older versions do not send it. */
function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, label) => (value === undefined ? undefined : read(value, label));
}

function list<T>(maxLength: number, read: Read<T>): Read<readonly T[]> {
  return (value, label) => {
    if (!Array.isArray(value) || value.length > maxLength) {
      throw new RangeError(
        `${label} is ${show(value)}, expected a list of at most ${maxLength} entries`,
      );
    }
    return value.map((item, index) => read(item, `${label}[${index}]`));
  };
}
