/** Tests programs that fail because we rejected one of their requests, whatever else they print. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { builtRunner, type RunOrder } from "./built-runner.js";

const runner = builtRunner();

/** Runs a program that begins a session. Each attempt then ends with one of these shell lines. */
async function program(endings: readonly string[], order: RunOrder) {
  const file = runner.file();
  const turns = endings.map((ending, index) => `${index + 1}) ${ending};;`).join(" ");
  const begin = `'${process.execPath}' -e 'fetch(process.env.BEGIN)'`;
  const script = `${begin}; echo >> '${file}'; case $(wc -l < '${file}' | tr -d ' ') in ${turns} esac`;
  const args = ["-c", script];
  const ran = await runner.run({ command: "sh", args, sessions: true, maxRetries: 1, ...order });
  return { ...ran, starts: readFileSync(file, "utf8").length };
}

const REFUSED = { type: "CIRCUIT_OPEN", circuit: "registry:ghcr.io" } as const;

test.each([
  'echo "GraphQLRequestError: circuit open: registry:ghcr.io, retry in 60s" >&2; exit 1',
  'echo "build failed, see the log" >&2; exit 3',
  "exit 1",
])(
  "%s is judged by our rejection, and not retried if the circuit stays open long",
  async (ending) => {
    const refusing = { "registry:ghcr.io": 600_000 };
    const ran = await program([ending, "exit 0"], { refusals: [REFUSED], refusing });
    expect([ran.starts, ran.exitCode]).toEqual([1, 75]);
    expect(ran.report.failure).toMatchObject({
      rule: "own.rejected",
      fault: "cancelled",
      breaker: null,
      circuit: "registry:ghcr.io",
    });
    expect(ran.report.rejection).toMatchObject({ upstream: "registry:ghcr.io" });
  },
);

test("a retry waits for the rejecting circuit, up to the longest delay", async () => {
  const refusing = { "registry:ghcr.io": 6000 };
  const ran = await program(["exit 1", "exit 0"], { refusals: [REFUSED], refusing });
  expect([ran.starts, ran.exitCode]).toEqual([2, 0]);
  expect(ran.report.durationMs).toBeGreaterThan(4000);
  expect(ran.breakers["registry:ghcr.io"]?.rejectedCount).toBe(0);
});

test("a request that our timeout ended makes a failure that may pass", async () => {
  const refused = { type: "TIMED_OUT", circuit: "engine" } as const;
  const ran = await program(['echo "it took too long"; exit 1', "exit 0"], { refusals: [refused] });
  expect([ran.starts, ran.exitCode]).toEqual([2, 0]);
  expect(ran.report.attempts[0]?.failure).toMatchObject({ rule: "own.timed-out", circuit: null });
});

test("the output decides if it shows another failure, or if the rejection was in an earlier attempt", async () => {
  const order = { refusals: [REFUSED, null], maxRetries: 2 };
  const ran = await program(["exit 1", 'echo "Error: exit code: 4"; exit 4', "exit 0"], order);
  expect([ran.starts, ran.exitCode]).toEqual([2, 4]);
  expect(ran.report.attempts.map(({ failure }) => failure?.fault)).toEqual(["cancelled", "user"]);
});

test("without a session of ours the output names the circuit, and its remaining time", async () => {
  const file = runner.file();
  const words = "dagger.QueryError: circuit open: registry:quay.io, retry in 1s";
  const script = `if [ -e '${file}' ]; then exit 0; fi; touch '${file}'; echo '${words}'; exit 1`;
  const ran = await runner.run({ command: "sh", args: ["-c", script], maxRetries: 1 });
  expect(ran.exitCode).toBe(0);
  const [first] = ran.report.attempts;
  expect(first?.failure).toMatchObject({ circuit: "registry:quay.io", retryAfterMs: 1000 });
});
