import { expect, test } from "vitest";
import { classifyFailure } from "../classify/classify-failure.js";
import { ATTRIBUTION_RULES } from "../rules/index.js";
import { bothEnds, plainText, quietText, TEXT_WINDOW, unwrapLines } from "./text.js";

test("reads only both ends of a long text", () => {
  const cut = bothEnds(
    `${"a".repeat(TEXT_WINDOW)}${"b".repeat(1_000_000)}${"c".repeat(TEXT_WINDOW)}`,
  );
  expect(cut).toBe(`${"a".repeat(TEXT_WINDOW)}\n${"c".repeat(TEXT_WINDOW)}`);
  expect(bothEnds("short")).toBe("short");
});

test("removes colors, carriage returns and trace ids", () => {
  expect(plainText("\u001b[31;1mred\u001b[0m\r\nexit code: 3 [traceparent:84ae-09e9]")).toBe(
    "red\nexit code: 3",
  );
  expect(plainText("\u001b]8;;https://x.example\u0007link\u001b]8;;\u0007")).toBe("link");
});

test("a lone carriage return ends a line, because progress bars overwrite theirs", () => {
  expect(plainText("Receiving objects: 50%\rfatal: early EOF\r\n")).toBe(
    "Receiving objects: 50%\nfatal: early EOF\n",
  );
});

test.each([
  ["GitHub's time", "2025-11-25T01:02:03.1234567Z Error: exit code: 3"],
  ["GitLab's time and stream", "2025-11-25T01:02:03.123456Z 01E Error: exit code: 3"],
  ["Jenkins's time", "[2025-11-25T01:02:03.123Z] Error: exit code: 3"],
  ["a clock", "[01:02:03] Error: exit code: 3"],
  ["GitHub's mark", "##[error]Error: exit code: 3"],
  ["GitHub's command", "::error file=ci.ts,line=3::Error: exit code: 3"],
])("removes %s before a line", (_what, line) => {
  expect(plainText(`${line}\n${line}`)).toBe("Error: exit code: 3\nError: exit code: 3");
});

test("a stamp takes one blank at most, so that a wrapped line keeps its own", () => {
  for (const stamp of ["[01:02:03] ", "2025-11-25T01:02:03.123456Z 01E "]) {
    expect(plainText(`${stamp}registry-\n${stamp}  1.docker.io`)).toBe("registry-\n  1.docker.io");
  }
});

test("joins a host that a terminal wrapped", () => {
  expect(
    unwrapLines('Head "https://registry-\n  1.docker.io/v2/": dial tcp\n  203.0.113.1:443'),
  ).toBe('Head "https://registry-1.docker.io/v2/": dial tcp 203.0.113.1:443');
});

test("drops lines that do not identify the cause, unless there are no others", () => {
  expect(quietText("cause\nError: Process completed with exit code 1.")).toBe("cause");
  expect(quietText("\nfailed to emit telemetry: x")).toContain("telemetry");
});

test("ignores what this program printed about an inner command", () => {
  const cause = "Error: exit code: 3";
  for (const { reason } of ATTRIBUTION_RULES) {
    const said = [
      `dagger-breaker: failed (user: ${reason}), exit code 7, 2 attempts`,
      `web-1  | dagger-breaker: attempt 1 of 3 failed (registry ghcr.io: ${reason}); retrying in 4 s`,
      `::error title=dagger-breaker%3A failed (ghcr.io)::registry ghcr.io: ${reason}`,
    ];
    for (const line of said) {
      expect(classifyFailure(line)).toMatchObject({ fault: "unknown", rule: "unknown" });
      expect(plainText(`${cause}\n${line}`).trim()).toBe(cause);
    }
  }
});

test("keeps such a line if it reports a rejection by a circuit", () => {
  const rejected = "circuit open: registry:ghcr.io, retry in 60s";
  for (const line of [
    `dagger-breaker: rejected (${rejected}), exit code 75`,
    `::error title=dagger-breaker%3A rejected::${rejected}`,
  ]) {
    expect(classifyFailure(line)).toMatchObject({ rule: "own.rejected", retryAfterMs: 60_000 });
  }
});
