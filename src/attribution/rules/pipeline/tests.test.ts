import { expect, test } from "vitest";
import { classifyFailure } from "../../classify/classify-failure.js";

const DOWN =
  'Error: failed to resolve image "quay.io/acme/app:1" (platform: "linux/amd64"): unexpected status from HEAD request to https://quay.io/v2/acme/app/manifests/1: 503 Service Unavailable';

test.each([
  ["Go", `--- FAIL: TestPull (0.00s)\n${DOWN}\nFAIL\nFAIL\texample.com/pull\t0.1s`],
  ["Jest", `● pulls\n${DOWN}\nTests:       1 failed, 2 total`],
  ["pytest", `E   ${DOWN}\n=== 1 failed, 3 passed in 0.12s ===`],
  ["Mocha", `${DOWN}\n  1 failing\n`],
  ["Cargo", `${DOWN}\ntest result: FAILED. 0 passed; 1 failed; 0 ignored`],
  ["TAP", `not ok 3 pulls an image\n# ${DOWN}`],
  ["node:test", `✖ pulls (3.2ms)\n${DOWN}\nℹ tests 9\nℹ pass 8\nℹ fail 1`],
  ["Bun", `(fail) pulls [3.00ms]\n${DOWN}\n 3 pass\n 1 fail`],
  ["Bazel", `${DOWN}\nExecuted 2 out of 2 tests: 1 test passes and 1 fails locally.`],
  ["Deno", `${DOWN}\nFAILED | 3 passed | 1 failed (31ms)`],
  ["Karma", `${DOWN}\nChrome 120: Executed 3 of 3 (1 FAILED) (0.1 secs / 0.08 secs)`],
  ["Robot Framework", `${DOWN}\n5 tests, 4 passed, 1 failed`],
  ["XCTest", `${DOWN}\n\t Executed 3 tests, with 1 failure (0 unexpected) in 0.3 seconds`],
  ["gotestsum", `=== FAIL: pkg TestPull (0.00s)\n    ${DOWN}\n\nDONE 12 tests, 1 failure in 3.1s`],
  ["Cucumber", `${DOWN}\n3 scenarios (1 failed, 2 passed)`],
  ["GoogleTest", `${DOWN}\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Pull.Image`],
  ["Ginkgo", `${DOWN}\nFAIL! -- 2 Passed | 1 Failed | 0 Pending | 0 Skipped`],
])("a failed test of %s is a user error, whatever it quotes", (_runner, text) => {
  for (const context of [{}, { source: "cli", exitCode: 1 }]) {
    expect(classifyFailure(text, context)).toMatchObject({ fault: "user", counts: false });
  }
});

test("a failed exchange of the engine after failed tests belongs to the registry", () => {
  const text = `--- FAIL: TestFlaky (0.00s)\nFAIL\nok\n${DOWN}`;
  expect(classifyFailure(text, { source: "cli", exitCode: 1 })).toMatchObject({
    fault: "registry",
    counts: true,
    upstream: "quay.io",
  });
});

test("a panic of Dagger after failed tests is a bug of Dagger", () => {
  const text =
    "DONE 12 tests, 1 failure in 3.1s\npanic: runtime error: invalid memory address or nil pointer dereference\ngoroutine 1 [running]:\ngithub.com/dagger/dagger/dagql/idtui.Render(0x1)";
  expect(classifyFailure(text)).toMatchObject({ fault: "engine", counts: false });
});

test.each([
  "CHECKS  ✘ 2 failed  ✔ 1 passed",
  "CHECKS  ✔ 3 passed  ✘ 1 failed",
  "GENERATORS  ✘ 1 failed  ✔ 2 passed",
  "3 tests passed, 0 failed",
  "Executed 3 tests, with 0 failures (0 unexpected) in 0.3 seconds",
  "ℹ fail 0",
])("a count of checks, or of no failed tests, decides nothing: %s", (line) => {
  expect(classifyFailure(`${line}\n${DOWN}`)).toMatchObject({ fault: "registry", counts: true });
  expect(classifyFailure(`${DOWN}\n${line}`)).toMatchObject({ fault: "registry", counts: true });
});

test("a report without failed tests decides nothing", () => {
  const text = `Tests run: 3, Failures: 0, Errors: 0\n3 examples, 0 failures\n${DOWN}`;
  expect(classifyFailure(text)).toMatchObject({ fault: "registry", counts: true });
});
