import { expect, test } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { CircuitBreakerOptions } from "../breaker/options.js";
import { createFleet } from "../fleet/client/fleet.js";
import type { FleetChangeEvent, FleetEvents } from "../fleet/client/fleet-events.js";
import { memoryStore } from "../fleet/memory/memory-store.js";
import { UNKNOWN_SNAPSHOT } from "../fleet/rules/snapshot.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { type LogFormat, type Logger, logTo } from "./log.js";

/** Creates a logger that keeps the arguments of its calls. `more` has the methods that identify its library. */
function keepingLogger(more: object = {}) {
  const calls: unknown[][] = [];
  const at =
    (level: string) =>
    (...values: unknown[]) =>
      void calls.push([level, ...values]);
  return { calls, debug: at("debug"), info: at("info"), warn: at("warn"), ...more };
}

/** Logs a breaker whose reset timeout is a minute, and which opened 1.5 s ago. */
function openedBreaker(logger: Logger, format?: LogFormat, options: CircuitBreakerOptions = {}) {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ name: "api", failureThreshold: 2, clock, ...options });
  logTo(breaker, logger, { format });
  breaker.acquire().failure(new RangeError("token=hunter2"));
  breaker.acquire().failure(new RangeError("token=hunter2"));
  clock.advance(1500.25);
  breaker.tryAcquire();
}

const OPENED =
  'circuit "api" opened: 2 consecutive failures (next probe in 60s, last failure: RangeError)';
const REJECTED = 'circuit "api" rejected a call: open (retry in 59s)';
const OPENED_FIELDS = {
  event: "stateChange",
  breaker: "api",
  from: "closed",
  to: "open",
  control: "automatic",
  reason: "tripped",
  generation: 2,
  retryAfterMs: 60_000,
  counts: { policy: "consecutive", consecutiveFailures: 2 },
  failure: "RangeError",
};
const REJECTED_FIELDS = {
  event: "rejected",
  breaker: "api",
  state: "open",
  reason: "open",
  generation: 2,
  retryAfterMs: 58_500,
};

test.each<[string, object]>([
  ["pino", { bindings: () => ({}), child() {}, level: "info" }],
  ["bunyan", { addStream() {}, fields: {} }],
])("a logger like %s gets fields first, then the message", (_name, more) => {
  const logger = keepingLogger(more);
  openedBreaker(logger);
  expect(logger.calls).toEqual([
    ["warn", OPENED_FIELDS, OPENED],
    ["debug", REJECTED_FIELDS, REJECTED],
  ]);
});

test("a logger like winston gets the message first, then fields", () => {
  const logger = keepingLogger({ configure() {}, transports: [] });
  openedBreaker(logger);
  expect(logger.calls).toEqual([
    ["warn", OPENED, OPENED_FIELDS],
    ["debug", REJECTED, REJECTED_FIELDS],
  ]);
});

test("a child that inherits its methods is known as its parent is", () => {
  const parent = keepingLogger({ configure() {}, transports: [] });
  openedBreaker(Object.create(parent));
  expect(parent.calls[0]).toEqual(["warn", OPENED, OPENED_FIELDS]);
});

test("console and any other logger get plain text", () => {
  const logger = keepingLogger({ child() {}, level: "info" });
  openedBreaker(logger);
  expect(logger.calls).toEqual([
    ["warn", OPENED],
    ["debug", REJECTED],
  ]);
});

test.each<[LogFormat, unknown[]]>([
  ["fields-first", ["warn", OPENED_FIELDS, OPENED]],
  ["message-first", ["warn", OPENED, OPENED_FIELDS]],
  ["text", ["warn", OPENED]],
])("the format %j can be stated, whatever the logger looks like", (format, call) => {
  const logger = keepingLogger({ bindings: () => ({}) });
  openedBreaker(logger, format);
  expect(logger.calls[0]).toEqual(call);
});

test("a format that does not exist is an error that names those that do", () => {
  const wrong = { format: "pino" as never };
  expect(() => logTo(new CircuitBreaker(), console, wrong)).toThrow(
    'logTo option "format" is "pino", expected "auto", "fields-first", "message-first" or "text"',
  );
});

test.each<[CircuitBreakerOptions, string, object]>([
  [
    { trip: { badSeconds: 1, windowMs: 60_000 } },
    "1 bad second in a row",
    { policy: "badSeconds" },
  ],
  [{ trip: { failures: 2, windowMs: 60_000 } }, "2 failures", { policy: "failures", failures: 2 }],
  [
    { trip: { failureRate: 0.5, windowMs: 60_000, minimumCalls: 2 } },
    "2 of 2 calls failed",
    { policy: "failureRate", calls: 2, failures: 2 },
  ],
])("a circuit that %j opens is told with its counts", (options, words, counts) => {
  const clock = new VirtualClock();
  const logger = keepingLogger({ bindings: () => ({}) });
  const breaker = new CircuitBreaker({ name: "api", clock, ...options });
  logTo(breaker, logger);
  for (let call = 0; call < 2; call += 1) breaker.acquire().failure();
  clock.advance(1000);
  breaker.tryAcquire();
  const [level, fields, message] = logger.calls[0] ?? [];
  expect({ level, fields }).toMatchObject({ level: "warn", fields: { counts } });
  expect(message).toContain(`opened: ${words} (`);
});

