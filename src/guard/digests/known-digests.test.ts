import { expect, test } from "vitest";
import { MemoryDigests, mergeKnown } from "./known-digests.js";

const ONE = `sha256:${"1".repeat(64)}`;
const TWO = `sha256:${"2".repeat(64)}`;
const ALPINE = "docker.io/library/alpine:3.20";

function digestsAt(startMs = 1_000) {
  const time = { nowMs: startMs };
  return { time, digests: new MemoryDigests({ wallClock: () => time.nowMs }) };
}

test("finds a remembered digest with its time, not proven", () => {
  const { digests } = digestsAt();
  digests.remember(ALPINE, "", ONE);
  expect(digests.find(ALPINE, "")).toEqual({
    reference: ALPINE,
    platform: "",
    digest: ONE,
    learntAtMs: 1_000,
    proven: false,
  });
});

test("separates the platforms of one tag", () => {
  const { digests } = digestsAt();
  digests.remember(ALPINE, "linux/amd64", ONE);
  digests.remember(ALPINE, "linux/arm64/v8", TWO);
  expect(digests.find(ALPINE, "linux/amd64")?.digest).toBe(ONE);
  expect(digests.find(ALPINE, "linux/arm64/v8")?.digest).toBe(TWO);
  expect(digests.find(ALPINE, "")).toBeUndefined();
});

test("the same digest again renews the time and stays proven", () => {
  const { time, digests } = digestsAt();
  digests.remember(ALPINE, "", ONE);
  digests.prove(ALPINE, "", ONE);
  time.nowMs = 5_000;
  digests.remember(ALPINE, "", ONE);
  expect(digests.find(ALPINE, "")).toMatchObject({ learntAtMs: 5_000, proven: true });
});

test("another digest replaces the one known and is not proven", () => {
  const { digests } = digestsAt();
  digests.remember(ALPINE, "", ONE);
  digests.prove(ALPINE, "", ONE);
  digests.remember(ALPINE, "", TWO);
  expect(digests.find(ALPINE, "")).toMatchObject({ digest: TWO, proven: false });
});

test("a proof of an unknown digest changes nothing", () => {
  const { digests } = digestsAt();
  digests.prove(ALPINE, "", ONE);
  expect(digests.find(ALPINE, "")).toBeUndefined();
  digests.remember(ALPINE, "", TWO);
  digests.prove(ALPINE, "", ONE);
  expect(digests.find(ALPINE, "")?.proven).toBe(false);
});

test("a missing tag is latest", () => {
  const { digests } = digestsAt();
  digests.remember("docker.io/library/alpine", "", ONE);
  expect(digests.find("docker.io/library/alpine:latest", "")?.digest).toBe(ONE);
  expect(digests.find("alpine", "")?.reference).toBe("docker.io/library/alpine:latest");
});

test.each([
  ["a digest as tag", `docker.io/library/alpine@${ONE}`, "", ONE],
  ["credentials", "user:pw@registry.example/app:1", "", ONE],
  ["no image", "not an image", "", ONE],
  ["a capital in a name", "docker.io/Library/alpine:1", "", ONE],
  ["a short digest", ALPINE, "", "sha256:12"],
  ["a digest of another kind", ALPINE, "", `md5:${"1".repeat(64)}`],
  ["a platform that is none", ALPINE, "linux/amd64 --privileged", ONE],
])("does not store %s, and does not throw", (_what, reference, platform, digest) => {
  const { digests } = digestsAt();
  digests.remember(reference, platform, digest);
  digests.prove(reference, platform, digest);
  expect(digests.find(reference, platform)).toBeUndefined();
});

test("when full, drops the digest learned longest ago, whatever was read", () => {
  const digests = new MemoryDigests({ maxEntries: 2 });
  digests.remember("a.example/x:1", "", ONE);
  digests.remember("a.example/x:2", "", ONE);
  digests.remember("a.example/x:1", "", ONE);
  digests.find("a.example/x:2", "");
  digests.prove("a.example/x:2", "", ONE);
  digests.remember("a.example/x:3", "", ONE);
  const known = ["1", "2", "3"].filter((tag) => digests.find(`a.example/x:${tag}`, ""));
  expect(known).toEqual(["1", "3"]);
});

test("rejects invalid options by name", () => {
  expect(() => new MemoryDigests({ maxEntries: 0 })).toThrow(/"maxEntries" is 0/);
  expect(() => new MemoryDigests({ wallClock: 5 as never })).toThrow(/"wallClock" is 5/);
});

test("keeps the digest seen last out of two processes' digests", () => {
  const known = { reference: ALPINE, platform: "", digest: ONE, learntAtMs: 10, proven: true };
  const later = { ...known, digest: TWO, learntAtMs: 20, proven: false };
  expect(mergeKnown(known, later)).toBe(later);
  expect(mergeKnown(later, known)).toBe(later);
  expect(mergeKnown(undefined, known)).toBe(known);
  expect(mergeKnown(known, { ...known, learntAtMs: 5, proven: false })).toEqual(known);
});
