import { expect, test } from "vitest";
import { readsLocks } from "./engine-version.js";

test.each([
  ["v1.0.0-beta.10", true],
  ["1.0.0-beta.11", true],
  ["v1.0.0-rc.1", true],
  ["v1.0.0", true],
  ["v1.0.0+build", true],
  ["v1.2.3-beta.1", true],
  ["v2.0.0-alpha.1", true],
  ["v1.0.0-beta.9", false],
  ["v1.0.0-beta", false],
  ["v1.0.0-alpha.20", false],
  ["v0.21.9", false],
  ["v0.100.0", false],
  ["", false],
  ["something", false],
])("an engine %s reads lock files by itself: %s", (version, reads) => {
  expect(readsLocks(version)).toBe(reads);
});
