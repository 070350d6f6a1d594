import { logs } from "@opentelemetry/api-logs";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { afterEach, expect, test, vi } from "vitest";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { createFleet, type Fleet } from "../../fleet/client/fleet.js";
import { memoryStore } from "../../fleet/memory/memory-store.js";
import { createRegistry, type Registry } from "../../registry/registry.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { INSTRUMENTS, type Instrument } from "../metrics/instruments.js";
import { instrument } from "./instrument.js";

class Reader extends MetricReader {
  protected onShutdown = async () => {};
  protected onForceFlush = async () => {};
}

/** Sets up the OpenTelemetry SDK as an application would. */
function newSdk() {
  const reader = new Reader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test");
  const exporter = new InMemoryLogRecordExporter();
  const processors = [new SimpleLogRecordProcessor({ exporter })];
  const logger = new LoggerProvider({ processors }).getLogger("test");
  const collected = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  /** Returns the values of a metric. Each key is made of the point's attributes, without their prefix. */
  const values = async (name: string, circuit?: string) => {
    const found = (await collected()).find(({ descriptor }) => descriptor.name === name);
    const points = (found?.dataPoints ?? []).filter(
      ({ attributes }) =>
        circuit === undefined || attributes["dagger_breaker.circuit.name"] === circuit,
    );
    return Object.fromEntries(
      points.map(({ attributes, value }) => {
        const { "dagger_breaker.circuit.name": own, ...rest } = attributes;
        const words = circuit === undefined && own !== undefined ? [own] : [];
        return [[...words, ...Object.values(rest)].join(" "), value];
      }),
    );
  };
  const events = () => exporter.getFinishedLogRecords();
  return { meter, logger, collected, values, events };
}

const stops: (() => void)[] = [];
const fleets: Fleet[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
});

function start(source: Registry | Fleet, sdk: ReturnType<typeof newSdk>, maxCircuits?: number) {
  const { meter, logger } = sdk;
  const instrumentation = instrument(source, { meter, logger, maxCircuits });
  stops.push(instrumentation.stop);
  return instrumentation;
}

function newRegistry(maxBreakers = 5000) {
  const clock = new VirtualClock();
  const defaults = { failureThreshold: 2, resetTimeoutMs: 1500, clock };
  return { clock, registry: createRegistry({ maxBreakers, defaults }) };
}

const down = Object.assign(new Error("token=hunter2"), { code: "ECONNREFUSED" });

function open(registry: Registry, name: string): void {
  for (const error of [down, down]) registry.get(name).acquire().failure(error);
}

const OPEN = { closed: 0, open: 1, half_open: 0, isolated: 0 };
const CLOSED = { closed: 1, open: 0, half_open: 0, isolated: 0 };
const GONE = { closed: 0, open: 0, half_open: 0, isolated: 0 };
const STATUS = "dagger_breaker.circuit.status";

test("the SDK gets all metrics of a registry, with their names, units and descriptions", async () => {
  const sdk = newSdk();
  const { registry, clock } = newRegistry();
  start(registry, sdk);
  registry.get("api").acquire().success();
  open(registry, "api");
  registry.get("api").tryAcquire();
  clock.advance(250);
  const exported = await sdk.collected();
  const local: readonly Instrument[] = Object.values(INSTRUMENTS.local);
  expect(
    exported.map(({ descriptor: { name, unit, description } }) => [name, unit, description]),
  ).toEqual(local.map(({ name, unit, description }) => [name, unit, description]));
  expect(await sdk.values(STATUS, "api")).toEqual(OPEN);
  expect(await sdk.values("dagger_breaker.circuit.calls", "api")).toMatchObject({
    success: 1,
    failure: 2,
    rejected: 1,
  });
  expect(await sdk.values("dagger_breaker.circuit.failures", "api")).toEqual({
    "ECONNREFUSED false": 2,
  });
  expect(await sdk.values("dagger_breaker.circuit.open.time", "api")).toEqual({ "": 0.25 });
});

