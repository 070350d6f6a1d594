/** The state of one session, which all its guards share. */

import type { Failure } from "../attribution/failure.js";
import type { SideEffect } from "../attribution/query/named-upstream.js";
import { SessionLostError } from "./errors.js";
import { recordOf } from "./judgement/failure-record.js";
import { LockFile } from "./locks/lock-file.js";
import { SessionEngine } from "./locks/session-engine.js";
import type { BoundedCall } from "./request/calls.js";
import { SessionMemory } from "./request/session-memory.js";

/** The state of one session. Once lost, it stays lost. */
export class SessionState {
  readonly memory = new SessionMemory();
  /** The lock file that its engine reads. */
  readonly lockFile: LockFile;
  /** Whether its engine reads lock files. */
  readonly engine = new SessionEngine();
  /** The effects of this session's requests besides reading, such as `"publish"`. */
  readonly sideEffects = new Set<SideEffect>();
  /** Questions of the guard to the engine that are not answered yet. */
  readonly #questions = new Set<Promise<void>>();
  /** The requests that wait for admission. */
  readonly waiting = new Set<BoundedCall>();
  /** The error for further requests once the session is lost. Only `lose` sets it. */
  lost: SessionLostError | undefined;
  readonly #onLost: () => void;
  #inquiry: Promise<boolean> | undefined;
  #ended = false;

  /**
   * @param onLost Called once, when the session is found to be lost.
   * @param workdir The working folder of its CLI. Default: our own.
   * @param endsUnseen Whether the session may be ended without notice, for example after a caller's
   * timeout. A question that fails then proves nothing about the engine.
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
   * Records that the session is lost, and ends the requests that wait for admission.
   *
   * @returns Whether this loss must be counted: true only for the first report. So it is one failure of the
   * engine, however many requests were in flight, and none if we ended the session ourselves.
   */
  lose(failure: Failure, error?: unknown): boolean {
    if (this.#ended || this.lost !== undefined) return false;
    this.lost = new SessionLostError(recordOf(failure, error));
    for (const call of this.waiting) call.abort(this.lost);
    this.#onLost();
    return true;
  }

  /**
   * Asks whether the session is alive. Parallel callers share the answer. If it is lost or was ended,
   * nothing is asked.
   */
  async inquire(question: () => Promise<boolean>): Promise<boolean> {
    if (this.#ended || this.lost !== undefined) return false;
    this.#inquiry ??= question().finally(() => {
      this.#inquiry = undefined;
    });
    return this.#inquiry;
  }

  /**
   * Records that the session's owner ended it. Requests that are still running then fail, and none of that
   * counts.
   */
  end(): void {
    this.#ended = true;
  }

  /** Sends the engine a question of the guard, such as its version. A failed question is ignored. */
  ask(question: () => Promise<void>): void {
    const asked = question()
      .catch(() => {})
      .finally(() => this.#questions.delete(asked));
    this.#questions.add(asked);
  }

  /** Resolves when no question is pending. Each question has a timeout of its own. */
  async answered(): Promise<void> {
    while (this.#questions.size > 0) await Promise.all(this.#questions);
  }
}
