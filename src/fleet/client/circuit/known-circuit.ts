/** What this process knows of one shared circuit, and how old that is by its own clock. */

import type { RejectionReason } from "../../../breaker/errors.js";
import type { FleetSnapshot } from "../../rules/reply.js";

/** A call that may not go, and how the circuit stands at that moment. */
export interface KnownRefusal {
  readonly reason: RejectionReason;
  readonly snapshot: FleetSnapshot;
}

/** The last that was heard of a circuit. */
export class KnownCircuit {
  #snapshot: FleetSnapshot | undefined;
  #atMs = 0;
  /** How many commands had been sent when this was heard. */
  #afterCommands = 0;

  /** As it was heard; undefined as long as nothing was. */
  get heard(): FleetSnapshot | undefined {
    return this.#snapshot;
  }

  /** How it stands now, as far as is known. */
  at(nowMs: number): FleetSnapshot | undefined {
    return this.#snapshot && aged(this.#snapshot, Math.max(0, nowMs - this.#atMs));
  }

  /** Takes in a push. Those that are not newer than what is known come too late. */
  hearPush(snapshot: FleetSnapshot, nowMs: number, commandsSent: number): boolean {
    if (this.#snapshot !== undefined && snapshot.generation <= this.#snapshot.generation) {
      return false;
    }
    this.#take(snapshot, nowMs, commandsSent);
    return true;
  }

  /**
   * Takes in the answer to a command of one's own. An older generation is believed only if the
   * command was sent after the newer one was heard of: then the store has lost what it knew.
   *
   * @param atMs When the command was sent: what it tells may be as old as that.
   * @param command The number of the command, counted from 1.
   */
  hearReply(snapshot: FleetSnapshot, atMs: number, command: number, commandsSent: number): boolean {
    const known = this.#snapshot;
    const older = known !== undefined && snapshot.generation < known.generation;
    if (older && command <= this.#afterCommands) return false;
    this.#take(snapshot, atMs, commandsSent);
    return true;
  }

  /**
   * What a call would be told by what is known: `"admit"`, a refusal, or `"ask"` where only the store
   * can tell, as of a circuit that probes.
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

/** The same circuit a while later, if nothing has happened to it. */
function aged(snapshot: FleetSnapshot, byMs: number): FleetSnapshot {
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
