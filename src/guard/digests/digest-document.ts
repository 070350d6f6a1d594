/** The text in which known digests are kept on disk and handed from one machine to another. */

import { type KnownDigest, keyOf, mergeKnown } from "./known-digests.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

/** The longest document; a longer one is not read. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** How many digests a document holds at most. */
export const MAX_DOCUMENT_ENTRIES = 5_000;

const VERSION = 1;

/** By how much clocks may differ; what was learnt later than that would never grow old. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;

/** What a document holds. */
export interface DigestDocument {
  readonly digests: readonly KnownDigest[];
  /** How many of its entries were none. */
  readonly ignored: number;
}

/** Reads a document, each entry by itself; undefined for what is none. */
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

/** Writes a document: the digests learnt last, as many as it may hold. */
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
    // Every character is one byte: the patterns allow no others.
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
