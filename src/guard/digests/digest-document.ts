/** The text format of known digests, used in the file and between machines. */

import { type KnownDigest, keyOf, mergeKnown } from "./known-digests.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

/** The longest document that is read, in bytes. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** The most digests that a document may contain. */
export const MAX_DOCUMENT_ENTRIES = 5_000;

const VERSION = 1;

/**
 * How far a digest's time may lie in the future, in milliseconds, because the clock of the writer may be
 * ahead. A digest from further in the future would never expire.
 */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;

/** The content of a document. */
export interface DigestDocument {
  readonly digests: readonly KnownDigest[];
  /** The number of invalid entries. */
  readonly ignored: number;
}

/** Parses a document. Skips invalid entries. Returns undefined if the text is not such a document. */
export function parseDigests(text: string, nowMs: number): DigestDocument | undefined {
  const entries = entriesOf(text);
  if (entries === undefined) return undefined;
  const known = new Map<string, KnownDigest>();
  let ignored = 0;
  for (const entry of entries) {
    const read = readEntry(entry, nowMs);
    if (read === undefined) {
      ignored++;
      continue;
    }
    const key = keyOf(read.reference, read.platform);
    known.set(key, mergeKnown(known.get(key), read));
  }
  return { digests: [...known.values()], ignored };
}

/**
 * Creates a document with as many digests as fit. The digests that were learned longest ago are left out
 * first.
 */
export function formatDigests(digests: readonly KnownDigest[]): {
  readonly text: string;
  readonly kept: readonly KnownDigest[];
} {
  const newestFirst = [...digests].sort((one, other) => other.learntAtMs - one.learntAtMs);
  const kept: KnownDigest[] = [];
  const lines: string[] = [];
  let bytes = 64;
  for (const known of newestFirst.slice(0, MAX_DOCUMENT_ENTRIES)) {
    const { reference, platform, digest, learntAtMs, proven } = known;
    // The length in characters equals the length in bytes, because the entries contain only ASCII.
    const line = JSON.stringify({ reference, platform, digest, learntAtMs, proven });
    bytes += line.length + 2;
    if (bytes > MAX_DOCUMENT_BYTES) break;
    kept.push(known);
    lines.push(line);
  }
  return { text: `{"version":${VERSION},"digests":[\n${lines.join(",\n")}\n]}\n`, kept };
}

function entriesOf(text: string): readonly unknown[] | undefined {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null) return undefined;
    const { version, digests } = document as { version?: unknown; digests?: unknown };
    return version === VERSION && Array.isArray(digests) ? digests : undefined;
  } catch {
    return undefined;
  }
}

function readEntry(entry: unknown, nowMs: number): KnownDigest | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { reference, platform, digest, learntAtMs, proven } = entry as Record<string, unknown>;
  const sound =
    typeof reference === "string" &&
    tagReference(reference) === reference &&
    typeof platform === "string" &&
    isPlatform(platform) &&
    typeof digest === "string" &&
    isDigest(digest) &&
    Number.isSafeInteger(learntAtMs) &&
    Number(learntAtMs) >= 0 &&
    Number(learntAtMs) <= nowMs + MAX_AHEAD_MS &&
    typeof proven === "boolean";
  return sound
    ? { reference, platform, digest, learntAtMs: Number(learntAtMs), proven }
    : undefined;
}
