/**
 * Keeps the last state that the store sent for one shared circuit. Decides calls from this state.
 */

import type { RejectionReason } from "../../../breaker/errors.js";
import type { FleetSnapshot } from "../../rules/reply.js";

/**
 * The maximum age, in milliseconds, at which the snapshot of a closed circuit is trusted. After
 * that, a process with a shorter reset timeout may have opened the circuit.
 */
const CLOSED_WITHIN_MS = 1000;

/** The rejection of a call, and the state of the circuit at that moment. */
export interface KnownRefusal {
  readonly reason: RejectionReason;
  readonly snapshot: FleetSnapshot;
}

/** The last snapshot of a circuit, with the time of its arrival. */
export class KnownCircuit {
  #snapshot: FleetSnapshot | undefined;
  #atMs = 0;
  /** The number of commands that this process had sent when the snapshot arrived. */
  #afterCommands = 0;

  /** The last snapshot as it arrived; undefined before the first one. */
  get heard(): FleetSnapshot | undefined {
    return this.#snapshot;
  }

  /** Returns the last snapshot with its durations adjusted to `nowMs`. */
  at(nowMs: number): FleetSnapshot | undefined {
    return this.#snapshot && aged(this.#snapshot, Math.max(0, nowMs - this.#atMs));
  }

  /**
   * Returns whether a call may become a probe. A circuit that was closed a moment ago cannot be
   * half-open yet.
   */
  mayProbe(nowMs: number, { minOpenMs }: { readonly minOpenMs: number }): boolean {
    const heard = this.#snapshot;
    const wasClosed = heard?.state === "closed" && heard.isolation === null;
    return !wasClosed || nowMs - this.#atMs >= Math.min(CLOSED_WITHIN_MS, minOpenMs);
  }

  /**
   * Accepts a pushed snapshot if it is newer than the known snapshot. Returns whether it was
   * accepted.
   */
  hearPush(snapshot: FleetSnapshot, nowMs: number, commandsSent: number): boolean {
    if (this.#snapshot !== undefined && snapshot.generation <= this.#snapshot.generation) {
      return false;
    }
    this.#take(snapshot, nowMs, commandsSent);
    return true;
  }

  /**
   * Accepts the snapshot in a reply to a command of this process. Returns whether it was accepted.
   * Rejects an older generation, unless the command was sent after the known snapshot arrived. In
   * that case, the store has lost its data.
   *
   * @param atMs The time when the command was sent, because the snapshot may be as old as that.
   * @param command Number of the command. Commands are numbered from 1.
   */
  hearReply(snapshot: FleetSnapshot, atMs: number, command: number, commandsSent: number): boolean {
    const known = this.#snapshot;
    const older = known !== undefined && snapshot.generation < known.generation;
    if (older && command <= this.#afterCommands) return false;
    this.#take(snapshot, atMs, commandsSent);
    return true;
  }

  /**
   * Decides a call from the known state. Returns `"admit"`, a rejection, or `"ask"` if only the
   * store can decide, for example while half-open.
   */
  decide(nowMs: number): "admit" | "ask" | KnownRefusal {
    const heard = this.#snapshot;
    if (heard === undefined) return "ask";
    if (heard.isolation === null && heard.state === "closed") return "admit";
    const agedMs = nowMs - this.#atMs;
    if (heard.isolation !== null) {
      if (heard.isolation.remainingMs <= agedMs) return "ask";
      return { reason: "isolated", snapshot: aged(heard, agedMs) };
    }
    if (heard.state === "half-open" || heard.retryAfterMs <= agedMs) return "ask";
    return { reason: "open", snapshot: aged(heard, agedMs) };
  }

  #take(snapshot: FleetSnapshot, atMs: number, commandsSent: number): void {
    this.#snapshot = snapshot;
    this.#atMs = atMs;
    this.#afterCommands = commandsSent;
  }
}

/** Returns the snapshot as it would be `passedMs` later without further events. */
function aged(snapshot: FleetSnapshot, passedMs: number): FleetSnapshot {
  // Rounds down, so that an age is never too high and a wait is never too short.
  const byMs = Math.floor(passedMs);
  const { isolation, retryAfterMs, ageMs } = snapshot;
  const remainingMs = (isolation?.remainingMs ?? 0) - byMs;
  return {
    ...snapshot,
    ageMs: ageMs + byMs,
    retryAfterMs: Math.max(0, retryAfterMs - byMs),
    isolation:
      isolation === null || remainingMs <= 0
        ? null
        : { ...isolation, ageMs: isolation.ageMs + byMs, remainingMs },
  };
}