test("a change is an event with the counts that tripped, and never the text of an error", () => {
  const sdk = newSdk();
  const { registry } = newRegistry();
  start(registry, sdk);
  open(registry, "api");
  const [event, ...others] = sdk.events();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    eventName: "dagger_breaker.circuit.transition",
    severityNumber: 13,
    severityText: "WARN",
  });
  expect(event?.attributes).toEqual({
    "dagger_breaker.circuit.name": "api",
    "dagger_breaker.circuit.control": "automatic",
    "dagger_breaker.circuit.generation": 2,
    "dagger_breaker.circuit.retry_after": 1.5,
    "dagger_breaker.transition.from": "closed",
    "dagger_breaker.transition.to": "open",
    "dagger_breaker.transition.reason": "tripped",
    "dagger_breaker.counts.policy": "consecutive",
    "dagger_breaker.counts.consecutive_failures": 2,
    "error.type": "ECONNREFUSED",
  });
  expect(JSON.stringify(event?.attributes) + event?.body).not.toContain("hunter2");
});

test("nothing listens to single calls", () => {
  const on = vi.spyOn(CircuitBreaker.prototype, "on");
  const { registry } = newRegistry();
  start(registry, newSdk());
  registry.get("api");
  expect(on.mock.calls.map(([name]) => name)).toEqual(["stateChange"]);
  on.mockRestore();
});

test("a circuit that is gone reports 0 for each state, and its calls stay", async () => {
  const sdk = newSdk();
  const { registry } = newRegistry();
  start(registry, sdk);
  registry.get("here");
  open(registry, "api");
  expect(await sdk.values(STATUS, "api")).toEqual(OPEN);
  registry.delete("api");
  expect(await sdk.values(STATUS, "api")).toEqual(GONE);
  expect(await sdk.values("dagger_breaker.circuit.retry_after", "api")).toEqual({ "": 0 });
  expect(await sdk.values("dagger_breaker.circuit.calls", "api")).toMatchObject({ failure: 2 });
  open(registry, "api");
  expect(await sdk.values(STATUS, "api")).toEqual(OPEN);
  expect(await sdk.values(STATUS, "here")).toEqual(CLOSED);
});

test("of a thousand circuits the one that opens last is exported by name, and all are counted", async () => {
  const sdk = newSdk();
  const { registry } = newRegistry();
  start(registry, sdk);
  for (let index = 0; index < 1000; index += 1) registry.get(`c${index}`);
  expect(await sdk.values("dagger_breaker.circuits")).toEqual({ ...GONE, closed: 1000 });
  open(registry, "c999");
  expect(await sdk.values(STATUS, "c999")).toEqual(OPEN);
  expect(await sdk.values("dagger_breaker.circuits")).toEqual({ ...GONE, closed: 999, open: 1 });
  expect(await sdk.values(STATUS, "_OTHER")).toEqual({ ...GONE, closed: 699 });
});

test("the SDK never folds series into one, whatever circuits come, open and go", async () => {
  const sdk = newSdk();
  const { registry } = newRegistry(700);
  start(registry, sdk);
  for (let round = 0; round < 12; round += 1) {
    for (let index = 0; index < 100; index += 1) open(registry, `r${round}-${index}`);
    for (let index = 0; index < 200; index += 1) registry.get(`idle${round}-${index}`);
    for (const { descriptor, dataPoints } of await sdk.collected()) {
      const folded = dataPoints.filter(({ attributes }) => "otel.metric.overflow" in attributes);
      expect([descriptor.name, folded, dataPoints.length < 2000]).toEqual([
        descriptor.name,
        [],
        true,
      ]);
    }
    const states = await sdk.values("dagger_breaker.circuits");
    expect(states).toEqual({
      ...GONE,
      closed: registry.getAll().size - Number(states.open),
      open: states.open,
    });
    for (let index = 0; index < 100; index += 1) registry.delete(`r${round}-${index}`);
  }
});

