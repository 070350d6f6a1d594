/** The rules that make a double fail, and their validation. */

import {
  checkNumber,
  checkText,
  checkWord,
  MILLISECONDS,
  readObject,
  SHARE,
  show,
} from "../../../options/check.js";

/** A fault of the session, of its connection, or of the engine behind it. */
export type SessionFault =
  /** Delays a call before it continues. The delays of several rules add up. */
  | { readonly kind: "latency"; readonly latencyMs: number }
  /** Never answers. It lasts until the client gives up or the double stops. */
  | { readonly kind: "hang" }
  /** Resets the connection of the session before the first byte of the answer. */
  | { readonly kind: "reset" }
  /** Resets the connection of the session within the body of the answer. */
  | { readonly kind: "resetBody" }
  /** Like `kill()` of the session double. */
  | { readonly kind: "engineKilled" }
  /** Like `end()` of the session double. */
  | { readonly kind: "engineEnded" }
  /** Like `restart()` of the session double. */
  | { readonly kind: "engineRestarted" }
  /** Like `dropCli()` of the session double. */
  | { readonly kind: "cliGone" }
  /** Fails the operation with your message, at its place in the query. */
  | { readonly kind: "message"; readonly message: string };

/** A fault of a registry, a git host or an HTTP host, reported in the engine's words. */
export type UpstreamFault =
  /**
   * The host answers with this status. `at` selects the request: for the thing itself, for a layer of an
   * image, or for a token at the registry's token server. Default: the thing itself, which is an image's
   * manifest, a URL or a git remote's refs. `body` is the text behind the status where engines print one:
   * for layers, and for git's 403 and 404.
   */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly at?: "resource" | "layer" | "token";
      readonly body?: string;
    }
  /** The host closes the connection before it answers. */
  | { readonly kind: "eof" }
  /** The host closes the connection within the body (a layer, a file, a git pack). */
  | { readonly kind: "cutBody" }
  /** The host's name does not resolve. */
  | { readonly kind: "dnsFailure" }
  /** The host refuses the connection. */
  | { readonly kind: "refused" }
  /** The connection to the host times out. */
  | { readonly kind: "timeout" };

/** One fault. */
export type Fault = SessionFault | UpstreamFault;

/**
 * The operation that a fault applies to. `request` means any HTTP request to the session; all others are
 * steps of the engine's work.
 */
export type FaultOperation =
  | "request"
  | "from"
  | "withExec"
  | "http"
  | "git"
  | "host"
  | "publish"
  | "export";

/**
 * A fault with the conditions of the calls that it applies to. All conditions that are set must hold.
 * Without conditions, it applies to every step of every operation. A cached result is not a call.
 *
 * @example
 * ```ts
 * import type { FaultRule } from "dagger-circuit-breaker/testing";
 *
 * // The first two pulls from Docker Hub meet a rate limit; one download in ten is slow.
 * const faults: FaultRule[] = [
 *   { host: "docker.io", calls: { to: 2 }, kind: "status", status: 429 },
 *   { operation: "http", probability: 0.1, kind: "latency", latencyMs: 2_000 },
 *   { operation: "withExec", contains: "deploy", kind: "engineKilled" },
 * ];
 * ```
 */
export type FaultRule = Fault & {
  /**
   * The contacted host: `registry-1.docker.io` (or `docker.io`), `auth.docker.io`, `github.com`. If the
   * address contains a port, add it; for `http` and `git`, the host alone matches, too.
   */
  readonly host?: string;
  readonly operation?: FaultOperation;
  /** A text that occurs in the image reference, URL, path or command line. */
  readonly contains?: string;
  /** Which of the matching calls fail, by number from 1: one, a list, or a range with both ends included. */
  readonly calls?: number | readonly number[] | { readonly from?: number; readonly to?: number };
  /** The share of these calls that fail, from 0 to 1. Default: all. */
  readonly probability?: number;
};

const OPERATIONS: readonly FaultOperation[] = [
  "request",
  "from",
  "withExec",
  "http",
  "git",
  "host",
  "publish",
  "export",
];

const UPSTREAM_OPERATIONS: readonly FaultOperation[] = ["from", "http", "git", "publish"];

/** The checks of a rule's values by their names. A check throws for a wrong value. */
type Checks = Readonly<Record<string, (value: unknown, label: string) => void>>;

