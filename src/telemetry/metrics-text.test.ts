import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createRegistry, type Registry } from "../registry/registry.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { INSTRUMENTS, type Instrument } from "./metrics/instruments.js";
import { prometheusName } from "./metrics/prometheus-text.js";
import { metricsText } from "./metrics-text.js";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses a page as Prometheus does. Fails when the page breaks the grammar. */
function parsed(page: string): Sample[] {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const seen = new Set<string>();
  let family = "";
  const must = (holds: boolean, line: string) => {
    if (!holds) expect.unreachable(`not as Prometheus reads it: ${line}`);
  };
  must(page.endsWith("\n"), page);
  for (const line of page.split("\n").slice(0, -1)) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      must(!types.has(name), line);
      family = name;
    } else if (kind === "TYPE") {
      must(name === family && ["counter", "gauge"].includes(rest), line);
      types.set(name, rest);
    } else {
      const sample = /^([a-z_]+)\{(.*)\} (\d+(?:\.\d+)?(?:e[+-]\d+)?)$/s.exec(line);
      const [, metric = "", labels = "", value = ""] = sample ?? expect.unreachable(line);
      must(metric === family && types.has(family) && !seen.has(`${metric}${labels}`), line);
      seen.add(`${metric}${labels}`);
      samples.push({ name: metric, labels: labelsOf(labels), value: Number(value) });
    }
  }
  return samples;
}

const LABEL = /^([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/s;

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ""; ) {
    const [all = "", name = "", value = ""] = LABEL.exec(rest) ?? expect.unreachable(rest);
    if (Object.hasOwn(labels, name)) expect.unreachable(text);
    labels[name] = value.replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char));
    rest = rest.slice(all.length);
  }
  return labels;
}

function samplesOf(registry: Registry, name: string, maxCircuits?: number) {
  return parsed(metricsText(registry, maxCircuits === undefined ? {} : { maxCircuits }))
    .filter((sample) => sample.name === name)
    .map(({ labels, value }) => ({
      ...Object.fromEntries(
        Object.entries(labels).map(([label, text]) => [label.replace(/^.*_/, ""), text]),
      ),
      value,
    }));
}

const down = Object.assign(new Error("token=hunter2"), { code: "ECONNREFUSED" });

function newRegistry() {
  const clock = new VirtualClock();
  const defaults = { failureThreshold: 2, resetTimeoutMs: 1500, clock };
  return { clock, registry: createRegistry({ defaults }) };
}

test("a circuit that opened reports its state, calls, failures, changes and open time", () => {
  const { registry, clock } = newRegistry();
  const api = registry.get("api");
  api.acquire().success();
  api.acquire().failure(down);
  api.acquire().failure(down);
  api.tryAcquire();
  clock.advance(250);
  const page = metricsText(registry);
  expect(page).not.toContain("hunter2");
  for (const line of [
    "# TYPE dagger_breaker_circuit_calls_total counter",
    'dagger_breaker_circuits{dagger_breaker_circuit_state="open"} 1',
    'dagger_breaker_circuit_status{dagger_breaker_circuit_name="api",dagger_breaker_circuit_state="open"} 1',
    'dagger_breaker_circuit_status{dagger_breaker_circuit_name="api",dagger_breaker_circuit_state="closed"} 0',
    'dagger_breaker_circuit_retry_after_seconds{dagger_breaker_circuit_name="api"} 1.25',
    'dagger_breaker_circuit_calls_total{dagger_breaker_circuit_name="api",dagger_breaker_call_outcome="rejected"} 1',
    'dagger_breaker_circuit_failures_total{dagger_breaker_circuit_name="api",error_type="ECONNREFUSED",dagger_breaker_limited="false"} 2',
    'dagger_breaker_circuit_transitions_total{dagger_breaker_circuit_name="api",dagger_breaker_transition_from="closed",dagger_breaker_transition_to="open",dagger_breaker_transition_reason="tripped"} 1',
    'dagger_breaker_circuit_open_time_seconds_total{dagger_breaker_circuit_name="api"} 0.25',
  ]) {
    expect(page.split("\n")).toContain(line);
  }
  expect(parsed(page).length).toBeGreaterThan(15);
});

test("an opening between two readings is seen in the changes and the open time", () => {
  const { registry, clock } = newRegistry();
  const api = registry.get("api");
  for (const error of [down, down]) api.acquire().failure(error);
  clock.advance(1500);
  api.acquire().success();
  expect(samplesOf(registry, "dagger_breaker_circuit_open_time_seconds_total")).toEqual([
    { name: "api", value: 1.5 },
  ]);
  expect(samplesOf(registry, "dagger_breaker_circuit_transitions_total")).toMatchObject([
    { from: "closed", to: "open", value: 1 },
    { from: "open", to: "half_open", reason: "open_time_over", value: 1 },
    { from: "half_open", to: "closed", value: 1 },
  ]);
});