test("registries of one meter are one sum, until each stops", async () => {
  const sdk = newSdk();
  const [one, other] = [newRegistry().registry, newRegistry().registry];
  start(one, sdk);
  const second = start(other, sdk);
  one.get("a");
  open(other, "b");
  expect(await sdk.values("dagger_breaker.circuits")).toEqual({ ...GONE, closed: 1, open: 1 });
  second.stop();
  second.stop();
  expect(await sdk.values("dagger_breaker.circuits")).toEqual({ ...GONE, closed: 1 });
  expect(await sdk.values(STATUS, "b")).toEqual(GONE);
});

test("after its stop nothing is read and no event is sent", async () => {
  const sdk = newSdk();
  const { registry } = newRegistry();
  const getAll = vi.spyOn(registry, "getAll");
  registry.get("api");
  start(registry, sdk)[Symbol.dispose]();
  getAll.mockClear();
  await sdk.collected();
  expect(getAll).not.toHaveBeenCalled();
  open(registry, "api");
  expect(sdk.events()).toEqual([]);
});

test("a fleet exports the circuits of its store and its own way to it", async () => {
  const sdk = newSdk();
  const store = memoryStore();
  const fleet = createFleet({ store, scope: "egress" });
  fleets.push(fleet);
  start(fleet, sdk);
  await fleet.open();
  const trip = { badSeconds: 1, windowMs: 60_000 };
  const shared = fleet.share(new CircuitBreaker({ name: "hub", trip }));
  const isolation = { reason: "x", owner: "ada", expiresInMs: 60_000 };
  await shared.isolate(isolation);
  const status = "dagger_breaker.shared.circuit.status";
  const isolated = {
    "egress closed": 0,
    "egress open": 0,
    "egress half_open": 0,
    "egress isolated": 1,
  };
  expect(await sdk.values(status, "hub")).toEqual(isolated);
  expect(await sdk.values("dagger_breaker.store.status")).toEqual({
    "memory up": 1,
    "memory down": 0,
  });
  const [event] = sdk.events();
  expect(event?.eventName).toBe("dagger_breaker.shared.circuit.transition");
  expect(event?.attributes).toMatchObject({
    "dagger_breaker.circuit.scope": "egress",
    "dagger_breaker.transition.reason": "isolate",
    "dagger_breaker.owner": "ada",
  });
});

test("a store that cannot be read is down, and its circuits keep their last values", async () => {
  const sdk = newSdk();
  const fleet = createFleet({ store: memoryStore(), scope: "egress" });
  start(fleet, sdk);
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    await fleet.isolate("hub", { reason: "x", owner: "ada", expiresInMs: 60_000 });
    const status = "dagger_breaker.shared.circuit.status";
    expect(await sdk.values(status, "hub")).toMatchObject({ "egress isolated": 1 });
    await fleet.close();
    vi.advanceTimersByTime(2000);
    expect(await sdk.values(status, "hub")).toMatchObject({ "egress isolated": 1 });
    expect(await sdk.values("dagger_breaker.store.status")).toMatchObject({ "memory down": 1 });
  } finally {
    vi.useRealTimers();
  }
});

test("without options the global providers are used", () => {
  const getLogger = vi.spyOn(logs, "getLogger");
  instrument(createRegistry()).stop();
  expect(getLogger).toHaveBeenCalledWith("dagger-circuit-breaker");
  getLogger.mockRestore();
});

test.each([
  [[{}], /^source is an object, expected a registry, a guarded client of Dagger or a fleet$/],
  [
    [createRegistry(), { meter: {} }],
    /instrument option "meter" is an object, expected .+createObservable/,
  ],
  [[createRegistry(), { logger: console }], /instrument option "logger" is .+, expected .+emit/],
  [[createRegistry(), { maxCircuits: 0 }], /"maxCircuits" is 0, expected .+1 to 10000/],
  [[createRegistry(), { metre: {} }], /instrument option "metre"/],
])("the wrong argument of call %# is told by name", (args, message) => {
  expect(() => instrument(...(args as Parameters<typeof instrument>))).toThrow(message);
});
