/** Tests that every example runs to its end and shows its subject. */

import { expect, test } from "vitest";
import { runExample } from "./run.js";

/** Lines that each small example must print, in this order. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  basic: [
    "answer: hello",
    "failure: 503 Service Unavailable",
    'circuit "api" opened: 3 consecutive failures',
    "rejected: circuit open: api, retry in 1s",
    'circuit "api" is half-open: reset timeout over',
    'circuit "api" closed: probe succeeded',
    "answer: hello",
    "rejectedCount: 1",
    "stateChanges: 3",
  ],
  registry: [
    "same instance: true",
    '"payments" already exists with other options: trip is {"consecutive":1} (existing) and {"consecutive":5} (given)',
    "payments is open, search is open",
    "payments is closed, search is open",
    "kept: a.example, c.example",
  ],
  "retry-and-fallback": [
    "attempt 1: 503 Service Unavailable",
    "attempt 1: timed out after 50 ms",
    "attempt 2: 503 Service Unavailable",
    "price: 42",
    "failureCount: 6",
    "rejectedCount: 2",
  ],
  windows: [
    "5 in a row      5 bad seconds   20 in a minute  half of 100",
    "one blip kills ten calls  after 10.5 s    never           never           never",
    "every tenth call fails    never           never           after 19.1 s    never",
    "two of three calls fail   never           after 5.0 s     after 3.0 s     after 2.0 s",
    "nothing works any more    after 10.5 s    after 15.0 s    after 12.0 s    after 15.0 s",
  ],
  permits: [
    "/missing -> 404",
    "/limited -> 429",
    "/ -> circuit open: api, retry in 120s",
    "One minute later",
    "/ -> circuit open: api, retry in 60s",
    "Two minutes after",
    "/ -> 200",
    "is released unused",
    "successCount: 3",
    "failureCount: 1",
  ],
  "test-your-pipeline": [
    "ok: the pipeline works",
    "ok: the second run uses the mirror at once, and sends Docker Hub nothing",
    "ok: after the rate limit",
  ],
};

test.each(Object.entries(SHOWN))("the example %s shows its subject", async (name, shown) => {
  const { code, stdout, stderr } = await runExample(name);
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining("Warning"),
  });
  let from = 0;
  for (const text of shown) {
    const at = stdout.indexOf(text, from);
    expect(at, `"${text}" in what follows:\n${stdout.slice(from)}`).toBeGreaterThanOrEqual(0);
    from = at + text.length;
  }
});
