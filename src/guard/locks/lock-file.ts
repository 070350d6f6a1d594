/**
 * The lock file of a working folder, and what it means for a request. The engine writes it, at the end of
 * a session; we never do.
 */

import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { askUser } from "../../breaker/announce.js";
import { tagReference } from "../digests/references.js";
import { type LockedImage, lockedImage, MAX_LOCK_BYTES, parseLock } from "./lock-document.js";
import type { LockedOutcome, LockedPulls, Locks } from "./locked-pulls.js";
import type { SessionEngine } from "./session-engine.js";

/** A lock file in a known format. */
export interface Lock {
  readonly path: string;
  /** Whether it is in the place of engines before 1.0, which read it only on request. */
  readonly isLegacy: boolean;
  /** The images by reference. */
  readonly images: ReadonlyMap<string, readonly LockedImage[]>;
}

/** In each folder, the first existing one. */
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

  /** @param workdir The working folder of the CLI. */
  constructor(workdir: string) {
    this.#workdir = workdir;
  }

  /**
   * Returns the current file; reads it only after a change. Undefined if it is missing, unreadable
   * or in an unknown format. Never throws.
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

/** Returns the digest of a tag in a lock. */
export function digestIn(lock: Lock, reference: string, platform: string): string | undefined {
  const tag = tagReference(reference) ?? "";
  return lockedImage(lock.images.get(tag) ?? [], tag, platform)?.digest;
}

/**
 * The argument of the option `onLocked`, for each image that the engine uses by the digest of a
 * lock file.
 */
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
  /** Whether an image that the request depends on is locked. */
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

  /** Returns the one digest of a tag in the request; null if its platforms have several. */
  onlyDigestOf(reference: string, named: readonly NamedUpstream[]): string | undefined | null {
    const same = named.filter(({ upstream }) => upstream.reference === reference);
    const digests = new Set(same.map((one) => this.digestOf(one)));
    return digests.size === 1 ? [...digests][0] : null;
  }

  /** Learns from the request, once it is over. */
  learn(outcome: LockedOutcome): void {
    if (this.hasLocked || outcome.asked.size > 0) this.#pulls.learn(outcome, this);
  }

  /** Reports the locked images of the request to the user. */
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

  /**
   * Returns the lock that the engine reads. One before 1.0.0-beta.10 reads only the legacy file,
   * which it writes only on request.
   */
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
 * Returns the folders from the working folder up to the root of its repository; only itself without
 * one.
 */
function foldersOf(workdir: string): readonly string[] {
  const start = absolute(workdir);
  if (start === undefined) return [];
  const folders: string[] = [];
  for (let folder = start; folders.length < MAX_FOLDERS; folder = dirname(folder)) {
    folders.push(folder);
    // In a worktree or a submodule it is a file.
    if (statOf(join(folder, ".git")) !== undefined) return folders;
    if (dirname(folder) === folder) break;
  }
  return [start];
}

/** Undefined if our own working folder no longer exists. */
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
