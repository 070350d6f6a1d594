import { expect, test } from "vitest";
import { processorMs } from "../../../tests/own-time.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

test.each([
  ["alpine", "docker.io/library/alpine:latest"],
  ["alpine:3.20", "docker.io/library/alpine:3.20"],
  ["docker.io/acme/app:v1", "docker.io/acme/app:v1"],
  ["registry.example:5000/a/b_c/d--e", "registry.example:5000/a/b_c/d--e:latest"],
  ["localhost/app:1", "localhost/app:1"],
])("%s is %s", (address, reference) => {
  expect(tagReference(address)).toBe(reference);
});

test.each([
  "",
  `alpine@sha256:${"a".repeat(64)}`,
  "user@registry.example/app",
  "ghcr.io/acme/app@sha256:abc",
  "ghcr.io//app",
  "ghcr.io/acme/app:",
  `ghcr.io/acme/app:${"a".repeat(129)}`,
  `ghcr.io/${"a/".repeat(300)}b`,
  "Alpine",
  "*/app",
])("%.60j is not a tag", (address) => {
  expect(tagReference(address)).toBeUndefined();
});

test("rejects a long row of separators at once", () => {
  const tookMs = processorMs(() => {
    expect(tagReference(`a${"-_.".repeat(120)}`)).toBeUndefined();
    expect(tagReference(`a${"-".repeat(370)}`)).toBeUndefined();
  });
  expect(tookMs).toBeLessThan(200);
});

test("reads digests and platforms strictly", () => {
  expect(isDigest(`sha512:${"0".repeat(128)}`)).toBe(true);
  expect(isDigest(`sha256:${"A".repeat(64)}`)).toBe(false);
  expect(["", "linux", "linux/amd64", "linux/arm/v7"].every(isPlatform)).toBe(true);
  expect(["/", "linux/", "a/b/c/d", "Linux/amd64", "linux\n"].some(isPlatform)).toBe(false);
});
