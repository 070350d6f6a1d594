/** A store of known digests in a file that many processes share. */

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

/** The options of {@link DigestFile}. */
export interface DigestFileOptions {
  /**
   * The path of the file. Default: `dagger-circuit-breaker/digests.json` in `$XDG_CACHE_HOME`. Without that
   * variable, the default folder is `~/.cache` (macOS: `~/Library/Caches`, Windows: `%LOCALAPPDATA%`).
   */
  readonly path?: string | undefined;
  /** The environment variables that determine the default path. Default: `process.env`. */
  readonly env?: Environment | undefined;
  /** Returns the wall time in milliseconds since 1970. Default: `Date.now`. */
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

/**
 * The time in milliseconds between a change and its write. Changes within this time are written together.
 */
const WRITE_DELAY_MS = 50;
/**
 * The longest time in milliseconds that a write may block this process while other processes hold the lock.
 * After that, the write is tried again later.
 */
const WRITE_WAIT_MS = 30;
const RETRY_DELAY_MS = 500;
const MAX_RETRIES = 10;
/**
 * The longest wait for the lock at the end of the process, in milliseconds. At that point, a write cannot
 * be tried again.
 */
const LAST_WAIT_MS = 1_000;
/** The shortest time in milliseconds before a known digest is written again only to renew its time. */
const RENEW_AFTER_MS = 60_000;
const MAX_PENDING = 5_000;

/** The files with changes that are not written yet. They are written when the process ends. */
const unsaved = new Set<DigestFile>();

function saveAll(): void {
  for (const file of unsaved) file.flush();
}

/**
 * Known digests in a file that many processes share. The file is read at the first use. It is written
 * shortly after a change, at the latest when the process ends. Changes by other processes in the meantime
 * are kept. The file contains at most 1 MiB, and the 5,000 digests that were learned last. Only its owner
 * can read it.
 *
 * A file that is damaged, too large or owned by another user counts as empty and is replaced. If the file
 * cannot be written, only this process knows the digests, and there is one warning (type
 * `CircuitBreakerWarning`, code `digests-not-kept`). No method throws. A write waits at most 30 ms for
 * other processes, and the write at the end of the process at most 1 s.
 *
 * @throws TypeError or RangeError for invalid options.
 */
export class DigestFile implements DigestStore {
  /** The path of the file, or undefined if there is no folder for it. */
  readonly path: string | undefined;
  readonly #wallClock: () => number;
  #memory: MemoryDigests | undefined;
  /** The content of the file when this process last read or wrote it. */
  #kept = new Map<string, KnownDigest>();
  /** The changes that are not in the file yet. `learnt` is false if only `proven` has changed. */
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

  /** Writes pending changes to the file now. Waits at most 1 s for other processes. */
  flush(): void {
    this.#write(LAST_WAIT_MS);
  }

  #read(): MemoryDigests {
    if (this.#memory !== undefined) return this.#memory;
    const { digests } =
      this.path === undefined ? { digests: [] } : readDigests(this.path, this.#wallClock());
    return this.#adopt(digests);
  }

  /**
   * Replaces the digests in memory with the content of the file. If this process has seen a digest later
   * than the file shows, keeps the later time.
   */
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

  /**
   * Records a change to write to the file, unless the file already contains it. A time that is only
   * slightly newer is not a change.
   */
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

  /**
   * Returns the content of the file together with the changes of this process. If other processes have
   * removed a digest, a change of `proven` alone does not add it again.
   */
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
      this.path === undefined
        ? "no home folder was found for the file"
        : `${this.path} cannot be written`;
    warnOnce(
      "digests-not-kept",
      `known digests are kept in memory only: ${where} (${codeOf(error)})`,
      where,
    );
  }
}
