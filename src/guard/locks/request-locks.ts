/** Which images of one request are locked: by the file of the working folder, where the engine reads it. */

import type { NamedUpstream } from "../../attribution/query/query-reading.js";
import { askUser } from "../../breaker/announce.js";
import { digestIn, type Lock, type LockFile } from "../digests/lock-file.js";
import type { LockedOutcome, LockedPulls, Locks } from "./locked-pulls.js";
import type { SessionEngine } from "./session-engine.js";

/** What the option `onLocked` is told of each image that the engine takes by the digest of a lock file. */
export interface LockedEvent {
  /** The tag that the pipeline names, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The platform asked for; empty for the engine's own. */
  readonly platform: string;
  readonly digest: string;
  /** The path of the lock file. */
  readonly path: string;
}

/** The lock file as it was when a request came; read only when the request names an image by tag. */
export class RequestLocks implements Locks {
  readonly #file: LockFile;
  readonly #engine: SessionEngine;
  readonly #pulls: LockedPulls;
  #read: { readonly lock: Lock | undefined } | undefined;

  constructor(file: LockFile, engine: SessionEngine, pulls: LockedPulls) {
    this.#file = file;
    this.#engine = engine;
    this.#pulls = pulls;
  }

  digestOf({ upstream, image }: NamedUpstream): string | undefined {
    const isTag = upstream.kind === "registry" && upstream.field !== "publish" && !upstream.pinned;
    if (!isTag || image?.noLock) return undefined;
    const lock = this.#lock();
    return lock && digestIn(lock, upstream.reference, image?.platform ?? "");
  }

  mustBeAsked(one: NamedUpstream): boolean {
    const digest = this.digestOf(one);
    return digest !== undefined && this.#pulls.mustBeAsked(one, digest);
  }

  /** The one digest that a tag of the request has; null when its platforms have several. */
  onlyDigestOf(reference: string, named: readonly NamedUpstream[]): string | undefined | null {
    const same = named.filter(({ upstream }) => upstream.reference === reference);
    const digests = new Set(same.map((one) => this.digestOf(one)));
    return digests.size === 1 ? [...digests][0] : null;
  }

  /** Learns from the request, once it is over. Of what the session has used already nothing new is learnt. */
  learn(outcome: LockedOutcome): void {
    if (this.#read === undefined && outcome.asked.size === 0) return;
    this.#pulls.learn(outcome, this);
  }

  /** Tells the user which images of the request are locked. */
  announce(
    named: readonly NamedUpstream[],
    onLocked: ((event: LockedEvent) => unknown) | undefined,
  ) {
    if (onLocked === undefined) return;
    for (const one of named) {
      const digest = this.digestOf(one);
      const path = this.#lock()?.path;
      if (digest === undefined || path === undefined) continue;
      const { reference } = one.upstream;
      const event = { reference, platform: one.image?.platform ?? "", digest, path };
      askUser(
        this.#pulls,
        "the guard",
        "onLocked",
        () => onLocked(event),
        () => undefined,
      );
    }
  }

  /** An engine before 1.0.0-beta.10 reads only the file of old, which somebody has asked it to write. */
  #lock(): Lock | undefined {
    this.#read ??= { lock: this.#file.read() };
    const { lock } = this.#read;
    return this.#engine.readsLocks === false && lock?.isLegacy === false ? undefined : lock;
  }
}
