/** What ten thousand simulated runners must come to, and that docs/fleet-simulation.md tells just that. */

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

const page = read("docs/fleet-simulation.md");
const picture = read("docs/images/fleet-outage.svg");
const RESET_TIMEOUT_S = 60;

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

test("a shared circuit lets less than one pull a minute through once it has opened", () => {
  const [refused, unavailable, limited] = findings.outages.map((finding) => byProtection(finding));
  expect(refused?.shared.vainRequestsPerMinuteThen).toBeLessThan(1);
  expect(unavailable?.shared.vainRequestsPerMinuteThen).toBeLessThan(2);
  expect(limited?.shared.vainRequestsPerMinuteThen).toBeLessThan(6);
});

test("a breaker in each short process stops few pulls, except that a rate limit is met once by each", () => {
  const [refused, unavailable, limited] = findings.outages.map((finding) => byProtection(finding));
  for (const outage of [refused, unavailable]) {
    expect(outage?.local.vainRequests).toBeGreaterThan((outage?.none.vainRequests ?? 0) * 0.9);
    expect(outage?.local.localTrips).toBeGreaterThan(0);
  }
  expect(limited?.local.vainRequests).toBeLessThan((limited?.none.vainRequests ?? 0) * 0.3);
  expect(limited?.local.vainRequests).toBeGreaterThan((limited?.shared.vainRequests ?? 0) * 100);
});

test("all pulls pass again within what is left of an open time, and at once where nothing is guarded", () => {
  for (const { none, shared } of findings.outages.map(byProtection)) {
    expect(none.allBackS).toBe(0);
    expect(shared.halfBackS).toBeLessThanOrEqual(shared.allBackS);
    expect(shared.allBackS).toBeGreaterThan(0);
    expect(shared.allBackS).toBeLessThan(3 * RESET_TIMEOUT_S);
  }
});

test("a blip, one failure in a hundred and one broken runner in a hundred refuse no pull that would be served", () => {
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

test("a broken runner that draws jobs costs the others hardly a pull where they make one every second", () => {
  const [busiest] = findings.drawing;
  expect(busiest?.pullsPerMinute).toBe(60);
  expect(busiest?.byProcess.pulls).toBeGreaterThan(40_000);
  expect(busiest?.byProcess.wronglyRefusedPulls).toBeLessThan(100);
});

test("counted by machine, a broken runner that draws jobs opens nothing for the others, however little they pull", () => {
  expect(findings.drawing.length).toBeGreaterThan(1);
  for (const { byMachine } of findings.drawing) {
    expect(byMachine.failedPulls).toBeGreaterThan(8_000);
    expect(byMachine).toMatchObject({ trips: 0, wronglyRefusedPulls: 0 });
  }
});

test("without growth of the open time all is back within one reset timeout, at the price of a probe a minute", () => {
  for (const { minutes, growing, steady } of findings.lengths) {
    expect(steady.allBackS).toBeLessThanOrEqual(RESET_TIMEOUT_S);
    expect(steady.reopenings).toBeLessThanOrEqual(minutes);
    expect(growing.reopenings).toBeLessThan(steady.reopenings);
    expect(growing.allBackS).toBeLessThanOrEqual(minutes * 60 + RESET_TIMEOUT_S);
  }
});

test("the same seed comes to the same, another one to something else", async () => {
  const outcome = async (seed: number) => {
    const traffic = { ...SMALL, seed };
    return simulate({ name: "small", traffic, trouble: DOWN }, ["none", "local", "shared"]);
  };
  const first = await outcome(1);
  expect(await outcome(1)).toEqual(first);
  expect(await outcome(2)).not.toEqual(first);
});

test("jobs that begin faster than they end are no traffic", async () => {
  const traffic = { ...SMALL, jobsPerHour: 30 };
  await expect(simulate({ name: "too much", traffic }, ["none"])).rejects.toThrow(
    /jobsPerHour is 30/,
  );
});

test("the page and the picture show what the simulation comes to: else run scripts/simulate-fleet.mjs --write", () => {
  expect(page).toBe(pageWithFindings(page, findings));
  expect(picture).toBe(pictureOf(findings.outages));
});

test("other findings would change the page and the picture, and a page without its markers is refused", () => {
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
