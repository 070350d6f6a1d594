import { expect, test } from "vitest";
import { revokedProxy } from "../../tests/breaker/harness.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { defaultRegistry, getCircuitBreaker } from "../registry/default-registry.js";
import { createRegistry } from "../registry/registry.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { logTo } from "./log.js";

function listingLogger() {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => lines.push(`${level}: ${message}`);
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn") };
}

test("a circuit that opens is a warning, a rejection a debug line, closing is information", () => {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ name: "api", failureThreshold: 1, clock });
  const logger = listingLogger();
  logTo(breaker, logger);
  breaker.acquire().failure(new RangeError("token=hunter2"));
  clock.advance(1500);
  breaker.tryAcquire();
  clock.advance(58_500);
  breaker.acquire().success();
  expect(logger.lines).toEqual([
    'warn: circuit "api" opened: 1 consecutive failure (next probe in 60s, last failure: RangeError)',
    'debug: circuit "api" rejected a call: open (retry in 59s)',
    'info: circuit "api" is half-open: reset timeout over',
    'info: circuit "api" closed: probe succeeded',
  ]);
});

test("manual control is named and never a warning", () => {
  const breaker = new CircuitBreaker({ name: "api" });
  const logger = listingLogger();
  logTo(breaker, logger);
  breaker.isolate("maintenance");
  breaker.tryAcquire();
  breaker.release();
  expect(logger.lines).toEqual([
    'info: circuit "api" opened: isolated by hand',
    'debug: circuit "api" rejected a call: isolated',
    'info: circuit "api" closed: released by hand',
  ]);
});

test("outcomes are written when asked for, with how long they took", () => {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ name: "api", clock });
  const logger = listingLogger();
  const stop = logTo(breaker, logger, { calls: true });
  const permit = breaker.acquire();
  clock.advance(12);
  permit.success();
  breaker.record("ignored", { generation: 1 });
  stop();
  breaker.acquire().success();
  expect(logger.lines).toEqual([
    'debug: circuit "api": success after 12 ms (generation 1)',
    'debug: circuit "api": ignored (generation 1)',
  ]);
});

test("a registry logs for the breakers it has and for those it makes, until stopped", () => {
  const registry = createRegistry();
  const logger = listingLogger();
  registry.get("before");
  const stop = logTo(registry, logger);
  registry.get("before").isolate("x");
  registry.get("after").isolate("y");
  stop();
  registry.get("before").release();
  registry.get("later").isolate("z");
  expect(logger.lines.map((line) => line.split('"')[1])).toEqual(["before", "after"]);
});

test("a failure that is not an object is named by its type", () => {
  const breaker = new CircuitBreaker({ name: "api", failureThreshold: 1 });
  const logger = listingLogger();
  logTo(breaker, logger);
  breaker.acquire().failure("down");
  expect(logger.lines[0]).toContain("last failure: string");
});

test("a failure that cannot be looked at is logged all the same", () => {
  const breaker = new CircuitBreaker({ name: "api", failureThreshold: 1 });
  const logger = listingLogger();
  logTo(breaker, logger);
  breaker.acquire().failure(revokedProxy());
  expect(logger.lines[0]).toContain("last failure: object");
});

test("the registry of the process can be logged as well", () => {
  const logger = listingLogger();
  const stop = logTo(defaultRegistry, logger);
  getCircuitBreaker("logged").isolate("maintenance");
  stop();
  expect(defaultRegistry.delete("logged")).toBe(true);
  expect(logger.lines).toEqual(['info: circuit "logged" opened: isolated by hand']);
});

test("what is neither a breaker nor a registry is refused", () => {
  for (const source of [undefined, null, {}, new Map()]) {
    expect(() => logTo(source as never, console)).toThrow(
      `source is ${source == null ? source : "an object"}, expected a CircuitBreaker, a registry or a fleet`,
    );
  }
});

test("rejects an invalid logger and names what is missing", () => {
  const breaker = new CircuitBreaker();
  const half = { debug() {}, info() {} };
  expect(() => logTo(breaker, half as never)).toThrow(
    "logger.warn is undefined, expected a function",
  );
  expect(() => logTo(breaker, undefined as never)).toThrow("logger.debug is undefined");
  expect(() => logTo(breaker, console, { call: true } as never)).toThrow('logTo option "call"');
});
