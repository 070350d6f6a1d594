/** Selects the fault of each call, by the rules, the number of the call, and a seeded random number. */

import { type Fault, type FaultRule, isUpstreamFault, type UpstreamFault } from "./fault-rules.js";

/** A call that may get a fault. */
export interface FaultableCall {
  readonly operation: NonNullable<FaultRule["operation"]>;
  /** The hosts that the call contacts, the main one first. */
  readonly hosts: readonly string[];
  /** The text in which `contains` is searched: a reference, a URL or a command line. */
  readonly text: string;
}

/** The decision about one call. */
export interface PlannedEnd {
  /** The delay before the call continues or fails, in milliseconds. */
  readonly latencyMs: number;
  /** The fault that the call gets, if any. */
  readonly fault: Fault | undefined;
  /** The host at fault, if the fault belongs to a host. */
  readonly host: string | undefined;
}

interface ActiveRule {
  readonly rule: FaultRule;
  calls: number;
}

/** Fault rules, with the number of calls that each has matched. */
export class FaultPlan {
  readonly #random: () => number;
  #rules: ActiveRule[] = [];

  constructor(rules: readonly FaultRule[], random: () => number) {
    this.#random = random;
    this.replace(rules);
  }

  /** Replaces all rules. */
  replace(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, calls: 0 }));
  }

  /** Adds a rule before all others. Returns a function that removes the rule. */
  add(rule: FaultRule): () => void {
    const active = { rule, calls: 0 };
    this.#rules.unshift(active);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== active);
    };
  }

  /**
   * Decides about one call. Each matching rule counts the call. Delays add up. Of the other faults, the
   * first wins.
   */
  decide(call: FaultableCall): PlannedEnd {
    let latencyMs = 0;
    let met: FaultRule | undefined;
    for (const active of this.#rules) {
      const { rule } = active;
      if (!matches(rule, call)) continue;
      active.calls += 1;
      if (!concerns(rule.calls, active.calls)) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      if (rule.kind === "latency") latencyMs += rule.latencyMs;
      else met ??= rule;
    }
    return { latencyMs, fault: met, host: met && hostAtFault(met, call) };
  }
}

/** Returns the fault of a host in a decision. Undefined if the session fails, or nothing does. */
export function upstreamFault(decision: PlannedEnd): UpstreamFault | undefined {
  const { fault } = decision;
  return fault !== undefined && isUpstreamFault(fault) ? fault : undefined;
}

function matches(rule: FaultRule, call: FaultableCall): boolean {
  // A call named `request` has not reached an operation. A rule without operation applies to operations
  // only.
  if (rule.operation === undefined) {
    if (call.operation === "request") return false;
  } else if (rule.operation !== call.operation) {
    return false;
  }
  if (rule.host !== undefined && hostAtFault(rule, call) === undefined) return false;
  return rule.contains === undefined || call.text.includes(rule.contains);
}

/** Returns the host that serves requests to a host. Docker Hub has several names and serves images under one. */
export function servingHost(host: string): string {
  return host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host;
}

function hostAtFault(rule: FaultRule, call: FaultableCall): string | undefined {
  const { host } = rule;
  if (host === undefined) return call.hosts[0];
  return call.hosts.find((asked) => asked === host || asked === servingHost(host));
}

function concerns(calls: FaultRule["calls"], number: number): boolean {
  if (calls === undefined) return true;
  if (typeof calls === "number") return number === calls;
  if ("from" in calls || "to" in calls) {
    return number >= (calls.from ?? 1) && number <= (calls.to ?? Number.POSITIVE_INFINITY);
  }
  return (calls as readonly number[]).includes(number);
}

/** Returns a random generator (mulberry32). The same seed gives the same faults. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
