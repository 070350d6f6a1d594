/**
 * Tests that ten thousand simulated runners have the expected results, and that docs/fleet-simulation.md
 * shows them.
 */

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import {
  type Findings,
  pageWithFindings,
  pictureOf,
  simulate,
  simulateAll,
} from "./simulation/index.js";
import type { Finding } from "./simulation/scenarios.js";
import type { Result } from "./simulation/tally.js";
import { REQUESTS } from "./simulation/upstream.js";

const page = read("docs/fleet-simulation.md");
const picture = read("docs/images/fleet-outage.svg");
/**
 * The registry's answer in each outage. `OPEN_S` has the reset timeout of the shared circuit after that
 * answer.
 */
const ANSWERS = ["refused", "unavailable", "limited"] as const;
const OPEN_S = [60, 60, 120];
/** The longest duration of a pull, rounded up. The probe that ends an open time takes at most that long. */
const PROBE_S = 2;
/** Number of pulls of a broken runner that attracts jobs: one every five seconds, for six hours. */
const DRAWN_PULLS = (6 * 3600) / 5;

let findings: Findings;

beforeAll(async () => {
  findings = await simulateAll();
}, 900_000);

test("a shared circuit keeps more than 99.5 % of the requests from a registry that is down", () => {
  expect(findings.outages).toHaveLength(3);
  for (const { none, shared } of findings.outages.map(byProtection)) {
    expect(none.vainRequests).toBeGreaterThan(20_000);
    expect(shared.vainRequests).toBeLessThan(none.vainRequests * 0.005);
    expect(shared.trips).toBe(1);
  }
});

test("a shared circuit lets at most one pull through for each open time once it has opened", () => {
  const pullsPerMinute = findings.outages.map((finding, index) => {
    const requestsPerPull = REQUESTS[ANSWERS[index] ?? "served"];
    return byProtection(finding).shared.vainRequestsPerMinuteThen / requestsPerPull;
  });
  expect(pullsPerMinute).toHaveLength(OPEN_S.length);
  for (const [index, openS] of OPEN_S.entries()) {
    expect(pullsPerMinute[index]).toBeGreaterThan(0);
    expect(pullsPerMinute[index]).toBeLessThanOrEqual(60 / openS);
  }
});

test("a breaker in each short process stops few pulls, but each meets a rate limit only once", () => {
  const [refused, unavailable, limited] = findings.outages.map((finding) => byProtection(finding));
  for (const outage of [refused, unavailable]) {
    expect(outage?.local.vainRequests).toBeGreaterThan((outage?.none.vainRequests ?? 0) * 0.9);
    expect(outage?.local.localTrips).toBeGreaterThan(0);
  }
  expect(limited?.local.vainRequests).toBeLessThan((limited?.none.vainRequests ?? 0) * 0.3);
  expect(limited?.local.vainRequests).toBeGreaterThan((limited?.shared.vainRequests ?? 0) * 100);
});

test("all pulls pass again within the rest of an open time, and at once without a guard", () => {
  for (const [index, finding] of findings.outages.entries()) {
    const { none, shared } = byProtection(finding);
    expect(none.allBackS).toBe(0);
    expect(shared.halfBackS).toBeLessThanOrEqual(shared.allBackS);
    expect(shared.allBackS).toBeGreaterThan(0);
    expect(shared.allBackS).toBeLessThanOrEqual((OPEN_S[index] ?? 0) + PROBE_S);
  }
});

test("a blip, one failure in a hundred and one broken runner in a hundred cause no false rejection", () => {
  expect(findings.harmless).toHaveLength(5);
  for (const { results } of findings.harmless) {
    for (const { failedPulls, wronglyRefusedPulls, trips } of results) {
      expect(failedPulls).toBeGreaterThan(20);
      expect(wronglyRefusedPulls).toBe(0);
      expect(trips).toBe(0);
    }
  }
});