test("an isolated circuit is isolated and nothing else, and states no time", () => {
  const { registry } = newRegistry();
  registry.get("api").isolate("a secret reason");
  const states = samplesOf(registry, "dagger_breaker_circuit_status");
  expect(states.map(({ value }) => value)).toEqual([0, 0, 0, 1]);
  expect(samplesOf(registry, "dagger_breaker_circuit_retry_after_seconds")).toEqual([]);
  expect(metricsText(registry)).not.toContain("secret");
});

test("beyond the bound, circuits that are not closed come first, then those that were not", () => {
  const { registry, clock } = newRegistry();
  for (const name of ["a", "b", "c", "recovered", "z-open"]) registry.get(name);
  for (const name of ["recovered", "z-open"]) {
    for (const error of [down, down]) registry.get(name).acquire().failure(error);
  }
  clock.advance(1500);
  registry.get("recovered").acquire().success();
  const named = (bound: number) => [
    ...new Set(
      parsed(metricsText(registry, { maxCircuits: bound })).flatMap(
        ({ labels }) => labels.dagger_breaker_circuit_name ?? [],
      ),
    ),
  ];
  expect(named(1)).toEqual(["z-open", "_OTHER"]);
  expect(named(3)).toEqual(["z-open", "recovered", "a", "_OTHER"]);
  expect(named(5)).toEqual(["z-open", "recovered", "a", "b", "c"]);
});

test("the rest is one sum without counters, and the circuits by state are always complete", () => {
  const { registry } = newRegistry();
  for (let index = 0; index < 20; index += 1) registry.get(`c${index}`).acquire();
  registry.get("isolated").isolate("x");
  const others = parsed(metricsText(registry, { maxCircuits: 5 })).filter(
    ({ labels }) => labels.dagger_breaker_circuit_name === "_OTHER",
  );
  expect(others.filter(({ value }) => value > 0)).toMatchObject([
    {
      name: "dagger_breaker_circuit_status",
      labels: { dagger_breaker_circuit_state: "closed" },
      value: 16,
    },
    { name: "dagger_breaker_circuit_control_status", value: 16 },
    { name: "dagger_breaker_circuit_in_flight", value: 16 },
  ]);
  expect(others.filter(({ name }) => name.endsWith("_total"))).toEqual([]);
  expect(samplesOf(registry, "dagger_breaker_circuits", 5)).toEqual([
    { state: "closed", value: 20 },
    { state: "open", value: 0 },
    { state: "half_open", value: 0 },
    { state: "isolated", value: 1 },
  ]);
});

test("the page is valid whatever circuits are called, and each name comes back", () => {
  const unit = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom('a"b', "a\\n", "a\nb", "\\", "a,b{c}", "_OTHER", "\ud800", "a\ud800", "\r"),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(
        unit.filter((name) => name.trim() !== ""),
        { maxLength: 8 },
      ),
      (names) => {
        const registry = createRegistry();
        for (const name of names) registry.get(name);
        const seen = parsed(metricsText(registry))
          .filter(({ name }) => name === "dagger_breaker_circuit_in_flight")
          .map(({ labels }) => labels.dagger_breaker_circuit_name);
        const whole = names.filter((name) => name !== "_OTHER" && !/\p{Surrogate}/u.test(name));
        const expected = whole.length < names.length ? [...whole, "_OTHER"] : whole;
        expect([...seen].sort()).toEqual([...expected].sort());
      },
    ),
    { numRuns: 50 },
  );
});

test("each sum over the circuits is what they have counted", () => {
  const outcome = fc.constantFrom("success", "failure", "ignore", "none");
  const schedule = fc.array(fc.tuple(fc.nat(6), outcome, fc.nat(2000)), { maxLength: 60 });
  fc.assert(
    fc.property(schedule, (calls) => {
      const { registry, clock } = newRegistry();
      for (const [index, settle, waitMs] of calls) {
        clock.advance(waitMs);
        const permit = registry.get(`c${index}`).tryAcquire();
        if (permit instanceof Error || settle === "none") continue;
        if (settle === "failure") permit.failure(down);
        else permit[settle]();
      }
      const samples = parsed(metricsText(registry));
      const total = (metric: string, labels: Sample["labels"] = {}) =>
        samples
          .filter(({ name }) => name === metric)
          .filter((one) => Object.entries(labels).every(([key, text]) => one.labels[key] === text))
          .reduce((sum, { value }) => sum + value, 0);
      const all = [...registry.getAll().values()].map((breaker) => breaker.getMetrics());
      const sum = (of: (one: (typeof all)[number]) => number) =>
        all.reduce((before, one) => before + of(one), 0);
      const failed = { dagger_breaker_call_outcome: "failure" };
      const failures = sum(({ metrics }) => metrics.failureCount);
      expect(total("dagger_breaker_circuits")).toBe(all.length);
      expect(total("dagger_breaker_circuit_status")).toBe(all.length);
      expect(total("dagger_breaker_circuit_calls_total", failed)).toBe(failures);
      expect(total("dagger_breaker_circuit_failures_total")).toBe(failures);
      expect(total("dagger_breaker_circuit_transitions_total")).toBe(
        sum(({ metrics }) => metrics.stateChanges),
      );
    }),
    { numRuns: 50 },
  );
});