/** The values that a rule has for each kind of fault, besides its conditions. */
const SESSION_FAULTS: Readonly<Record<SessionFault["kind"], Checks>> = {
  latency: { latencyMs: (value, label) => checkNumber(value, label, MILLISECONDS) },
  hang: {},
  reset: {},
  resetBody: {},
  engineKilled: {},
  engineEnded: {},
  engineRestarted: {},
  cliGone: {},
  message: { message: (value, label) => checkText(value, label, 100_000) },
};
const UPSTREAM_FAULTS: Readonly<Record<UpstreamFault["kind"], Checks>> = {
  status: {
    status: (value, label) => checkNumber(value, label, { min: 400, max: 599, whole: true }),
    at: optional((value, label) => checkWord(value, label, ["resource", "layer", "token"])),
    body: optional((value, label) => checkText(value, label, 100_000)),
  },
  eof: {},
  cutBody: {},
  dnsFailure: {},
  refused: {},
  timeout: {},
};
const FAULTS: Readonly<Record<string, Checks>> = { ...SESSION_FAULTS, ...UPSTREAM_FAULTS };

const CONDITIONS: Checks = {
  host: optional((value, label) => checkText(value, label, 2_000)),
  contains: optional((value, label) => checkText(value, label, 2_000)),
  operation: optional((value, label) => checkWord(value, label, OPERATIONS)),
  probability: optional((value, label) => checkNumber(value, label, SHARE)),
  calls: optional(checkCalls),
};

function optional(check: Checks[string]): Checks[string] {
  return (value, label) => {
    if (value !== undefined) check(value, label);
  };
}

export function isUpstreamFault(fault: Fault): fault is UpstreamFault {
  return Object.hasOwn(UPSTREAM_FAULTS, fault.kind);
}

/** Validates a list of rules. Throws a TypeError or RangeError that names what is wrong. */
export function checkFaults(faults: unknown, owner: string): FaultRule[] {
  if (!Array.isArray(faults)) {
    throw new TypeError(`${owner} option "faults" is ${show(faults)}, expected a list of rules`);
  }
  return faults.map((rule, index) => checkFault(rule, `${owner} fault ${index + 1}`));
}

/** Validates one rule. Throws a TypeError or RangeError that names what is wrong. */
export function checkFault(rule: unknown, owner: string): FaultRule {
  const kind = (rule as { kind?: unknown } | undefined)?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(FAULTS, kind)) {
    throw new RangeError(
      `${owner} option "kind" is ${show(kind)}, expected ${Object.keys(FAULTS).join(", ")}`,
    );
  }
  const checks: Checks = { ...CONDITIONS, ...FAULTS[kind] };
  const given = readObject(owner, rule, ["kind", ...Object.keys(checks)]);
  for (const [name, check] of Object.entries(checks)) {
    check(given[name], `${owner} option "${name}"`);
  }
  const checked = given as unknown as FaultRule;
  checkReach(checked, owner);
  return checked;
}

/** Throws for a rule that can never apply, because the user must have meant something else. */
function checkReach(rule: FaultRule, owner: string): void {
  const { kind, operation, host } = rule;
  const asksHosts = operation !== undefined && UPSTREAM_OPERATIONS.includes(operation);
  const expected = `expected one of ${UPSTREAM_OPERATIONS.join(", ")}`;
  if (isUpstreamFault(rule) && !asksHosts && (operation !== undefined || host === undefined)) {
    throw new RangeError(
      `${owner} of kind "${kind}" has operation ${show(operation)}, expected a host, or one of ${UPSTREAM_OPERATIONS.join(", ")}`,
    );
  }
  if (host !== undefined && operation !== undefined && !asksHosts) {
    throw new RangeError(
      `${owner} has a host and operation ${show(operation)}, which asks none, ${expected}`,
    );
  }
  if (operation === "request" && rule.contains !== undefined) {
    throw new RangeError(`${owner} has "contains" and operation "request", which has no text`);
  }
  const at = rule.kind === "status" ? rule.at : undefined;
  if (at !== undefined && at !== "resource" && operation !== undefined && operation !== "from") {
    throw new RangeError(
      `${owner} option "at" is ${show(at)} and operation ${show(operation)}, expected "from": only images have layers and tokens`,
    );
  }
}

const CALL_NUMBER = { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true };

function checkCalls(calls: unknown, label: string): void {
  if (Array.isArray(calls)) {
    for (const number of calls) checkNumber(number, label, CALL_NUMBER);
  } else if (typeof calls === "object" && calls !== null) {
    const range = readObject(label, calls, ["from", "to"]);
    for (const [end, number] of Object.entries(range)) {
      if (number !== undefined) checkNumber(number, `${label} "${end}"`, CALL_NUMBER);
    }
    const { from = 1, to = from } = range as { from?: number; to?: number };
    if (to < from) throw new RangeError(`${label} ends at ${to}, before its start at ${from}`);
  } else {
    checkNumber(calls, label, CALL_NUMBER);
  }
}
