/**
 * Applies commands to the states of shared circuits. Every store runs this code, or an equivalent
 * in another language. The code reads no clock and draws no random numbers, so all stores get the
 * same result.
 */

import type { RejectionReason } from "../../breaker/errors.js";
import { count, isDue } from "./closed.js";
import type {
  AdmitCommand,
  ControlCommand,
  FleetCommand,
  ReadCommand,
  SettleCommand,
  TellCommand,
} from "./command.js";
import { giveBack, lease } from "./half-open.js";
import { open } from "./opening.js";
import { policyText } from "./policy.js";
import { addFailedRuns, addHolder } from "./record.js";
import type { FleetReply } from "./reply.js";
import { factsOf, reportOf } from "./report.js";
import { snapshotOf, UNKNOWN_SNAPSHOT } from "./snapshot.js";
import type { ClosedPhase, FleetState, HalfOpenPhase, Reporter } from "./state.js";
import { talliesOfSettle, talliesOfTell } from "./tally.js";
import { Turn } from "./turn.js";

/** The result of a command: the new state and the reply. */
export interface Reduction {
  /** The state to store. If nothing needs writing, this is the stored object itself. */
  readonly state: FleetState | undefined;
  readonly reply: FleetReply;
}

/**
 * Applies a command to the state of one circuit.
 *
 * @param stored The stored state of this circuit; undefined if the store does not know it.
 * @param nowMicros The store's clock, in whole microseconds since 1970.
 */
export function reduce(
  stored: FleetState | undefined,
  command: FleetCommand,
  nowMicros: number,
): Reduction {
  if (command.kind === "read") return read(stored, command, nowMicros);
  const turn = new Turn(stored, nowMicros);
  turn.endIsolation();
  const result = apply(turn, command);
  turn.endSecond();
  return {
    state: turn.state,
    reply: { ...NOTHING, ...result, changes: turn.changes, snapshot: snapshotOf(turn) },
  };
}

type Result = Partial<Pick<FleetReply, "admitted" | "refusal" | "counted" | "late">>;

const NOTHING = { admitted: 0, refusal: null, counted: 0, late: 0 } as const;

function read(stored: FleetState | undefined, command: ReadCommand, nowMicros: number): Reduction {
  const none = { ...NOTHING, changes: [] };
  if (stored === undefined)
    return { state: stored, reply: { ...none, snapshot: UNKNOWN_SNAPSHOT } };
  const turn = new Turn(stored, nowMicros);
  const reply = { ...none, snapshot: snapshotOf(turn) };
  if (!command.report) return { state: stored, reply };
  return { state: stored, reply: { ...reply, report: reportOf(factsOf(turn)) } };
}

function apply(turn: Turn, command: Exclude<FleetCommand, ReadCommand>): Result {
  if (command.kind === "admit") return admit(turn, command);
  if (command.kind === "settle") return settle(turn, command);
  if (command.kind === "tell") return tell(turn, command);
  control(turn, command);
  return NOTHING;
}

function admit(turn: Turn, command: AdmitCommand): Result {
  const { nowMs } = turn;
  if (turn.state.isolation !== null) return refused(0, "isolated");
  let { phase } = turn.state;
  if (phase.kind === "closed") {
    if (!isDue(phase, nowMs, command.policy)) return { admitted: command.count };
    open(turn, "tripped", command, phase.quietUntilMs, null);
    return refused(0, "open");
  }
  if (phase.kind === "open") {
    if (phase.untilMs > nowMs) return refused(0, "open");
    phase = { kind: "half-open", sinceMs: nowMs, leases: [], successes: 0 };
    turn.change("open-time-over", { phase });
  }
  const { phase: leased, given } = lease(phase, nowMs, command);
  if (given > 0) turn.update({ phase: leased });
  if (given > 0 && command.reporter !== undefined) hold(turn, leased, command, command.reporter);
  return given === command.count ? { admitted: given } : refused(given, "probing");
}