test("a registry without breakers has a page as well, and reading changes nothing", () => {
  const { registry } = newRegistry();
  expect(parsed(metricsText(registry)).map(({ value }) => value)).toEqual([0, 0, 0, 0]);
  registry.get("api").acquire();
  expect(metricsText(registry)).toBe(metricsText(registry));
});

test.each([
  [[{}], /^source is an object, expected a registry, a guarded client of Dagger or a fleet$/],
  [[undefined], /^source is undefined, expected a registry/],
  [[createRegistry(), { maxCircuits: 0 }], /"maxCircuits" is 0, expected .+1 to 10000/],
  [[createRegistry(), { max: 1 }], /metricsText option "max"/],
])("the wrong argument of call %# is told by name", (args, message) => {
  expect(() => metricsText(...(args as Parameters<typeof metricsText>))).toThrow(message);
});

test("docs/telemetry.md has the metrics as they are: else run scripts/write-metrics-docs.mjs after a build", async () => {
  const root = new URL("../../", import.meta.url);
  const { pageWithMetrics } = await import(new URL("scripts/write-metrics-docs.mjs", root).href);
  const page = readFileSync(new URL("docs/telemetry.md", root), "utf8");
  expect(page).toBe(pageWithMetrics(page, INSTRUMENTS, prometheusName));
});

test("no metric is renamed, and none changes its kind, unit or attributes", () => {
  const lines = Object.values(INSTRUMENTS)
    .flatMap(Object.values<Instrument>)
    .map(({ name, kind, unit, attributes }) => `${name} ${kind} ${unit}: ${attributes.join(" ")}`);
  const short = (text: string) => text.replaceAll("dagger_breaker.", "");
  expect(lines.every((line) => line.startsWith("dagger_breaker."))).toBe(true);
  expect(lines.map(short)).toEqual([
    "circuits updown {circuit}: circuit.state",
    "circuit.status updown 1: circuit.name circuit.state",
    "circuit.control.status updown 1: circuit.name circuit.control",
    "circuit.in_flight updown {call}: circuit.name",
    "circuit.retry_after gauge s: circuit.name",
    "circuit.calls counter {call}: circuit.name call.outcome",
    "circuit.failures counter {failure}: circuit.name error.type fault limited",
    "circuit.transitions counter {transition}: circuit.name transition.from transition.to transition.reason",
    "circuit.open.time counter s: circuit.name",
    "circuit.isolation.age gauge s: circuit.name",
    "upstream.avoided_requests counter {request}: circuit.name",
    "upstream.pinned_images counter {image}: circuit.name",
    "upstream.locked_images counter {image}: circuit.name",
    "upstream.mirrored_images counter {image}: circuit.name",
    "upstream.waits counter {wait}: circuit.name wait.result",
    "upstream.wait.time counter s: circuit.name",
    "engine.lost_sessions counter {session}: circuit.name",
    "store.status updown 1: store.kind store.state",
    "store.commands counter {command}: store.kind command.result",
    "store.dropped counter {outcome}: store.kind",
    "shared.circuits updown {circuit}: circuit.state",
    "shared.circuit.status updown 1: circuit.name circuit.scope circuit.state",
    "shared.circuit.calls counter {call}: circuit.name circuit.scope call.outcome",
    "shared.circuit.failures counter {failure}: circuit.name circuit.scope fault limited",
    "shared.circuit.transitions counter {transition}: circuit.name circuit.scope transition.reason",
    "shared.circuit.open.time counter s: circuit.name circuit.scope",
    "shared.circuit.retry_after gauge s: circuit.name circuit.scope",
    "shared.circuit.probe.overdue gauge s: circuit.name circuit.scope",
    "shared.circuit.isolation.age gauge s: circuit.name circuit.scope",
    "run.duration histogram s: circuit.scope cicd.pipeline.task.run.result",
    "run.errors counter {run}: circuit.scope error.type",
    "run.wait_time counter s: circuit.scope",
    "run.avoided_time counter s: circuit.scope",
  ]);
});
