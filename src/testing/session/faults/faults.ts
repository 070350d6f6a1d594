/** The fault plan: selects the fault of each call by rules, call numbers and a seed. */

import { type Fault, type FaultRule, isUpstreamFault, type UpstreamFault } from "./fault-rules.js";

/** One call for the plan to decide. */
export interface FaultableCall {
  readonly operation: NonNullable<FaultRule["operation"]>;
  /** The hosts that it contacts, the main one first. */
  readonly hosts: readonly string[];
  /** The text for `contains`: a reference, a URL, a command line. */
  readonly text: string;
}

/** The decision about a call. */
export interface PlannedEnd {
  /** The delay before anything else. */
  readonly latencyMs: number;
  /** The fault that decides its end, if any. */
  readonly fault: Fault | undefined;
  /** The host at fault, if the fault belongs to an upstream. */
  readonly host: string | undefined;
}

interface ActiveRule {
  readonly rule: FaultRule;
  calls: number;
}

/** A list of fault rules with their counts. */
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

  /** Adds a rule in front of the others; returns a function that removes it. */
  add(rule: FaultRule): () => void {
    const active = { rule, calls: 0 };
    this.#rules.unshift(active);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== active);
    };
  }

  /**
   * Decides one call. Every matching rule counts it. Latencies add up; the first other fault wins.
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

/**
 * Returns the upstream fault of a decision; undefined if the session itself fails, or nothing does.
 */
export function upstreamFault(decision: PlannedEnd): UpstreamFault | undefined {
  const { fault } = decision;
  return fault !== undefined && isUpstreamFault(fault) ? fault : undefined;
}

function matches(rule: FaultRule, call: FaultableCall): boolean {
  // A call that has not reached its operation is a request; a rule without an operation means work.
  if (rule.operation === undefined) {
    if (call.operation === "request") return false;
  } else if (rule.operation !== call.operation) {
    return false;
  }
  if (rule.host !== undefined && hostAtFault(rule, call) === undefined) return false;
  return rule.contains === undefined || call.text.includes(rule.contains);
}

/** Docker Hub has several names; its registry answers under one. */
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

/** Returns a small seeded generator (mulberry32): the same seed gives the same faults. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
