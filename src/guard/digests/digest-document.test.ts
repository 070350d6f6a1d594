import { expect, test } from "vitest";
import {
  formatDigests,
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENT_ENTRIES,
  parseDigests,
} from "./digest-document.js";
import type { KnownDigest } from "./known-digests.js";

const NOW_MS = 1_700_000_000_000;
const DIGEST = `sha256:${"a".repeat(64)}`;
const sound: KnownDigest = {
  reference: "ghcr.io/acme/app:1",
  platform: "linux/arm64",
  digest: DIGEST,
  learntAtMs: NOW_MS,
  proven: true,
};
const documentOf = (...digests: unknown[]) => JSON.stringify({ version: 1, digests });

test("reads back a written document", () => {
  const other = { ...sound, platform: "", proven: false };
  const { text } = formatDigests([sound, other]);
  expect(parseDigests(text, NOW_MS)).toEqual({ digests: [sound, other], ignored: 0 });
  expect(parseDigests(formatDigests([]).text, NOW_MS)).toEqual({ digests: [], ignored: 0 });
});

test.each([
  "",
  "null",
  "[]",
  "{",
  '{"version":2,"digests":[]}',
  '{"version":"1","digests":[]}',
  '{"version":1,"digests":{}}',
  `${"[".repeat(200_000)}`,
])("%.30j is not a document", (text) => {
  expect(parseDigests(text, NOW_MS)).toBeUndefined();
});

test.each([
  ["no object", 5],
  ["null", null],
  ["a reference with credentials", { ...sound, reference: "u:p@ghcr.io/acme/app:1" }],
  ["a reference that is not in full", { ...sound, reference: "alpine:3" }],
  ["a reference without its tag", { ...sound, reference: "ghcr.io/acme/app" }],
  ["a reference with a digest", { ...sound, reference: `ghcr.io/acme/app@${DIGEST}` }],
  ["a reference of two lines", { ...sound, reference: "ghcr.io/acme/app:1\n" }],
  ["a digest of two lines", { ...sound, digest: `${DIGEST}\n` }],
  ["a digest with quotes", { ...sound, digest: `${DIGEST}")` }],
  ["a platform that is no text", { ...sound, platform: null }],
  ["a time that is no number", { ...sound, learntAtMs: "1" }],
  ["a time in the far future", { ...sound, learntAtMs: NOW_MS + 2 * 86_400_000 }],
  ["no word on the proof", { ...sound, proven: undefined }],
])("skips an entry with %s, and keeps the others", (_what, entry) => {
  expect(parseDigests(documentOf(entry, sound), NOW_MS)).toEqual({ digests: [sound], ignored: 1 });
});

test("drops other fields of an entry", () => {
  const [read] = parseDigests(documentOf({ ...sound, token: "hunter2" }), NOW_MS)?.digests ?? [];
  expect(read).toEqual(sound);
});

test("keeps one of two entries for a tag: the digest seen last", () => {
  const later = { ...sound, digest: `sha256:${"b".repeat(64)}`, learntAtMs: NOW_MS + 1 };
  expect(parseDigests(documentOf(later, sound), NOW_MS)?.digests).toEqual([later]);
});

test("bounds the entries, and keeps those learned last", () => {
  const many = Array.from({ length: MAX_DOCUMENT_ENTRIES + 10 }, (_, index) => ({
    ...sound,
    reference: `a.example/x:${index}`,
    learntAtMs: NOW_MS + index,
  }));
  const { text, kept } = formatDigests(many);
  expect(kept).toHaveLength(MAX_DOCUMENT_ENTRIES);
  expect(kept.some(({ reference }) => reference === "a.example/x:9")).toBe(false);
  expect(parseDigests(text, NOW_MS)?.digests).toHaveLength(MAX_DOCUMENT_ENTRIES);
});

test("never grows larger than the reader accepts", () => {
  const long = "a".repeat(240);
  const many = Array.from({ length: MAX_DOCUMENT_ENTRIES }, (_, index) => ({
    ...sound,
    reference: `a.example/${long}:${index}`,
  }));
  const { text, kept } = formatDigests(many);
  expect(text.length).toBeLessThanOrEqual(MAX_DOCUMENT_BYTES);
  expect(kept.length).toBeGreaterThan(1_000);
});
