/** Tests which failed commands are retried, and the state of the breakers afterwards. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { builtRunner, type Ran, type RunOrder } from "./built-runner.js";

const runner = builtRunner();

/** Runs a command whose attempts end with these recordings, one after another. Returns the number of starts. */
async function inTurn(ids: readonly string[], order: RunOrder): Promise<Ran & { starts: number }> {
  const file = runner.file();
  const ran = await runner.run({ dagger: ["inTurn", file, ...ids], ...order });
  return { ...ran, starts: readFileSync(file, "utf8").trim().split("\n").length };
}

test.each([
  ["pull-503", "a registry that fails"],
  ["git-503", "a git host that fails"],
  ["docker-down", "an engine that cannot be started"],
])("%s is retried: %s may recover", async (id) => {
  const ran = await inTurn([id, "ok"], { maxRetries: 1 });
  expect(ran.starts).toBe(2);
  expect(ran.report).toMatchObject({ outcome: "succeeded", exitCode: 0, failure: null });
  expect(ran.report.attempts).toMatchObject([
    { exitCode: 1, failure: { transient: true } },
    { exitCode: 0, failure: null },
  ]);
});

test.each(["exec-fail", "pull-404", "pull-401", "badcmd", "mod-test", "run-fail", "bad-host"])(
  "%s is never retried, because it is the user's",
  async (id) => {
    const ran = await inTurn([id, "ok"], { maxRetries: 3 });
    expect(ran.starts).toBe(1);
    expect(ran.report).toMatchObject({ outcome: "failed", failure: { fault: "user" } });
    expect(ran.report.notRepeated).toBe("the pipeline itself failed");
  },
);

test("makes no more attempts than allowed, and reports the last one", async () => {
  const ran = await inTurn(["pull-503", "git-503", "ok"], { maxRetries: 1 });
  expect(ran.starts).toBe(2);
  expect(ran.report).toMatchObject({
    outcome: "failed",
    exitCode: 1,
    failure: { breaker: "git:github.com" },
  });
});

test("retries one that hung", async () => {
  const ran = await inTurn(["hang", "ok"], { maxRetries: 1, limits: { idleTimeoutMs: 4000 } });
  expect(ran.report).toMatchObject({
    outcome: "succeeded",
    attempts: [{ timedOut: "idle" }, { timedOut: null }],
  });
});

test("a circuit that the first attempt has opened rejects the second one at once", async () => {
  const ran = await inTurn(["pull-429", "ok"], { maxRetries: 3 });
  expect(ran.starts).toBe(1);
  expect(ran.exitCode).toBe(75);
  expect(ran.report).toMatchObject({
    outcome: "rejected",
    rejection: { upstream: "registry:docker.io", others: [], reason: "open", fault: "registry" },
    failure: { breaker: "registry:docker.io", limited: true },
    attempts: [{ exitCode: 1 }],
  });
  expect(ran.report.rejection?.since).toMatch(/^20.*Z$/);
  expect(ran.report.rejection?.retryAfterMs).toBeGreaterThan(50_000);
  expect(ran.breakers["registry:docker.io"]).toMatchObject({ state: "open", inFlightCount: 0 });
});

test("waits for it if configured, and reports the time", async () => {
  const guard = { onOpen: "wait", rateLimitOpenMs: 1500, waitSpreadMs: 0 } as const;
  const breakers = { "registry:docker.io": { failureThreshold: 1, resetTimeoutMs: 1000 } };
  const ran = await inTurn(["pull-429", "ok"], { maxRetries: 1, guard: { ...guard, breakers } });
  expect(ran.starts).toBe(2);
  expect(ran.report).toMatchObject({ outcome: "succeeded", rejection: null });
  expect(ran.report.waitedMs).toBeGreaterThanOrEqual(1000);
  expect(ran.progress).toMatchObject([
    { kind: "retrying", number: 1, of: 2, delayMs: null, attempt: { failure: { limited: true } } },
    { kind: "waiting", circuit: "registry:docker.io" },
  ]);
});

test("does not announce an attempt that a circuit rejects", async () => {
  const ran = await inTurn(["pull-429", "ok"], { maxRetries: 3 });
  expect([ran.exitCode, ran.progress]).toEqual([75, []]);
});

test("does not wait for a circuit that opens too late", async () => {
  const guard = { onOpen: "wait", maxWaitMs: 1000 } as const;
  const ran = await inTurn(["pull-429", "ok"], { maxRetries: 1, guard });
  expect(ran.exitCode).toBe(75);
  // Asking the breakers takes a moment. Waiting for the circuit would take a minute.
  expect(ran.report.waitedMs).toBeLessThan(30_000);
});

