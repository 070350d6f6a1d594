/** What is known of one session, whoever guards its requests: two guards of it share this. */

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
  /** The lock file that its engine reads, if it reads one. */
  readonly lockFile: LockFile;
  /** What is known of its engine. */
  readonly engine = new SessionEngine();
  /** What the requests that were sent in this session may have done beside reading. */
  readonly sideEffects = new Set<SideEffect>();
  /** What was asked of the engine beside the requests, and is still on its way. */
  readonly #questions = new Set<Promise<void>>();
  /** The requests that wait to be let in. */
  readonly waiting = new Set<BoundedCall>();
  /** The error that requests of this session meet once it is lost; set by `lose` alone. */
  lost: SessionLostError | undefined;
  readonly #onLost: () => void;
  #inquiry: Promise<boolean> | undefined;
  #ended = false;

  /**
   * @param onLost Called once, when the session is found to be lost.
   * @param workdir The working folder of its CLI; our own when that is not known.
   * @param endsUnseen Whether its owner may end it without telling us, as after a caller has heard of
   * a timeout: a question of ours that is cut then says nothing of the engine.
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
   * Notes the session's loss and ends the requests that wait to be let in.
   *
   * @returns Whether it is news: a lost session is one failure of the engine, however many requests
   * were on their way, and none at all when we ended it ourselves.
   */
  lose(failure: Failure, error?: unknown): boolean {
    if (this.#ended || this.lost !== undefined) return false;
    this.lost = new SessionLostError(recordOf(failure, error));
    for (const call of this.waiting) call.abort(this.lost);
    this.#onLost();
    return true;
  }

  /**
   * Asks whether the session lives; those who want to know meanwhile get the same answer. Once it is lost
   * or was ended, that is known without asking.
   */
  async inquire(question: () => Promise<boolean>): Promise<boolean> {
    if (this.#ended || this.lost !== undefined) return false;
    this.#inquiry ??= question().finally(() => {
      this.#inquiry = undefined;
    });
    return this.#inquiry;
  }

  /** The session was ended by its owner: requests that nobody awaited fail, and nobody is to blame. */
  end(): void {
    this.#ended = true;
  }

  /** Asks the engine something beside the requests; that it fails matters to nobody. */
  ask(question: () => Promise<void>): void {
    const asked = question()
      .catch(() => {})
      .finally(() => this.#questions.delete(asked));
    this.#questions.add(asked);
  }

  /** Resolves once nothing is asked any more; questions have time limits of their own. */
  async answered(): Promise<void> {
    while (this.#questions.size > 0) await Promise.all(this.#questions);
  }
}