test("a broken runner opens the circuit of its own process", () => {
  for (const { name, results } of findings.harmless) {
    const opened = results.map(({ localTrips }) => localTrips > 0);
    expect(opened, name).toEqual(Array(2).fill(name.includes("no network")));
  }
});

test("a broken runner that draws jobs costs the others few pulls at one per second, most at two per minute", () => {
  const [busiest, , idlest] = findings.drawing.map(({ pullsPerMinute, byProcess }) => {
    return {
      pullsPerMinute,
      wrongedShare: byProcess.wronglyRefusedPulls / (byProcess.pulls - DRAWN_PULLS),
    };
  });
  expect(busiest?.pullsPerMinute).toBe(60);
  expect(busiest?.wrongedShare).toBeLessThan(0.01);
  expect(idlest?.pullsPerMinute).toBe(2);
  expect(idlest?.wrongedShare).toBeGreaterThan(0.5);
});

test("counted by machine, a broken runner that draws jobs opens nothing for the others, however few pulls they make", () => {
  expect(findings.drawing.length).toBeGreaterThan(1);
  for (const { byMachine } of findings.drawing) {
    expect(byMachine.failedPulls).toBeGreaterThan(4_000);
    expect(byMachine).toMatchObject({ trips: 0, wronglyRefusedPulls: 0 });
  }
});

test("a shared circuit of a guard recovers within a minute, at the price of a probe per minute", () => {
  expect(findings.lengths.length).toBeGreaterThan(1);
  for (const { minutes, growing, steady } of findings.lengths) {
    expect(steady.allBackS).toBeLessThanOrEqual(60 + PROBE_S);
    expect(steady.reopenings).toBeLessThanOrEqual(minutes);
    expect(steady.reopenings).toBeGreaterThan(growing.reopenings);
  }
});

test("a growing open time outlasts an outage, by up to the length of the outage", () => {
  for (const { minutes, growing } of findings.lengths) {
    expect(growing.allBackS).toBeLessThanOrEqual(minutes * 60 + PROBE_S);
  }
  expect(findings.lengths.some(({ growing }) => growing.allBackS > 10 * 60)).toBe(true);
});

test("the same seed gives the same result, and another one a different one", async () => {
  const outcome = async (seed: number) => {
    const traffic = { ...SMALL, seed };
    return simulate({ name: "small", traffic, trouble: DOWN }, ["none", "local", "shared"]);
  };
  const first = await outcome(1);
  expect(await outcome(1)).toEqual(first);
  expect(await outcome(2)).not.toEqual(first);
});

test("rejects jobs that begin faster than they end", async () => {
  const traffic = { ...SMALL, jobsPerHour: 30 };
  await expect(simulate({ name: "too much", traffic }, ["none"])).rejects.toThrow(
    /jobsPerHour is 30/,
  );
});

test("the page and the picture match the simulation; otherwise run scripts/simulate-fleet.mjs --write", () => {
  expect(page).toBe(pageWithFindings(page, findings));
  expect(picture).toBe(pictureOf(findings.outages));
});

test("other findings would change the page and the picture, and a page without markers is rejected", () => {
  const [first, ...others] = findings.outages;
  const results = first?.results.slice(1) ?? [];
  const outages = [{ name: "something else", results }, ...others];
  expect(pageWithFindings(page, { ...findings, outages })).toContain("| something else |");
  expect(pictureOf(outages)).not.toBe(picture);
  expect(() => pageWithFindings("# Page", findings)).toThrow(/lacks/);
});

const SMALL = {
  runners: 200,
  jobsPerHour: 10,
  brokenRunners: 2,
  drawsJobs: false,
  lengthMs: 1_800_000,
  seed: 1,
};
const DOWN = { fromMs: 300_000, untilMs: 900_000, failingShare: 1, answer: "refused" } as const;

function byProtection({ name, results }: Finding): Record<"none" | "local" | "shared", Result> {
  const [none, local, shared] = results;
  if (!none || !local || !shared) throw new Error(`"${name}" was not run with all protections`);
  return { none, local, shared };
}

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}