test("an open circuit keeps the command from starting, and all of them are reported", async () => {
  const refused = await runner.run({
    dagger: ["exit", "0"],
    guard: { needs: ["registry:ghcr.io", "git:github.com", "registry:quay.io"] },
    refusing: { "registry:ghcr.io": 30_000, "git:github.com": 60_000 },
  });
  expect(refused.exitCode).toBe(75);
  expect(refused.report).toMatchObject({
    outcome: "rejected",
    attempts: [],
    failure: null,
    rejection: {
      upstream: "git:github.com",
      others: ["registry:ghcr.io"],
      rule: "made",
      since: "2026-11-25T00:00:00.000Z",
    },
  });
  expect(refused.breakers["registry:quay.io"]).toMatchObject({ inFlightCount: 0 });
});

describe("a program that is not dagger", () => {
  /** Runs the stand-in inside a line of shell. Returns the number of starts. */
  async function around(line: string, ids: readonly string[], order: RunOrder = {}) {
    const file = runner.file();
    const dagger = [runner.dagger, "inTurn", file, ...ids].map((word) => `'${word}'`).join(" ");
    const args = ["-c", line.replaceAll("DAGGER", dagger)];
    const ran = await runner.run({ command: "sh", args, maxRetries: 3, ...order });
    return { ...ran, starts: readFileSync(file, "utf8").trim().split("\n").length };
  }

  test.each(["DAGGER", "echo building; DAGGER 2>&1 | sed 's/^/web-1  | /'; exit 2"])(
    "%s is not retried within the time of a rate limit that Dagger prints in it",
    async (line) => {
      const ran = await around(line, ["pull-429", "ok"]);
      expect([ran.starts, ran.exitCode]).toEqual([1, 75]);
      expect(ran.report).toMatchObject({
        outcome: "rejected",
        rejection: { upstream: "registry:docker.io" },
        failure: { breaker: "registry:docker.io", circuit: "registry:docker.io", limited: true },
      });
      expect(ran.report.rejection?.retryAfterMs).toBeGreaterThan(50_000);
    },
  );

  test("waits for that time if allowed, and reports the limit again if it lasts", async () => {
    const guard = { onOpen: "wait", rateLimitOpenMs: 1500, waitSpreadMs: 0 } as const;
    const breakers = { "registry:docker.io": { failureThreshold: 1, resetTimeoutMs: 1000 } };
    const ran = await around("DAGGER", ["pull-429", "pull-429", "ok"], {
      guard: { ...guard, breakers },
    });
    expect([ran.starts, ran.report.outcome]).toEqual([3, "succeeded"]);
    expect(ran.report.waitedMs).toBeGreaterThanOrEqual(2 * 1500);
  });

  test("names its circuit, which counts nothing, if a program only quotes a registry", async () => {
    const message = "toomanyrequests: 429 from https://registry-1.docker.io/v2/a/manifests/1";
    const ran = await runner.run({ command: "sh", args: ["-c", `echo '${message}'; exit 1`] });
    expect(ran.report.failure).toMatchObject({ breaker: null, circuit: "registry:docker.io" });
    expect(ran.breakers["registry:docker.io"]).toBeUndefined();
  });
});

describe.each([
  ["dagger --silent prints", "Error: invalid response status 429 Too Many Requests"],
  ["a program quotes", "toomanyrequests: 429 from https://registry-1.docker.io/v2/a/manifests/1"],
])("a rate limit that no circuit counts, as %s it,", (_title, message) => {
  const limited = (order: Partial<RunOrder>) =>
    runner.run({
      command: "sh",
      args: ["-c", `echo '${message}' >&2; exit 1`],
      maxRetries: 1,
      ...order,
    });

  test("has its time before the next attempt", async () => {
    const ran = await limited({ guard: { rateLimitOpenMs: 1500 } });
    expect(ran.report.attempts).toHaveLength(2);
    expect(ran.progress).toMatchObject([{ kind: "retrying" }]);
    const [retrying] = ran.progress;
    expect(retrying?.kind === "retrying" && retrying.delayMs).toBeGreaterThanOrEqual(1500);
  });

  test("has no next attempt if that would be too late", async () => {
    const ran = await limited({ maxDelayMs: 10_000, initialDelayMs: 1 });
    expect(ran.report.attempts).toHaveLength(1);
    expect(ran.report).toMatchObject({ outcome: "failed", failure: { limited: true } });
  });
});

test("the end of the command differs from our own rejection", async () => {
  const ran = await inTurn(["75"], {});
  expect(ran.exitCode).toBe(75);
  expect(ran.report).toMatchObject({
    outcome: "failed",
    rejection: null,
    attempts: [{ exitCode: 75 }],
  });
});