test("a name with line breaks or commands of a CI system stays one harmless line", () => {
  const logger = keepingLogger();
  const breaker = new CircuitBreaker({ name: "a\n::error::b", failureThreshold: 1 });
  logTo(breaker, logger);
  breaker.acquire().failure();
  expect(String(logger.calls[0]?.[1])).not.toMatch(/\n|^::/);
});

test("changes of shared circuits are logged with the process that caused them, until stopped", async () => {
  const fleet = createFleet({ store: memoryStore() });
  const logger = keepingLogger({ bindings: () => ({}) });
  const stop = logTo(fleet, logger);
  const shared = fleet.share(
    new CircuitBreaker({ name: "hub", trip: { badSeconds: 5, windowMs: 60_000 } }),
  );
  await fleet.isolate("hub", { reason: "maintenance", expiresInMs: 60_000, owner: "ada" });
  await expect.poll(() => logger.calls.length).toBe(1);
  const [level, fields, message] = logger.calls[0] ?? [];
  expect({ level, fields }).toMatchObject({
    level: "info",
    fields: {
      event: "sharedChange",
      scope: "default",
      breaker: "hub",
      to: "open",
      control: "isolated",
    },
  });
  expect((fields as { retryAfterMs: number }).retryAfterMs % 1).toBe(0);
  expect(message).toContain('shared circuit "hub"');
  await expect(shared.execute(() => 1)).rejects.toThrow("isolated");
  expect(logger.calls[1]?.slice(0, 2)).toMatchObject([
    "debug",
    { event: "rejected", reason: "isolated" },
  ]);
  stop();
  await fleet.release("hub");
  expect(logger.calls).toHaveLength(2);
  await fleet.close();
});

/** Returns a fleet whose events the test emits. */
function fakeFleet() {
  const listeners: { [N in keyof FleetEvents]?: (event: FleetEvents[N]) => void } = {};
  return {
    droppedCount: 2,
    scope: "default",
    on<N extends keyof FleetEvents>(name: N, listener: (event: FleetEvents[N]) => void) {
      (listeners as Record<string, unknown>)[name] = listener;
      return () => delete listeners[name];
    },
    getMetrics() {
      return { droppedCount: this.droppedCount };
    },
    listeners,
  };
}

test("a store that goes down is a warning, and so are outcomes that it never got", () => {
  const fleet = fakeFleet();
  const logger = keepingLogger({ bindings: () => ({}) });
  logTo(fleet as never, logger);
  fleet.listeners.storeDown?.({ store: "redis", reason: "no reply within 500 ms" });
  fleet.droppedCount = 5;
  fleet.listeners.storeUp?.({ store: "redis", downMs: 12_000 });
  fleet.listeners.storeUp?.({ store: "redis", downMs: 900 });
  expect(logger.calls).toEqual([
    [
      "warn",
      { event: "storeDown", store: "redis", reason: "no reply within 500 ms" },
      "the store of shared circuits (redis) is down: no reply within 500 ms; this process decides alone",
    ],
    [
      "warn",
      { event: "storeUp", store: "redis", downMs: 12_000, droppedCount: 3 },
      "the store of shared circuits (redis) answers again after 12s (3 outcomes of this process could not be reported)",
    ],
    [
      "info",
      { event: "storeUp", store: "redis", downMs: 900, droppedCount: 0 },
      "the store of shared circuits (redis) answers again after 1s",
    ],
  ]);
});

test.each<[Partial<FleetChangeEvent>, string, string]>([
  [
    { snapshot: { ...UNKNOWN_SNAPSHOT, state: "open", retryAfterMs: 60_000 } },
    "warn",
    'shared circuit "hub" is open (retry in 60s)',
  ],
  [{ snapshot: UNKNOWN_SNAPSHOT }, "info", 'shared circuit "hub" is closed'],
])("a change whose cause is not known is told by its result", (event, level, message) => {
  const fleet = fakeFleet();
  const logger = keepingLogger();
  logTo(fleet as never, logger);
  fleet.listeners.change?.({
    scope: "default",
    name: "hub",
    change: null,
    snapshot: UNKNOWN_SNAPSHOT,
    ...event,
  });
  expect(logger.calls).toEqual([[level, message]]);
});
