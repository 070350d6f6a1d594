/**
 * The last state of one shared circuit that the store sent, and what it decides about a call now.
 */

import type { RejectionReason } from "../../../breaker/errors.js";
import type { FleetSnapshot } from "../../rules/reply.js";

/**
 * A state older than this is not relied on, because a process with a shorter reset timeout may have
 * opened the circuit.
 */
const CLOSED_WITHIN_MS = 1000;

/** A call that is rejected, and the state of the circuit at that moment. */
export interface KnownRefusal {
  readonly reason: RejectionReason;
  readonly snapshot: FleetSnapshot;
}

/** The last snapshot of a circuit. */
export class KnownCircuit {
  #snapshot: FleetSnapshot | undefined;
  #atMs = 0;
  /** How many commands this process had sent when the snapshot arrived. */
  #afterCommands = 0;

  /** The last snapshot as it arrived; undefined before the first. */
  get heard(): FleetSnapshot | undefined {
    return this.#snapshot;
  }

  /** Returns the snapshot with its ages and waits adjusted to `nowMs`. */
  at(nowMs: number): FleetSnapshot | undefined {
    return this.#snapshot && aged(this.#snapshot, Math.max(0, nowMs - this.#atMs));
  }

  /** Returns whether a call may become a probe. A circuit that closed just now cannot be half-open yet. */
  mayProbe(nowMs: number, { minOpenMs }: { readonly minOpenMs: number }): boolean {
    const heard = this.#snapshot;
    const wasClosed = heard?.state === "closed" && heard.isolation === null;
    return !wasClosed || nowMs - this.#atMs >= Math.min(CLOSED_WITHIN_MS, minOpenMs);
  }

  /** Accepts a push, unless it is not newer than the known snapshot. */
  hearPush(snapshot: FleetSnapshot, nowMs: number, commandsSent: number): boolean {
    if (this.#snapshot !== undefined && snapshot.generation <= this.#snapshot.generation) {
      return false;
    }
    this.#take(snapshot, nowMs, commandsSent);
    return true;
  }

  /**
   * Accepts the reply to one of our own commands. An older generation counts only if the command
   * was sent after the newer one arrived: then the store has lost its data.
   *
   * @param atMs The time when the command was sent; the reply may be as old as that.
   * @param command Number of the command, starting at 1.
   */
  hearReply(snapshot: FleetSnapshot, atMs: number, command: number, commandsSent: number): boolean {
    const known = this.#snapshot;
    const older = known !== undefined && snapshot.generation < known.generation;
    if (older && command <= this.#afterCommands) return false;
    this.#take(snapshot, atMs, commandsSent);
    return true;
  }

  /**
   * Decides a call from the known state: `"admit"`, a rejection, or `"ask"` if only the store can
   * decide, for example while probing.
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

/** Returns the snapshot as it is `passedMs` later if nothing else happened. */
function aged(snapshot: FleetSnapshot, passedMs: number): FleetSnapshot {
  // Rounded down, so that an age is never too high and a wait never too short.
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
