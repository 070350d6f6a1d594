import { describe, expect, test } from "vitest";
import type { RunLimit } from "../run-plan.js";
import { failureOf } from "./command-failure.js";

describe("a command that a limit has ended", () => {
  const CANCELED = "\nError: context canceled";
  const EXIT = { exitCode: 1, isUnread: false };

  function atLimit(timedOut: RunLimit, textAtLimit: string, text = textAtLimit, isOwn = true) {
    return failureOf({ ...EXIT, timedOut, textAtLimit, text }, isOwn, []);
  }

  test.each(["total", "idle"] as const)(
    "at its %s time is judged by the output that was read",
    (limit) => {
      const text = `Error: engine is shutting down${CANCELED}`;
      expect(atLimit(limit, text)).toMatchObject({ fault: "engine", counts: true });
    },
  );

  test("is also judged by an upstream's failure that may have caused the hang", () => {
    const text =
      "Error: unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/1: 503 Service Unavailable";
    expect(atLimit("idle", text)).toMatchObject({ fault: "registry", upstream: "ghcr.io" });
  });

  test("may report earlier failures only at its end, as Dagger 1.0 does", () => {
    const text = `✘ go test 2.0s ERROR\n! engine is shutting down\n${CANCELED}`;
    expect(atLimit("idle", "", text)).toMatchObject({ fault: "engine", counts: true });
  });

  test.each([
    ["that it was told to end", CANCELED],
    ["that its session broke off", `Error: Post "http://dagger/query": unexpected EOF${CANCELED}`],
    ["that a step of the user ended", "Error: exit code: 130"],
  ])(
    "counts no failure of an upstream if it reports, after the signal to end, %s",
    (_what, text) => {
      expect(atLimit("idle", "", text)).toBeNull();
    },
  );

  test("after a lost session has that failure, which was counted at the loss", () => {
    const lost = atLimit("session", "", "", false);
    expect(lost).toMatchObject({ fault: "engine", sessionLost: true, upstream: null });
    expect(lost?.counts).toBe(false);
  });
});
