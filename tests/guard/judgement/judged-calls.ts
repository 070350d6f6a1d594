/**
 * Runs requests, commands and connects to their end, through the real code. The permits are fakes that only
 * record their outcomes.
 */

import type { SessionResponse } from "../../../src/attribution/failure.js";
import type { CallPermit } from "../../../src/breaker/calls/permit.js";
import type { CircuitBreaker } from "../../../src/breaker/circuit-breaker.js";
import type { CliWatch } from "../../../src/dagger/cli-watch.js";
import { Limits, runInNew } from "../../../src/dagger/session-opening.js";
import { engineFault } from "../../../src/guard/judgement/engine-fault.js";
import { settleConnect } from "../../../src/guard/judgement/settle.js";
import {
  type RequestFacts,
  RequestInFlight,
} from "../../../src/guard/request/request-in-flight.js";
import { CommandCall } from "../../../src/runner/attempt/command-call.js";
import type { Call, Facts, Outcomes, Upstream } from "./facts.js";

const ENGINE = "engine";
const RATE_LIMIT_OPEN_MS = 60_000;

/** Runs a call to its end, and returns the outcome for each breaker. */
export async function judgeCall(call: Call, facts: Facts): Promise<Outcomes> {
  const notes = new Notes(facts);
  if (call === "request") await judgeRequest(facts, notes);
  else if (call === "command") await judgeCommand(facts, notes);
  else await judgeConnect(facts, notes);
  return notes.outcomes();
}

/** Records the first outcome of each permit, by the name of its breaker. */
class Notes {
  readonly #told = new Map<string, string>();
  /** A fake guard that hands out the recording permits. */
  readonly guard: object;
  /** Number of permits that are not settled yet. */
  out = 0;

  constructor({ needs, upstreams }: Facts) {
    const listed = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
    const breaker = (name: string) =>
      ({ name, state: listed.get(name)?.state ?? "closed" }) as CircuitBreaker;
    const used = ({ name }: CircuitBreaker) => listed.get(name)?.proven === "again";
    this.guard = {
      engine: breaker(ENGINE),
      upstream: breaker,
      admitFreely: () => undefined,
      admit: async (asked: readonly CircuitBreaker[]) => asked.map(({ name }) => this.permit(name)),
      unasked: ({ name }: CircuitBreaker) => this.permit(name, { held: false }),
      machineOf: () => ({ state: { kind: "closed" }, failureCount: 0 }),
      shares: () => true,
      lockedPulls: { failedImages: { failed() {}, used } },
      settings: { rateLimitOpenMs: RATE_LIMIT_OPEN_MS, needs, registry: { find: breaker } },
    };
  }

  permit(name: string, { held = true } = {}): CallPermit {
    let settled = false;
    let isHere = false;
    if (held) this.out += 1;
    const settle = (outcome: string): void => {
      if (settled) return;
      settled = true;
      if (held) this.out -= 1;
      const before = this.#told.get(name);
      if (before === undefined || before === "released") this.#told.set(name, outcome);
    };
    const note = (words: readonly (string | false | undefined)[]): void =>
      settle([...words, isHere && "here"].filter((word) => word).join(", "));
    return {
      generation: 1,
      success: ({ durationMs = 0 } = {}) => note(["success", durationMs > 0 && `${durationMs} ms`]),
      failure: (_error, { openNow, retryAfterMs } = {}) =>
        note(["failure", openNow && "opens", retryAfterMs !== undefined && `${retryAfterMs} ms`]),
      ignore: () => note(["ignored"]),
      release: () => settle("released"),
      keepLocal: () => {
        isHere = true;
      },
    } satisfies CallPermit;
  }

  outcomes(): Outcomes {
    return Object.fromEntries(this.#told);
  }
}

async function judgeRequest(facts: Facts, notes: Notes): Promise<void> {
  const request = await RequestInFlight.admit(requestFacts(facts, notes), undefined);
  const { end, exchanges } = facts;
  const trace = exchanges && { exchanges: async () => exchanges, dropped() {}, end() {} };
  if (end.kind === "answered") {
    const answer: SessionResponse = { status: 200, body: {} };
    request.answered(end.failures, answer, { trace: trace, learnEngine: () => undefined });
  } else if (end.kind === "error") request.failed(end.failure, new Error("instead of an answer"));
  else if (end.kind === "limit") {
    if (end.engine === "silent") request.failed(engineFault("silent", "silent"), undefined);
    else request.timedOut(trace?.exchanges());
  } else if (end.kind === "left") request.ignored();
  else request.notSent();
  // Spans arrive in a later microtask, so permits that wait for spans are settled last.
  do await new Promise((resolve) => setImmediate(resolve));
  while (notes.out > 0);
}

function requestFacts({ upstreams, readsLocks }: Facts, { guard }: Notes): RequestFacts {
  const names = (is: (upstream: Upstream) => boolean): ReadonlySet<string> =>
    new Set(upstreams.filter(is).map(({ name }) => name));
  const dependencies: RequestFacts["dependencies"] = {
    all: names(() => true),
    gated: names(({ gated }) => gated),
    named: names(({ named }) => named),
    proven: names(({ proven }) => proven === "whole" || proven === "before"),
    provenBeforeCommand: names(({ proven }) => proven === "before"),
    provenByTag: names(({ proven }) => proven === "tag"),
    images: [],
    // The fake guard identifies the images of these references by their breaker.
    references: upstreams.map(({ name }) => ({ breaker: name })) as never,
  };
  const rest = {
    memory: { learn() {}, learnIds() {} },
    engine: { readsLocks, note() {} },
    locks: { learn() {} },
    read: { rootField: "container", idKeys: new Set(), usesContents: true },
  };
  return { guard, dependencies, ...rest } as unknown as RequestFacts;
}

async function judgeCommand(facts: Facts, notes: Notes): Promise<void> {
  const { end, exchanges, upstreams, engineWorked, reach, hadSessions, inferred } = facts;
  const needs = new Set(upstreams.map(({ name }) => name));
  const { signal } = new AbortController();
  const call = await CommandCall.admit(notes.guard as never, needs, signal);
  // A command with sessions gets no outcome: the requests of its sessions are judged instead.
  if (hadSessions) call.release();
  if (end.kind === "answered") {
    call.ended({
      failure: end.failures[0] ?? null,
      exchanges,
      provesEngine: engineWorked,
      wordsReach: reach,
      inferred,
    });
  } else if (end.kind === "limit" && end.engine === "silent") call.notConnected();
  else if (end.kind === "limit") call.timedOut(exchanges ?? []);
  else if (end.kind === "left") call.ignored();
  else if (end.kind === "not made") call.release();
  else throw new Error("a command has words, and no error in their place");
}

async function judgeConnect({ end }: Facts, notes: Notes): Promise<void> {
  const permit = notes.permit(ENGINE);
  if (end.kind === "not made") permit.release();
  else if (end.kind === "error")
    settleConnect(permit, { failure: end.failure, error: new Error("no session") });
  else {
    const left = new AbortController();
    const limits = new Limits(end.kind === "limit" ? 1 : undefined, left.signal);
    const watch = { run: (open: () => unknown) => open(), opened() {}, kill() {}, end() {} };
    const never = new Promise<void>(() => {});
    const opening = runInNew(
      permit,
      limits,
      (run) => (end.kind === "answered" ? run(async () => {}) : never),
      watch as unknown as CliWatch,
    );
    if (end.kind === "left") left.abort(new Error("left"));
    await opening.catch(() => undefined);
  }
}
