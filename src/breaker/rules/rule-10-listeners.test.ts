/** Rule 10: listeners receive all events in order, after the change, and affect no call. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { counted, revokedProxy, setUp, thenable, trip } from "../../../tests/breaker/harness.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { EVENT_NAMES } from "../events.js";
import type { CircuitBreakerOptions } from "../options.js";
import type { TripSnapshot } from "../trip/trip-policy.js";

const down = new Error("down");

afterEach(() => {
  vi.restoreAllMocks();
});

describe("rule 10: listeners", () => {
  test("there is an event for every outcome, rejection and change", async () => {
    const { breaker, clock } = setUp({ name: "api" });
    const heard: unknown[] = [];
    for (const name of EVENT_NAMES) breaker.on(name, (event) => heard.push([name, event]));
    const early = breaker.acquire();
    await breaker.execute(() => "value");
    breaker.acquire().ignore(down);
    const failing = breaker.acquire();
    clock.advance(50);
    failing.failure(down);
    const rejection = breaker.tryAcquire();
    early.failure(down);
    const common = { breakerName: "api", generation: 1 };
    expect(heard).toEqual([
      ["success", { ...common, outcome: "success", durationMs: 0, error: undefined }],
      ["ignored", { ...common, outcome: "ignored", durationMs: 0, error: down }],
      ["failure", { ...common, outcome: "failure", durationMs: 50, error: down }],
      [
        "stateChange",
        {
          breakerName: "api",
          from: "closed",
          to: "open",
          control: "automatic",
          reason: "tripped",
          generation: 2,
          retryAfterMs: 1_000,
          error: down,
          trip: { policy: "consecutive", consecutiveFailures: 1 },
        },
      ],
      ["rejected", { breakerName: "api", error: rejection }],
      ["late", { ...common, outcome: "failure", durationMs: 50, error: down }],
    ]);
  });

  test("a change has a reason", () => {
    const { breaker, clock } = setUp();
    const reasons: string[] = [];
    breaker.on("stateChange", ({ from, to, reason }) => reasons.push(`${from}>${to} ${reason}`));
    breaker.acquire().failure(down);
    clock.advance(1_000);
    breaker.acquire().failure(down);
    clock.advance(1_000);
    breaker.acquire().success();
    trip(breaker);
    breaker.reset();
    breaker.isolate("maintenance");
    breaker.observe();
    breaker.disable();
    breaker.release();
    expect(reasons).toEqual([
      "closed>open tripped",
      "open>half-open open-time-over",
      "half-open>open probe-failed",
      "open>half-open open-time-over",
      "half-open>closed probe-succeeded",
      "closed>open opened-at-once",
      "open>closed reset",
      "closed>open isolate",
      "open>closed observe",
      "closed>closed disable",
      "closed>closed release",
    ]);
  });

  test("only a change to open has a failure and a time", () => {
    const { breaker, clock } = setUp();
    const told: unknown[] = [];
    breaker.on("stateChange", ({ error, retryAfterMs }) => told.push([error, retryAfterMs]));
    trip(breaker, down);
    clock.advance(1_000);
    breaker.acquire().success();
    breaker.isolate("maintenance");
    const nothing = [undefined, undefined];
    expect(told).toEqual([[down, 1_000], nothing, nothing, nothing]);
  });

  test.each<[what: string, options: CircuitBreakerOptions, failures: number, trip: TripSnapshot]>([
    [
      "failures in a row",
      { failureThreshold: 3 },
      3,
      { policy: "consecutive", consecutiveFailures: 3 },
    ],
    [
      "failures in a window",
      { trip: { failures: 3, windowMs: 1_000 } },
      3,
      { policy: "failures", failures: 3 },
    ],
    [
      "a rate over calls",
      { trip: { failureRate: 0.5, windowCalls: 10, minimumCalls: 4 } },
      3,
      { policy: "failureRate", calls: 4, failures: 3, slowCalls: 0 },
    ],
    [
      "a rate over time",
      { trip: { failureRate: 0.5, windowMs: 10_000, minimumCalls: 4 } },
      3,
      { policy: "failureRate", calls: 4, failures: 3, slowCalls: 0 },
    ],
    [
      "bad seconds",
      { trip: { badSeconds: 2, windowMs: 60_000 } },
      4,
      { policy: "badSeconds", badSeconds: 2 },
    ],
  ])("a change to open carries the counts: %s", (_what, options, failures, trip) => {
    // The time advances with every read: the event must carry the moment of the trip.
    const clock = new VirtualClock();
    const now = () => {
      clock.advance(500);
      return clock.now();
    };
    const { breaker } = setUp({ ...options, clock: { now } });
    const heard: unknown[] = [];
    breaker.on("stateChange", (event) => heard.push(event.trip));
    breaker.acquire().success();
    for (let call = 0; call < failures; call++) breaker.acquire().failure(down);
    breaker.tryAcquire();
    expect(breaker.state).toBe("open");
    expect(heard).toEqual([trip]);
    expect(breaker.getMetrics().trip).toEqual(trip);
  });

  test("the counts are kept until the circuit closes, and a failed probe carries them on", () => {
    const { breaker, clock } = setUp({ failureThreshold: 2 });
    const heard: unknown[] = [];
    breaker.on("stateChange", (event) => heard.push([event.reason, event.trip]));
    const trip = { policy: "consecutive", consecutiveFailures: 2 };
    breaker.acquire().failure(down);
    breaker.acquire().failure(down);
    clock.advance(1_000);
    expect(breaker.getMetrics().trip).toEqual(trip);
    breaker.acquire().failure(down);
    expect(breaker.getMetrics().trip).toEqual(trip);
    clock.advance(1_000);
    breaker.acquire().success();
    const empty = { policy: "consecutive", consecutiveFailures: 0 };
    expect(breaker.getMetrics().trip).toEqual(empty);
    breaker.acquire().failure(down, { openNow: true });
    breaker.isolate("maintenance");
    expect(breaker.getMetrics().trip).toBeUndefined();
    expect(heard).toEqual([
      ["tripped", trip],
      ["open-time-over", undefined],
      ["probe-failed", trip],
      ["open-time-over", undefined],
      ["probe-succeeded", undefined],
      ["opened-at-once", { policy: "consecutive", consecutiveFailures: 1 }],
      ["isolate", undefined],
    ]);
  });

  test("a listener cannot change the counts that metrics keep", () => {
    const { breaker } = setUp();
    breaker.on("stateChange", ({ trip }) => {
      (trip as { consecutiveFailures: number }).consecutiveFailures = 99;
    });
    vi.spyOn(process, "emitWarning").mockReturnValue();
    breaker.acquire().failure(down);
    expect(breaker.getMetrics().trip).toEqual({ policy: "consecutive", consecutiveFailures: 1 });
  });

  test("a control that changes neither state nor control causes no event", () => {
    const { breaker } = setUp();
    const listener = vi.fn();
    breaker.on("stateChange", listener);
    breaker.reset();
    breaker.release();
    expect(listener).not.toHaveBeenCalled();
  });

  test("on returns a function that removes the listener, and calling it twice is fine", () => {
    const { breaker } = setUp();
    const listener = vi.fn();
    const takeOff = breaker.on("success", listener);
    const takeOther = breaker.on("success", listener);
    breaker.acquire().success();
    takeOff();
    takeOff();
    breaker.acquire().success();
    takeOther();
    breaker.acquire().success();
    expect(listener).toHaveBeenCalledTimes(3);
  });

  test("they run after the change, for every event", () => {
    const { breaker } = setUp();
    const states: string[] = [];
    breaker.on("failure", () => states.push(breaker.state));
    breaker.on("stateChange", () => states.push(breaker.state));
    breaker.acquire().failure(down);
    expect(states).toEqual(["open", "open"]);
  });

  test("changes that listeners cause are delivered in the order in which they happened", () => {
    const { breaker } = setUp();
    const heard: string[] = [];
    breaker.on("failure", () => breaker.reset());
    breaker.on("stateChange", ({ reason }) => heard.push(`first ${reason}`));
    breaker.on("stateChange", ({ reason }) => {
      if (reason === "reset") breaker.isolate("maintenance");
    });
    breaker.on("stateChange", ({ reason }) => heard.push(`last ${reason}`));
    breaker.acquire().failure(down);
    expect(heard).toEqual([
      "first tripped",
      "last tripped",
      "first reset",
      "last reset",
      "first isolate",
      "last isolate",
    ]);
  });

  test("an admission that trips or probes is delivered before the events that listeners cause", () => {
    const { breaker, clock } = setUp({ trip: { badSeconds: 1, windowMs: 5_000 } });
    const heard: string[] = [];
    breaker.on("stateChange", ({ reason }) => {
      heard.push(reason);
      if (reason === "tripped") breaker.reset();
    });
    breaker.on("rejected", ({ error }) =>
      heard.push(`rejected ${error.state} ${error.generation}`),
    );
    breaker.acquire().failure(down);
    clock.advance(1_000);
    expect(breaker.tryAcquire()).toMatchObject({ reason: "open", state: "open", generation: 2 });
    expect(heard).toEqual(["tripped", "rejected open 2", "reset"]);
  });

  test("a listener added during delivery does not receive that event", () => {
    const { breaker } = setUp();
    const late = vi.fn();
    breaker.on("success", () => breaker.on("success", late));
    breaker.acquire().success();
    expect(late).not.toHaveBeenCalled();
  });

  test.each<[string, () => unknown]>([
    ["throws", () => broken()],
    ["rejects", () => Promise.reject(down)],
    ["returns a thenable that throws", () => thenable(() => broken())],
    ["throws what cannot be looked at", () => broken(revokedProxy())],
    ["throws an error without a name to print", () => broken({ name: Symbol("x") })],
  ])(
    "one that %s affects neither call nor state, nor the other listeners",
    async (_how, listener) => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      const { breaker } = setUp();
      const other = vi.fn();
      for (const name of ["success", "failure", "stateChange"] as const) breaker.on(name, listener);
      breaker.on("stateChange", other);
      expect(await breaker.execute(() => "value")).toBe("value");
      await expect(breaker.execute(() => Promise.reject(down))).rejects.toBe(down);
      await settled();
      expect(breaker.state).toBe("open");
      expect(other).toHaveBeenCalledTimes(1);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn).toHaveBeenCalledWith(
        expect.stringMatching(
          /^a listener of circuit breaker "default" failed; the error was ignored: /,
        ),
        { type: "CircuitBreakerWarning" },
      );
      expect(counted(breaker)).toEqual({ successCount: 1, failureCount: 1, stateChanges: 1 });
    },
  );

  test("the warning names the kind of the error, never its message", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const throwing = (thrown: unknown) => {
      const { breaker } = setUp();
      breaker.on("success", () => broken(thrown));
      breaker.acquire().success();
      return String(warn.mock.lastCall?.[0]);
    };
    expect(throwing(new TypeError("secret"))).toMatch(/ignored: TypeError$/);
    expect(throwing("secret")).toMatch(/ignored: string$/);
    expect(throwing(revokedProxy())).toMatch(/ignored: object$/);
  });
});

function broken(thrown: unknown = down): never {
  throw thrown;
}

async function settled(): Promise<void> {
  for (let tick = 0; tick < 5; tick++) await undefined;
}
