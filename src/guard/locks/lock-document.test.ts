// The text of a lock file, in every observed form.
import { expect, test } from "vitest";
import { lockedImage, parseLock } from "./lock-document.js";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const OTHER = `sha256:${"cd".repeat(32)}`;
const ALPINE = "docker.io/library/alpine:3.20";

const lock = (version: string, ...entries: unknown[]) =>
  [[["version", version]], ...entries].map((one) => `${JSON.stringify(one)}\n`).join("");

test.each([
  [
    "of beta.10, with a platform and a policy",
    "1",
    ["", "container.from", [ALPINE, "linux/amd64"], DIGEST, "pin"],
  ],
  ["without a policy", "1", ["", "container.from", ["alpine:3.20", "linux/amd64"], DIGEST]],
  ["of later versions, without a platform", "2", ["", "oci-sha", [ALPINE], DIGEST]],
  ["with options as pairs", "2", ["", "oci-sha", [ALPINE, [["protocol", "http"]]], DIGEST]],
  [
    "with options behind a platform",
    "2",
    ["", "oci-sha", [ALPINE, "linux/amd64", [["protocol", "http"]]], DIGEST],
  ],
])("an entry %s locks its tag", (_, version, entry) => {
  const images = parseLock(lock(version, entry)) ?? [];
  expect(lockedImage(images, ALPINE, "")?.digest).toBe(DIGEST);
  expect(lockedImage(images, "docker.io/library/alpine", "")).toBeUndefined();
});

test("a missing tag is latest, and a missing host is Docker Hub", () => {
  const images =
    parseLock(lock("1", ["", "container.from", ["alpine", "linux/amd64"], DIGEST])) ?? [];
  expect(lockedImage(images, "docker.io/library/alpine:latest", "")?.digest).toBe(DIGEST);
  expect(lockedImage(images, "docker.io/library/alpine", "linux/amd64")?.digest).toBe(DIGEST);
});

test("an entry of another platform locks nothing", () => {
  const images =
    parseLock(lock("1", ["", "container.from", [ALPINE, "linux/amd64"], DIGEST])) ?? [];
  expect(lockedImage(images, ALPINE, "linux/arm64")).toBeUndefined();
});

test("skips comments, blank lines and Windows line ends; the last equal entry counts", () => {
  const entry = (digest: string) => ["", "oci-sha", [ALPINE], digest];
  const text = `# written by dagger\r\n\n${lock("2", entry(OTHER), entry(DIGEST)).replaceAll("\n", "\r\n")}# end`;
  expect(parseLock(text)).toEqual([{ reference: ALPINE, platform: "", digest: DIGEST }]);
});

test.each([
  ["git", ["", "git-sha", ["https://github.com/acme/ok", "main"], "0123"]],
  ["the latest tag", ["", "oci-latest", ["docker.io/library/alpine"], "3.20"]],
  ["another namespace", ["github.com/acme/mod", "oci-sha", [ALPINE], DIGEST]],
  ["no digest", ["", "oci-sha", [ALPINE], "3.20"]],
  ["no tag", ["", "oci-sha", [`alpine@${DIGEST}`], DIGEST]],
  ["no inputs", ["", "oci-sha"]],
])("an entry of %s locks no image", (_, entry) => {
  expect(parseLock(lock("2", entry))).toEqual([]);
});

test.each([
  ["of a version that is not known", lock("3", ["", "oci-sha", [ALPINE], DIGEST])],
  ["without a version", `["","oci-sha",["${ALPINE}"],"${DIGEST}"]`],
  ["with a conflict of a merge", `${lock("2")}<<<<<<< HEAD\n`],
  ["that is one object", "{}"],
])("a file %s locks nothing", (_, text) => {
  expect(parseLock(text)).toBeUndefined();
});

test("accepts an empty file, which locks nothing", () => {
  expect(parseLock("")).toEqual([]);
});
