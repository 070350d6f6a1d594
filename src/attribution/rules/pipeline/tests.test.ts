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

test("a report without failed tests decides nothing", () => {
  const text = `Tests run: 3, Failures: 0, Errors: 0\n3 examples, 0 failures\n${DOWN}`;
  expect(classifyFailure(text)).toMatchObject({ fault: "registry", counts: true });
});
