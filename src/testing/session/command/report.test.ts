// Compares the report of the CLI stand-in with the recorded ones of 1.0, without their colors.
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { type ReportedStep, reportOf } from "./report.js";

const recorded = readFileSync(
  new URL("../../../../tests/fixtures/attribution/commands-2.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { id: string; engine: string; stderr: string })
  .filter(({ engine }) => engine === "v1.0.0-beta.10");

const stderrOf = (id: string) => recorded.find((one) => one.id === id)?.stderr ?? "";
const withoutTimes = (text: string) => text.replace(/\d+\.\ds/g, "0.0s");

const step = (name: string, more: Partial<ReportedStep> = {}): ReportedStep => ({
  ...{ name, durationMs: 40, end: "failed", prints: [], reason: "" },
  ...more,
});
const hello = step("hello: Hello!", { end: "cached" });

function errorOf(id: string): string {
  return /\n! exit code 1\n! (.+)\n/.exec(stderrOf(id))?.[1] ?? "";
}

test.each([
  [
    "auto-m-test",
    { args: ["call", "test"], exitCode: 3, error: "exit code: 3" },
    [
      hello,
      step(".test: String!"),
      step("withExec sh -c 'echo FAIL >&2; exit 3'", { prints: ["FAIL"], reason: "exit code: 3" }),
    ],
  ],
  [
    "auto-m-pull-404",
    {
      args: ["call", "pull", "--ref", "quay.io/faults/n404:n6889227"],
      exitCode: 1,
      error: errorOf("auto-m-pull-404"),
    },
    [
      hello,
      step('.pull(ref: "quay.io/faults/n404:n6889227"): String!'),
      step('Container.from(address: "quay.io/faults/n404:n6889227"): Container!', {
        reason: errorOf("auto-m-pull-404"),
      }),
    ],
  ],
])("%s is reported as recorded", (id, ended, steps) => {
  const lines = reportOf({ ...ended, durationMs: 2_800, call: "", steps });
  const shown = stripVTControlCharacters(`${lines.join("\n")}\n`);
  expect(withoutTimes(shown)).toBe(withoutTimes(stderrOf(id)));
});

test("a passed step shows only its name, and the call of the steps fails with them", () => {
  const command = { args: ["core", "container"], durationMs: 1_000, call: "", error: "" };
  const passed = reportOf({
    ...{ ...command, exitCode: 0 },
    steps: [step("withExec true", { end: "passed", prints: ["noise"] })],
  });
  expect(stripVTControlCharacters(passed.join("\n"))).toBe(
    [
      "TRACE  ✔ PASSED",
      "dagger core container  1.0s",
      "",
      "✔ connect 0.0s",
      "✔ loading type definitions 0.0s",
      "✔ parsing command line arguments 0.0s",
      "",
      "✔ withExec true 0.0s",
      "",
    ].join("\n"),
  );
  const failed = reportOf({
    ...{ ...command, args: ["call", "test"], exitCode: 1, error: "x", call: ".test: String!" },
    steps: [step("go test", { end: "canceled" })],
  });
  expect(stripVTControlCharacters(failed.join("\n"))).toContain(
    "✘ .test: String! 1.0s ERROR\n✘ go test 0.0s CANCELED",
  );
});