/** Records which process holds the probe leases that this command got. */
function hold(
  turn: Turn,
  { leases }: HalfOpenPhase,
  { lease }: AdmitCommand,
  { host, run }: Reporter,
): void {
  const by = JSON.stringify({ host, run });
  for (const { endMs } of leases.slice(-1)) {
    const { holders } = turn.counted;
    turn.record({ holders: addHolder(holders, turn.nowMs, { lease, endMs, by }) });
  }
}

function tell(turn: Turn, command: TellCommand): Result {
  turn.tally(talliesOfTell(command));
  const failedRunsMs = command.failedRunsMs.map(Math.round);
  if (failedRunsMs.length === 0) return NOTHING;
  turn.record({ failedRunsMs: addFailedRuns(turn.counted.failedRunsMs, failedRunsMs) });
  return NOTHING;
}

function refused(admitted: number, refusal: RejectionReason): Result {
  return { admitted, refusal };
}

function settle(turn: Turn, command: SettleCommand): Result {
  const { generation, leases, successes, failures } = command;
  const { counts, isolation } = turn.state;
  let { phase } = turn.state;
  if (phase.kind === "half-open" && leases.length > 0) {
    phase = giveBack(phase, turn.nowMs, leases);
    turn.update({ phase });
  }
  const settled = successes + failures;
  if (settled === 0) return NOTHING;
  // A call without a permit has no generation. Its outcome counts only while the circuit is
  // closed.
  const unasked = generation === null && phase.kind === "closed";
  const own = generation === turn.state.generation || unasked;
  if (phase.kind === "open" || isolation !== null || !own) {
    turn.update({ counts: { ...counts, late: counts.late + settled } });
    return { late: settled };
  }
  turn.update({
    counts: {
      ...counts,
      successes: counts.successes + successes,
      failures: counts.failures + failures,
    },
  });
  turn.record({ policy: policyText(command.policy) });
  if (failures > 0) turn.tally(talliesOfSettle(command));
  judge(turn, phase, command);
  return { counted: settled };
}

/**
 * Applies the outcomes of the current generation. Opens or closes the circuit if these outcomes
 * require it.
 */
function judge(turn: Turn, phase: ClosedPhase | HalfOpenPhase, command: SettleCommand): void {
  const { nowMs } = turn;
  const { successes, failures, failure, reporter, policy, retryAfterMs } = command;
  if (failure !== null) turn.update({ failure: { ...failure, reporter } });
  if (phase.kind === "closed") {
    const counted = count(phase, nowMs, command);
    turn.update({ phase: counted });
    const opensNow = command.openNow && failures > 0;
    if (!opensNow && !isDue(counted, nowMs, policy)) return;
    const reason = opensNow ? "opened-at-once" : "tripped";
    open(turn, reason, command, counted.quietUntilMs, failures > 0 ? reporter : null);
  } else if (failures > 0) {
    open(turn, "probe-failed", command, nowMs + Math.ceil(retryAfterMs), reporter);
  } else {
    const proven = phase.successes + successes;
    if (proven >= policy.halfOpenSuccessThreshold) {
      turn.close("probe-succeeded", {}, { by: reporter });
    } else turn.update({ phase: { ...phase, successes: proven } });
  }
}

function control(turn: Turn, command: ControlCommand): void {
  const { owner, reason: note } = command;
  if (command.kind === "isolate") {
    const { reason, expiresInMs } = command;
    const forMs = Math.ceil(expiresInMs);
    const isolation = { reason, owner, sinceMs: turn.nowMs, untilMs: turn.nowMs + forMs };
    turn.close("isolate", { isolation, openings: 0 }, { owner, note, forMs });
  } else if (command.kind === "release") {
    turn.close("release", { isolation: null, openings: 0 }, { owner, note });
  } else {
    turn.close("reset", { openings: 0 }, { owner, note });
  }
}
