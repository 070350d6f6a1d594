/** The fault plan: which call meets which fault, decided by rules, call numbers and a seed. */

import { type Fault, type FaultRule, isUpstreamFault, type UpstreamFault } from "./fault-rules.js";

/** One call that the plan is asked about. */
export interface Call {
  readonly operation: NonNullable<FaultRule["operation"]>;
  /** The hosts it talks to, the main one first. */
  readonly hosts: readonly string[];
  /** What `contains` looks at: a reference, a URL, a command line. */
  readonly text: string;
}

/** What a call meets. */
export interface Verdict {
  /** How long it waits before anything else. */
  readonly latencyMs: number;
  /** The fault that decides its end, if any. */
  readonly fault: Fault | undefined;
  /** The host at fault, where the fault is one of an upstream. */
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

  /** Takes these rules in place of all there were. */
  replace(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, calls: 0 }));
  }

  /** Adds a rule in front of the others; returns how to take it off. */
  add(rule: FaultRule): () => void {
    const active = { rule, calls: 0 };
    this.#rules.unshift(active);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== active);
    };
  }

  /**
   * Decides about one call. Every rule that matches counts it. Latencies add up; the first other
   * fault wins.
   */
  decide(call: Call): Verdict {
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

/** The fault of an upstream in a verdict; undefined when the session itself is to fail, or nothing. */
export function upstreamFault(verdict: Verdict): UpstreamFault | undefined {
  const { fault } = verdict;
  return fault !== undefined && isUpstreamFault(fault) ? fault : undefined;
}

function matches(rule: FaultRule, call: Call): boolean {
  // What has not reached its operation yet is a request; a rule without an operation means work.
  if (rule.operation === undefined) {
    if (call.operation === "request") return false;
  } else if (rule.operation !== call.operation) {
    return false;
  }
  if (rule.host !== undefined && hostAtFault(rule, call) === undefined) return false;
  return rule.contains === undefined || call.text.includes(rule.contains);
}

/** Docker Hub goes by several names; its registry answers to one. */
export function servingHost(host: string): string {
  return host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host;
}

function hostAtFault(rule: FaultRule, call: Call): string | undefined {
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

/** A small seeded generator (mulberry32): the same seed gives the same faults. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
