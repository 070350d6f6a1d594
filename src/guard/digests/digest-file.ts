/** Known digests that outlive the process, in a file that many processes share. */

import { codeOf } from "../../files/error-code.js";
import { FileLockedError } from "../../files/file-lock.js";
import {
  checkText,
  type Field,
  functionField,
  readOptions,
  readRecord,
} from "../../options/check.js";
import { warnOnce } from "../../options/warn-once.js";
import { defaultDigestPath, type Environment, readDigests, updateDigests } from "./digest-disk.js";
import {
  type DigestStore,
  type KnownDigest,
  keyOf,
  MemoryDigests,
  mergeKnown,
} from "./known-digests.js";

/** What {@link DigestFile} can be told. */
export interface DigestFileOptions {
  /**
   * The file. Default: `dagger-circuit-breaker/digests.json` in `$XDG_CACHE_HOME`, else in
   * `~/.cache` (macOS: `~/Library/Caches`, Windows: `%LOCALAPPDATA%`).
   */
  readonly path?: string | undefined;
  /** Where the default is looked up. Default: `process.env`. */
  readonly env?: Environment | undefined;
  /** The wall time in milliseconds since 1970. Default: `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

const FIELDS = {
  path: {
    absent: undefined,
    read: (value, label) => checkText(value, label, 4096),
  } as Field<string | undefined>,
  env: { absent: undefined, read: readRecord } as Field<Environment | undefined>,
  wallClock: functionField<() => number>(),
};

/** Changes that come together are written together. */
const WRITE_DELAY_MS = 50;
/** For how long a write holds up the process when others are at it; it is tried again later. */
const WRITE_WAIT_MS = 30;
const RETRY_DELAY_MS = 500;
const MAX_RETRIES = 10;
/** For how long the last write of a process waits for others. */
const LAST_WAIT_MS = 1_000;
/** A digest that was merely seen again is written no more often than this. */
const RENEW_AFTER_MS = 60_000;
const MAX_PENDING = 5_000;

/** What is still to be written, for the end of the process. */
const unsaved = new Set<DigestFile>();

function saveAll(): void {
  for (const file of unsaved) file.flush();
}

/**
 * Known digests in a file that many processes share. It is read at the first question, and written
 * shortly after something has changed, at the latest when the process ends: what others have written
 * in between stays. It holds the 5,000 digests learnt last in at most 1 MiB, for nobody but its owner to read.
 *
 * A file that is damaged, too large, or another user's is taken as empty, and replaced. Where nothing
 * can be written, digests are known to this process alone, which a process warning says once (type
 * `CircuitBreakerWarning`, code `digests-not-kept`). Nothing throws; a write waits at most 30 ms for
 * other processes, the last one 1 s.
 *
 * @throws TypeError, RangeError for options that are none.
 */
export class DigestFile implements DigestStore {
  /** The file; undefined where there is no place for it. */
  readonly path: string | undefined;
  readonly #wallClock: () => number;
  #memory: MemoryDigests | undefined;
  /** What the file held when it was last read or written. */
  #kept = new Map<string, KnownDigest>();
  /** What the file does not know yet: what was learnt here, or a proof alone. */
  readonly #pending = new Map<string, { readonly known: KnownDigest; readonly learnt: boolean }>();
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #memoryAlone = false;

  constructor(options: DigestFileOptions = {}) {
    const { path, env, wallClock } = readOptions("DigestFile", options, FIELDS);
    this.path = path ?? defaultDigestPath(env ?? process.env);
    this.#wallClock = wallClock ?? Date.now;
  }

  find(reference: string, platform: string): KnownDigest | undefined {
    return this.#read().find(reference, platform);
  }

  remember(reference: string, platform: string, digest: string): void {
    this.#read().remember(reference, platform, digest);
    const known = this.find(reference, platform);
    if (known?.digest === digest) this.#note(known, true);
  }

  prove(reference: string, platform: string, digest: string): void {
    this.#read().prove(reference, platform, digest);
    const known = this.find(reference, platform);
    if (known?.digest === digest) this.#note(known, false);
  }

  /** Writes what is still to be written, now. */
  flush(): void {
    this.#write(LAST_WAIT_MS);
  }

  #read(): MemoryDigests {
    if (this.#memory !== undefined) return this.#memory;
    const { digests } =
      this.path === undefined ? { digests: [] } : readDigests(this.path, this.#wallClock());
    return this.#adopt(digests);
  }

  /** Takes what the file holds; what was seen again here in the meantime stays as young as it is. */
  #adopt(digests: readonly KnownDigest[]): MemoryDigests {
    const memory = new MemoryDigests({ wallClock: this.#wallClock });
    const oldestFirst = [...digests].sort((one, other) => one.learntAtMs - other.learntAtMs);
    for (const known of oldestFirst) {
      const mine = this.#memory?.find(known.reference, known.platform);
      memory.put(mine === undefined ? known : mergeKnown(known, mine));
    }
    this.#memory = memory;
    this.#kept = new Map(oldestFirst.map((one) => [keyOf(one.reference, one.platform), one]));
    return memory;
  }

  /** Notes what the file does not know yet. */
  #note(known: KnownDigest, learnt: boolean): void {
    const key = keyOf(known.reference, known.platform);
    const kept = this.#kept.get(key);
    const changed =
      kept === undefined ||
      kept.digest !== known.digest ||
      kept.proven !== known.proven ||
      known.learntAtMs - kept.learntAtMs >= RENEW_AFTER_MS;
    if (!changed || this.#memoryAlone) return;
    const before = this.#pending.get(key);
    if (before === undefined && this.#pending.size >= MAX_PENDING) return;
    this.#pending.set(key, { known, learnt: learnt || before?.learnt === true });
    this.#writeIn(WRITE_DELAY_MS);
  }

  #writeIn(delayMs: number): void {
    if (unsaved.size === 0) process.once("exit", saveAll);
    unsaved.add(this);
    this.#timer ??= setTimeout(() => this.#write(WRITE_WAIT_MS), delayMs).unref();
  }

  #write(maxWaitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.size === 0) return;
    try {
      if (this.path === undefined) throw Object.assign(new Error("no home"), { code: "no HOME" });
      const nowMs = this.#wallClock();
      const held = updateDigests(this.path, { maxWaitMs, nowMs }, (found) => this.#merged(found));
      this.#adopt(held);
      this.#settled();
    } catch (error) {
      if (!(error instanceof FileLockedError)) this.#giveUp(error);
      else if (++this.#retries <= MAX_RETRIES) this.#writeIn(RETRY_DELAY_MS * this.#retries);
    }
  }

  /** What the file holds, with what was learnt here; what others have forgotten is not proven back in. */
  #merged(found: readonly KnownDigest[]): readonly KnownDigest[] {
    const merged = new Map(found.map((one) => [keyOf(one.reference, one.platform), one]));
    for (const [key, { known, learnt }] of this.#pending) {
      const there = merged.get(key);
      if (learnt || there?.digest === known.digest) merged.set(key, mergeKnown(there, known));
    }
    return [...merged.values()];
  }

  #settled(): void {
    this.#pending.clear();
    this.#retries = 0;
    unsaved.delete(this);
    if (unsaved.size === 0) process.off("exit", saveAll);
  }

  #giveUp(error: unknown): void {
    this.#memoryAlone = true;
    this.#settled();
    const where =
      this.path === undefined ? "there is no place for the file" : `${this.path} cannot be written`;
    warnOnce(
      "digests-not-kept",
      `known digests are not kept, and are known to this process alone: ${where} (${codeOf(error)})`,
      where,
    );
  }
}
