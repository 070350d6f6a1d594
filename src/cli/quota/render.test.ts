import { expect, test } from "vitest";
import type { Quota } from "../../quota/quota.js";
import { paintFor } from "../terminal.js";
import { quotaLines } from "./render.js";

const quota: Quota = {
  registry: "docker.io",
  state: "left",
  limit: 100,
  remaining: 98,
  windowMs: 21_600_000,
  source: "203.0.113.7",
  retryAfterMs: null,
};
const plain = paintFor({ stdout: {}, env: {} } as never);
const coloured = paintFor({ stdout: { isTTY: true }, env: {} } as never);

test("shows limit, rest, window and source", () => {
  expect(quotaLines(quota, "nobody", plain)).toEqual([
    "docker.io: 98 of 100 pulls are left.",
    "  asked as   nobody",
    "  limit      100 pulls",
    "  remaining  98 pulls",
    "  window     6 h",
    "  source     203.0.113.7",
  ]);
});

test("has its own words for an exhausted quota, a stated delay and an unstated limit", () => {
  const none = { ...quota, state: "exhausted", remaining: 0, retryAfterMs: 60_000 } as const;
  expect(quotaLines(none, "bot", plain)[0]).toBe("docker.io: no pull is left.");
  expect(quotaLines(none, "bot", plain).at(-1)).toBe("  retry after  1 min");
  const unstated = { ...quota, state: "unstated", limit: null, remaining: null } as const;
  expect(quotaLines(unstated, "bot", plain)[0]).toMatch(/states no limit/);
  expect(quotaLines({ ...quota, remaining: null }, "bot", plain)[0]).toMatch(/some of 100 pulls/);
});

test("less than a tenth is a warning", () => {
  const first = (remaining: number) => quotaLines({ ...quota, remaining }, "x", coloured)[0];
  expect(first(9)).toContain("\u001b[33m");
  expect(first(10)).toContain("\u001b[32m");
});
