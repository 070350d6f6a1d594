/** Measures what `instrument` and `/metrics` cost: for a call, for a collection, and for the event loop. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry } from "../../../dist/index.js";
import { readShared, sharedPage } from "../../../dist/telemetry/metrics/shared-page.js";
import { instrument } from "../../../dist/telemetry/opentelemetry/index.js";
import { contender } from "../../measuring/measure.mjs";
import { allocatedBytes } from "../../measuring/memory.mjs";
import { figure } from "../../measuring/report.mjs";
import { intervalOfMedian, median } from "../../measuring/statistics.mjs";

export const title = "Metrics: a call, a collection and a page";
export const note =
  "The same closed call with and without instrument, in pairs of new breakers that take turns. Upper end: of the 95 % interval of the median ratio. Collection: our callback for 1,000 circuits. Page: /metrics of 1,000 circuits in SQLite; the slice is the longest time between two turns of the event loop, as the median and the longest of the pages.";

/** Makes the young generation so large that no garbage is collected while allocations are measured. */
export const nodeOptions = ["--min-semi-space-size=128", "--max-semi-space-size=128"];

const CALLS = 50_000;
/**
 * How many times to measure each breaker of a pair. The shortest time counts, because other programs
 * disturbed it least.
 */
const TURNS = 6;
const CIRCUITS = 1000;
const WITH = "with instrument";
const WITHOUT = "without";
const COLLECTION = "collection";
const PAGE = "page";

export async function run({ rounds }) {
  const pairs = Math.max(30, Math.ceil(rounds / 2));
  const contenders = [WITHOUT, WITH].map(contenderOf);
  const ratios = await ratiosOfPairs(pairs);
  const bytes = await allocatedBytes(contenders, { rounds: pairs, calls: 10_000 });
  const more = bytes.get(WITH) - bytes.get(WITHOUT);
  const rows = [
    {
      name: WITH,
      cells: {
        "/ without": { unit: "x", median: median(ratios) },
        "upper end": { unit: "x", median: intervalOfMedian(ratios).high },
        "more heap": { unit: "bytes", median: more },
      },
    },
    { name: COLLECTION, cells: { took: nanoseconds(collectionMs(pairs)) } },
    { name: PAGE, cells: await page(pairs) },
  ];
  return {
    rows,
    figures: [
      figure(rows, WITH, "upper end", 1.05),
      figure(rows, WITH, "more heap", 1),
      figure(rows, COLLECTION, "took", 10e6),
      figure(rows, PAGE, "slice", 5e6),
    ],
  };
}

const operation = async () => 1;

function nanoseconds(ms) {
  return { unit: "ns", median: ms * 1e6 };
}

/** Returns a meter and a logger of a fake SDK, which keeps no values. */
function telemetry(hear = () => undefined) {
  const make = () => ({});
  const meter = {
    createObservableCounter: make,
    createObservableUpDownCounter: make,
    createObservableGauge: make,
    addBatchObservableCallback: hear,
    removeBatchObservableCallback: () => undefined,
  };
  return { meter, logger: { emit: () => undefined } };
}

/** Returns a contender that calls a new breaker, with or without metrics. */
function contenderOf(name) {
  const registry = createRegistry();
  const breaker = registry.get("api");
  if (name === WITH) instrument(registry, telemetry());
  return contender(name, "awaited", () => breaker.execute(operation));
}

/**
 * Returns the ratio of the two times for each pair of breakers. Each pair is new, because a breaker's place
 * in memory can change the time of a call by 5 %.
 */
async function ratiosOfPairs(pairs) {
  const ratios = [];
  for (let pair = -5; pair < pairs; pair++) {
    const names = pair % 2 === 0 ? [WITHOUT, WITH] : [WITH, WITHOUT];
    const best = new Map(names.map((name) => [name, Number.POSITIVE_INFINITY]));
    const contenders = names.map((name) => [name, contenderOf(name)]);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [name, { run }] of contenders) {
        globalThis.gc({ type: "minor" });
        const startedMs = performance.now();
        if ((await run(CALLS)) !== CALLS) throw new Error("a call failed");
        best.set(name, Math.min(best.get(name), performance.now() - startedMs));
      }
    }
    if (pair >= 0) ratios.push(best.get(WITH) / best.get(WITHOUT));
  }
  return ratios;
}

function collectionMs(rounds) {
  const registry = createRegistry({ defaults: { failureThreshold: 1 } });
  let collect;
  instrument(registry, {
    ...telemetry((callback) => {
      collect = callback;
    }),
  });
  for (let index = 0; index < CIRCUITS; index++) {
    const permit = registry.get(`registry:${index}.example.com`).acquire();
    if (index % 10 === 0) permit.failure(new Error("down"));
    else permit.success();
  }
  let observed = 0;
  const result = {
    observe() {
      observed += 1;
    },
  };
  const times = Array.from({ length: rounds + 10 }, () => {
    const startedMs = performance.now();
    collect(result);
    return performance.now() - startedMs;
  });
  if (observed < CIRCUITS) throw new Error("nothing was observed");
  return median(times.slice(10));
}

async function page(rounds) {
  const { sqliteStore } = await import("../../../dist/fleet/sqlite/index.js");
  const folder = mkdtempSync(join(tmpdir(), "bench-metrics-"));
  const store = sqliteStore({ path: join(folder, "fleet.db") });
  try {
    await fill(store);
    const slices = [];
    const times = [];
    let size = 0;
    for (let round = -5; round < rounds; round++) {
      const watch = watchLoop();
      const startedMs = performance.now();
      const entries = await readShared((question) => question(store));
      const text = Buffer.from(await sharedPage(entries, 300, []));
      const tookMs = performance.now() - startedMs;
      size = text.length;
      const slice = await watch.end();
      if (round >= 0) slices.push(slice);
      if (round >= 0) times.push(tookMs);
    }
    return {
      took: nanoseconds(median(times)),
      slice: nanoseconds(median(slices)),
      "longest slice": nanoseconds(Math.max(...slices)),
      size: { unit: "bytes", median: size },
    };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function fill(store) {
  const policy = {
    badSeconds: 5,
    windowMs: 60_000,
    minimumReporters: 1,
    resetTimeoutMs: 60_000,
    maxOpenMs: 3_600_000,
    openTimeGrowthFactor: 1,
    openTimeJitter: 0,
    halfOpenMaxCalls: 1,
    halfOpenSuccessThreshold: 1,
    halfOpenProbeTimeoutMs: 60_000,
  };
  const reporter = { id: "a", host: "runner-1", run: null };
  for (let index = 0; index < CIRCUITS; index++) {
    const opens = index % 10 === 0;
    const key = { scope: "egress", name: `registry:${index}.example.com` };
    const counts = { successes: opens ? 0 : 1, failures: opens ? 1 : 0 };
    const state = { generation: null, leases: [], failure: null, retryAfterMs: 0, chance: 0 };
    await store.run(key, { kind: "settle", policy, reporter, ...state, ...counts, openNow: opens });
  }
}

/** Measures the longest time between two turns of the event loop. */
function watchLoop() {
  let longestMs = 0;
  let lastMs = performance.now();
  let next = setImmediate(function turn() {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    next = setImmediate(turn);
  });
  return {
    async end() {
      await new Promise((resolve) => setImmediate(resolve));
      clearImmediate(next);
      return longestMs;
    },
  };
}
