import { expect, test } from "vitest";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { askAll, type GuardRejection } from "./admission.js";

function openBreaker(name: string, resetTimeoutMs: number, clock = new VirtualClock()) {
  const breaker = new CircuitBreaker({ name, failureThreshold: 1, resetTimeoutMs, clock });
  breaker.acquire().failure(new Error("down"));
  return breaker;
}

function rejectionOf(breakers: readonly CircuitBreaker[]): GuardRejection {
  const asked = askAll(breakers);
  if ("value" in asked) throw new Error("nobody refused");
  expect(asked.refusedBy).toMatchObject({ name: asked.rejection.breakerName });
  return asked.rejection as GuardRejection;
}

test("returns a permit of every breaker if all admit", () => {
  const breakers = [new CircuitBreaker({ name: "a" }), new CircuitBreaker({ name: "b" })];
  expect(askAll(breakers)).toMatchObject({ value: [{ generation: 1 }, { generation: 1 }] });
  expect(breakers.map((breaker) => breaker.getMetrics().inFlightCount)).toEqual([1, 1]);
});

test("one rejection takes no permit of any breaker, and uses no probe slot of another", () => {
  const clock = new VirtualClock();
  const halfOpen = openBreaker("half-open", 10, clock);
  clock.advance(10);
  const open = openBreaker("open", 1000, clock);
  expect(rejectionOf([halfOpen, open]).breakerName).toBe("open");
  expect(halfOpen.state).toBe("open");
  expect(halfOpen.getMetrics().inFlightCount).toBe(0);
});

test("the rejection is that of the breaker with the longest wait", () => {
  const breakers = [
    openBreaker("short", 1000),
    openBreaker("long", 9000),
    openBreaker("middle", 5000),
  ];
  expect(rejectionOf(breakers)).toMatchObject({ breakerName: "long", retryAfterMs: 9000 });
});

test("an isolated breaker waits longer than any other", () => {
  const isolated = new CircuitBreaker({ name: "isolated" });
  isolated.isolate("maintenance");
  expect(rejectionOf([openBreaker("open", 9000), isolated]).breakerName).toBe("isolated");
});

test("releases the permits if a listener changes a breaker in between", () => {
  const clock = new VirtualClock();
  const first = openBreaker("first", 10, clock);
  clock.advance(10);
  const second = new CircuitBreaker({ name: "second" });
  first.on("stateChange", () => second.isolate("meanwhile"));
  expect(rejectionOf([first, second]).breakerName).toBe("second");
  expect(first.getMetrics().inFlightCount).toBe(0);
  expect(first.check().admits).toBe(true);
});

test("the rejection lists all rejections, also in its message, and can still be encoded as JSON", () => {
  const long = openBreaker("long", 9000);
  const rejection = rejectionOf([openBreaker("short", 1000), long, openBreaker("middle", 5000)]);
  const all = rejection.refusals.map(({ breakerName, retryAfterMs }) => [
    breakerName,
    retryAfterMs,
  ]);
  expect(all).toEqual([
    ["short", 1000],
    ["long", 9000],
    ["middle", 5000],
  ]);
  expect(rejection.message).toBe("circuit open: long, retry in 9s; also rejected by short, middle");
  expect(JSON.stringify(rejection)).not.toContain("short");
  expect(rejectionOf([long])).toMatchObject({ message: "circuit open: long, retry in 9s" });
});
