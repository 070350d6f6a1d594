/**
 * Reads the lock file of a working folder, and finds which images of a request are locked. The engine
 * writes this file at the end of a session. This package never writes it.
 */

import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { askUser } from "../../breaker/announce.js";
import { tagReference } from "../digests/references.js";
import { countsFor } from "../guard-counts.js";
import type { UpstreamBreakers } from "../upstream-breakers.js";
import { type LockedImage, lockedImage, MAX_LOCK_BYTES, parseLock } from "./lock-document.js";
import type { LockedOutcome, LockedPulls, Locks } from "./locked-pulls.js";
import type { SessionEngine } from "./session-engine.js";

/** A lock file in a known format. */
export interface Lock {
  readonly path: string;
  /** Whether the file is `.dagger/lock`. Engines before 1.0 read this file, but only on request. */
  readonly isLegacy: boolean;
  /** The locked images by reference, such as `docker.io/library/alpine:3.20`. */
  readonly images: ReadonlyMap<string, readonly LockedImage[]>;
}

/** The possible file names. In each folder, the first existing file is used. */
const NAMES = [
  { name: "dagger.lock", isLegacy: false },
  { name: join(".dagger", "lock"), isLegacy: true },
] as const;

const MAX_FOLDERS = 64;

/** The lock file for the sessions of one working folder. */
export class LockFile {
  readonly #workdir: string;
  #folders: readonly string[] | undefined;
  #read:
    | { readonly path: string; readonly mark: string; readonly lock: Lock | undefined }
    | undefined;

  /** @param workdir The working folder of the CLI that opens the session. */
  constructor(workdir: string) {
    this.#workdir = workdir;
  }

  /**
   * Returns the content of the lock file. Reads the file again only after a change. Returns undefined if
   * the file is missing, unreadable or in an unknown format. Never throws.
   */
  read(): Lock | undefined {
    this.#folders ??= foldersOf(this.#workdir);
    for (const folder of this.#folders) {
      for (const { name, isLegacy } of NAMES) {
        const path = join(folder, name);
        const stats = statOf(path);
        if (stats?.isFile()) return this.#readFile(path, isLegacy, stats);
      }
    }
    return undefined;
  }

  #readFile(path: string, isLegacy: boolean, stats: Stats): Lock | undefined {
    const mark = markOf(stats);
    if (this.#read?.path === path && this.#read.mark === mark) return this.#read.lock;
    const text = textOf(path, stats);
    const images = text === undefined ? undefined : parseLock(text);
    const lock = images && { path, isLegacy, images: byReference(images) };
    this.#read = { path, mark, lock };
    return lock;
  }
}

/** Returns the locked digest of a tag, or undefined if the tag is not locked. */
export function digestIn(lock: Lock, reference: string, platform: string): string | undefined {
  const tag = tagReference(reference) ?? "";
  return lockedImage(lock.images.get(tag) ?? [], tag, platform)?.digest;
}

/** The argument of the option `onLocked`: an image that the engine uses by the digest of a lock file. */
export interface LockedEvent {
  /** The tag in the pipeline, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** The requested platform. Empty if the pipeline requested no platform. */
  readonly platform: string;
  readonly digest: string;
  /** The path of the lock file. */
  readonly path: string;
}

/** The locked images of one request. The lock file is read only if the request names an image by tag. */
export class RequestLocks implements Locks {
  readonly #file: LockFile;
  readonly #engine: SessionEngine;
  readonly #pulls: LockedPulls;
  /** Whether a locked image was found in the request so far. */
  hasLocked = false;
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
    const digest = lock && digestIn(lock, upstream.reference, image?.platform ?? "");
    if (digest !== undefined) this.hasLocked = true;
    return digest;
  }

  mustBeAsked(one: NamedUpstream): boolean {
    const digest = this.digestOf(one);
    return digest !== undefined && this.#pulls.mustBeAsked(one, digest);
  }

  /**
   * Returns the locked digest of a tag in the request, or undefined if the tag is not locked. Returns null
   * if its platforms have different digests.
   */
  onlyDigestOf(reference: string, named: readonly NamedUpstream[]): string | undefined | null {
    const same = named.filter(({ upstream }) => upstream.reference === reference);
    const digests = new Set(same.map((one) => this.digestOf(one)));
    return digests.size === 1 ? [...digests][0] : null;
  }

  /** Records which locked images the engine had to request. Call it after the request. */
  learn(outcome: LockedOutcome): void {
    if (this.hasLocked || outcome.asked.size > 0) this.#pulls.learn(outcome, this);
  }

  /** Counts the locked images of the request, and calls `onLocked` for each. */
  announce(
    named: readonly NamedUpstream[],
    onLocked: ((event: LockedEvent) => unknown) | undefined,
    breakers: UpstreamBreakers,
  ) {
    // Without a listener, do not read the lock file only for the counts.
    if (onLocked === undefined && !this.hasLocked) return;
    for (const one of named) {
      const digest = this.digestOf(one);
      const path = this.#lock()?.path;
      if (digest === undefined || path === undefined) continue;
      const breaker = breakers.upstream(one.circuit);
      if (breaker !== undefined) countsFor(breaker).lockedImages += 1;
      const { reference } = one.upstream;
      const event = { reference, platform: one.image?.platform ?? "", digest, path };
      askUser(
        this.#pulls,
        "the guard",
        "onLocked",
        () => onLocked?.(event),
        () => undefined,
      );
    }
  }

  /** Returns the lock that the engine reads. Engines before 1.0.0-beta.10 do not read `dagger.lock`. */
  #lock(): Lock | undefined {
    this.#read ??= { lock: this.#file.read() };
    const { lock } = this.#read;
    return this.#engine.readsLocks === false && lock?.isLegacy === false ? undefined : lock;
  }
}

function byReference(images: readonly LockedImage[]): ReadonlyMap<string, readonly LockedImage[]> {
  const found = new Map<string, LockedImage[]>();
  for (const image of images) {
    const others = found.get(image.reference);
    if (others === undefined) found.set(image.reference, [image]);
    else others.push(image);
  }
  return found;
}

/**
 * Returns the folders from the working folder up to the root of its git repository. Outside a repository,
 * returns only the working folder.
 */
function foldersOf(workdir: string): readonly string[] {
  const start = absolute(workdir);
  if (start === undefined) return [];
  const folders: string[] = [];
  for (let folder = start; folders.length < MAX_FOLDERS; folder = dirname(folder)) {
    folders.push(folder);
    // In a worktree or a submodule, `.git` is a file. Otherwise, it is a folder.
    if (statOf(join(folder, ".git")) !== undefined) return folders;
    if (dirname(folder) === folder) break;
  }
  return [start];
}

/** Returns the absolute path, or undefined if the process's own working folder no longer exists. */
function absolute(path: string): string | undefined {
  try {
    return resolve(path);
  } catch {
    return undefined;
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function markOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

function textOf(path: string, { size }: Stats): string | undefined {
  if (size > MAX_LOCK_BYTES) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
