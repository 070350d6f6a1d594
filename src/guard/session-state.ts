/** The facts about one session, which all its guards share. */

import type { Failure } from "../attribution/failure.js";
import type { SideEffect } from "../attribution/query/named-upstream.js";
import { SessionLostError } from "./errors.js";
import { recordOf } from "./judgement/failure-record.js";
import { LockFile } from "./locks/lock-file.js";
import { SessionEngine } from "./locks/session-engine.js";
import type { BoundedCall } from "./request/calls.js";
import { SessionMemory } from "./request/session-memory.js";

/** A session that is lost once stays lost. */
export class SessionState {
  readonly memory = new SessionMemory();
  /** The lock file for its engine. */
  readonly lockFile: LockFile;
  /** The facts about its engine. */
  readonly engine = new SessionEngine();
  /** The possible effects of this session's requests, besides reading. */
  readonly sideEffects = new Set<SideEffect>();
  /** Pending questions to the engine besides the requests. */
  readonly #questions = new Set<Promise<void>>();
  /** The requests that wait for admission. */
  readonly waiting = new Set<BoundedCall>();
  /** The error that requests of this session meet once it is lost; set by `lose` alone. */
  lost: SessionLostError | undefined;
  readonly #onLost: () => void;
  #inquiry: Promise<boolean> | undefined;
  #ended = false;

  /**
   * @param onLost Called once, when the session is found to be lost.
   * @param workdir The working folder of its CLI; our own if unknown.
   * @param endsUnseen Whether its owner may end it without notice, for example after a caller's
   * timeout: a cut question of ours then proves nothing about the engine.
   */
  constructor(
    onLost: () => void = () => undefined,
    workdir?: string,
    readonly endsUnseen = false,
  ) {
    this.#onLost = onLost;
    this.lockFile = new LockFile(workdir ?? ".");
  }

  /**
   * Records the session's loss and ends the requests that wait for admission.
   *
   * @returns Whether this is new. A lost session is one failure of the engine, however many
   * requests were in flight, and none if we ended it ourselves.
   */
  lose(failure: Failure, error?: unknown): boolean {
    if (this.#ended || this.lost !== undefined) return false;
    this.lost = new SessionLostError(recordOf(failure, error));
    for (const call of this.waiting) call.abort(this.lost);
    this.#onLost();
    return true;
  }

  /**
   * Asks whether the session is alive; parallel callers share the answer. Once it is lost or was
   * ended, no question is needed.
   */
  async inquire(question: () => Promise<boolean>): Promise<boolean> {
    if (this.#ended || this.lost !== undefined) return false;
    this.#inquiry ??= question().finally(() => {
      this.#inquiry = undefined;
    });
    return this.#inquiry;
  }

  /**
   * Records that its owner ended the session: requests that no caller awaited fail, and none of
   * their failures counts.
   */
  end(): void {
    this.#ended = true;
  }

  /** Asks the engine a question besides the requests; its failure does not matter. */
  ask(question: () => Promise<void>): void {
    const asked = question()
      .catch(() => {})
      .finally(() => this.#questions.delete(asked));
    this.#questions.add(asked);
  }

  /** Resolves once no question is pending; questions have timeouts of their own. */
  async answered(): Promise<void> {
    while (this.#questions.size > 0) await Promise.all(this.#questions);
  }
}
