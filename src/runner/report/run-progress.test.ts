import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type RunProgress, WaitTeller } from "./run-progress.js";

beforeEach(() => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => vi.useRealTimers());

function told() {
  const events: RunProgress[] = [];
  return { events, teller: new WaitTeller((event) => events.push(event)) };
}

test("reports a wait when it begins, and each minute until it ends", () => {
  const { events, teller } = told();
  teller.waits("engine", 150_000);
  expect(events).toEqual([{ kind: "waiting", circuit: "engine", leftMs: 150_000 }]);
  vi.advanceTimersByTime(120_000);
  expect(events.slice(1)).toEqual([
    { kind: "still-waiting", circuit: "engine", leftMs: 90_000 },
    { kind: "still-waiting", circuit: "engine", leftMs: 30_000 },
  ]);
  teller.end();
  vi.advanceTimersByTime(600_000);
  expect(events).toHaveLength(3);
});

test("reports a circuit that is asked repeatedly once, and another one anew", () => {
  const { events, teller } = told();
  for (let asked = 0; asked < 50; asked += 1) teller.waits("engine", 100);
  teller.waits("git:github.com", 1000);
  expect(events.map(({ kind }) => kind)).toEqual(["waiting", "waiting"]);
  teller.end();
});

test("does not report the start of our own delay, which the failed attempt reports", () => {
  const { events, teller } = told();
  teller.waits(null, 90_000);
  expect(events).toEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(events).toEqual([{ kind: "still-waiting", circuit: null, leftMs: 30_000 }]);
  teller.end();
});
