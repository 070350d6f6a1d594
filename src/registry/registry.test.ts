import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import {
  getAllCircuitBreakers,
  getCircuitBreaker,
  resetAllCircuitBreakers,
} from "./default-registry.js";
import { createRegistry, isRegistryFullError, type RegistryFullError } from "./registry.js";

test("the same name gives the same breaker", () => {
  const registry = createRegistry();
  const breaker = registry.get("api");
  expect(breaker.name).toBe("api");
  expect(registry.get("api")).toBe(breaker);
  expect(registry.get("other")).not.toBe(breaker);
});

test("accepts options equal to those of the existing breaker", () => {
  const registry = createRegistry();
  const breaker = registry.get("api");
  expect(registry.get("api", {})).toBe(breaker);
  expect(registry.get("api", { failureThreshold: 5 })).toBe(breaker);
  expect(registry.get("api", { trip: { consecutive: 5 }, resetTimeoutMs: 60_000 })).toBe(breaker);
});

test("other options for an existing name throw and show both", () => {
  const registry = createRegistry();
  registry.get("api", { failureThreshold: 3, resetTimeoutMs: 1000, halfOpenProbeTimeoutMs: 9 });
  const other = { trip: { badSeconds: 5, windowMs: 60_000 }, resetTimeoutMs: 2000 };
  expect(() => registry.get("api", { ...other, halfOpenProbeTimeoutMs: 9 })).toThrow(
    'circuit breaker "api" already exists with other options: ' +
      "resetTimeoutMs is 1000 (existing) and 2000 (given), " +
      'trip is {"consecutive":3} (existing) and {"badSeconds":5,"windowMs":60000} (given); ' +
      "expected the same options, or none",
  );
});

test("the difference shows the options as given, and only those", () => {
  const registry = createRegistry();
  registry.get("api", { trip: { failureRate: 0.5, windowMs: 1000 } });
  expect(() => registry.get("api", { trip: { failureRate: 0.6, windowMs: 1000 } })).toThrow(
    'trip is {"failureRate":0.5,"minimumCalls":10,"windowMs":1000} (existing) and ' +
      '{"failureRate":0.6,"minimumCalls":10,"windowMs":1000} (given)',
  );
});

test.each([
  [null, "options is null, expected an object"],
  ["strict", 'options is "strict", expected an object'],
  [{ name: "other" }, 'options contains a "name", expected none: the registry sets it'],
  [{ color: 1 }, 'CircuitBreaker option "color" is not known'],
])("wrong options of a breaker throw, whether it exists or not: %j", (options, message) => {
  const registry = createRegistry();
  registry.get("there");
  expect(() => registry.get("there", options as never)).toThrow(message);
  expect(() => registry.get("new", options as never)).toThrow(message);
  expect(() => createRegistry({ defaults: options as never })).toThrow(
    message.replace(/^options /, 'createRegistry option "defaults" '),
  );
});

test("functions among the options are compared by identity", () => {
  const registry = createRegistry();
  const classifyError = () => "ignored" as const;
  const breaker = registry.get("api", { classifyError });
  expect(registry.get("api", { classifyError })).toBe(breaker);
  expect(() => registry.get("api", { classifyError: () => "ignored" })).toThrow(
    "classifyError is a function (existing) and a function (given)",
  );
});

test("defaults apply to every breaker, and options given with a name take precedence", () => {
  const clock = new VirtualClock();
  const registry = createRegistry({ defaults: { failureThreshold: 1, clock } });
  const strict = registry.get("strict");
  const lenient = registry.get("lenient", { failureThreshold: 2, clock: undefined });
  strict.acquire().failure();
  lenient.acquire().failure();
  expect([strict.state, lenient.state]).toEqual(["open", "closed"]);
});

test("a trip policy given with a name replaces the default one, in either form", () => {
  const byThreshold = createRegistry({ defaults: { failureThreshold: 1 } });
  const byTrip = createRegistry({ defaults: { trip: { consecutive: 1 } } });
  const first = byThreshold.get("api", { trip: { consecutive: 2 } });
  const second = byTrip.get("api", { failureThreshold: 2 });
  for (const breaker of [first, second]) {
    breaker.acquire().failure();
    expect(breaker.state).toBe("closed");
  }
});

test("find returns an existing breaker, creates none, and counts as a use", () => {
  const registry = createRegistry({ maxBreakers: 2 });
  expect(registry.find("first")).toBeUndefined();
  const first = registry.get("first");
  registry.get("second");
  expect(registry.find("first")).toBe(first);
  registry.get("third");
  expect([...registry.getAll().keys()]).toEqual(["first", "third"]);
});

test("a full registry evicts the least recently used breaker", () => {
  const registry = createRegistry({ maxBreakers: 2 });
  const first = registry.get("first");
  registry.get("second");
  registry.get("first");
  registry.get("third");
  expect([...registry.getAll().keys()]).toEqual(["first", "third"]);
  expect(registry.get("first")).toBe(first);
});

test("never evicts a breaker that is open, controlled by hand or in use", () => {
  const registry = createRegistry({ maxBreakers: 4 });
  registry.get("open", { failureThreshold: 1 }).acquire().failure();
  registry.get("isolated").isolate("maintenance");
  const permit = registry.get("in use").acquire();
  registry.get("idle");
  registry.get("new");
  expect([...registry.getAll().keys()]).toEqual(["open", "isolated", "in use", "new"]);

  const inNew = registry.get("new").acquire();
  let caught: unknown;
  try {
    registry.get("one more");
  } catch (error) {
    caught = error;
  }
  expect(isRegistryFullError(caught)).toBe(true);
  expect((caught as RegistryFullError).name).toBe("RegistryFullError");
  expect((caught as RegistryFullError).message).toBe(
    'no room for circuit breaker "one more": all 4 places have breakers that are open, controlled by hand or in use',
  );

  permit.success();
  inNew.success();
  registry.get("one more");
  expect([...registry.getAll().keys()]).toEqual(["open", "isolated", "new", "one more"]);
});

test("evicts an idle breaker older than its time to live when another is made, even if there is room", () => {
  const clock = new VirtualClock();
  const registry = createRegistry({ idleTtlMs: 1000, clock });
  registry.get("old");
  registry.get("old but open", { failureThreshold: 1 }).acquire().failure();
  clock.advance(999);
  registry.get("young");
  clock.advance(1);
  registry.get("newest");
  expect([...registry.getAll().keys()]).toEqual(["old but open", "young", "newest"]);
});

test("a breaker that is looked up again has not been idle", () => {
  const clock = new VirtualClock();
  const registry = createRegistry({ idleTtlMs: 1000, clock });
  registry.get("used");
  registry.get("idle");
  clock.advance(999);
  registry.get("used");
  clock.advance(1);
  registry.get("newest");
  expect([...registry.getAll().keys()]).toEqual(["used", "newest"]);
});

test("the result of getAll does not change afterwards", () => {
  const registry = createRegistry();
  registry.get("api");
  const all = registry.getAll();
  registry.get("later");
  expect([...all.keys()]).toEqual(["api"]);
});

test("a listener sees every breaker once, existing and new", () => {
  const registry = createRegistry();
  const seen: string[] = [];
  registry.get("before");
  const off = registry.onBreaker((breaker) => seen.push(breaker.name));
  registry.get("after");
  registry.get("after");
  off();
  registry.get("unseen");
  expect(seen).toEqual(["before", "after"]);
});

test("a listener that throws or rejects affects no call and is announced once", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
  const registry = createRegistry();
  const seen: string[] = [];
  registry.onBreaker(() => {
    throw new RangeError("secret");
  });
  registry.onBreaker(async () => Promise.reject(new RangeError("secret")));
  registry.onBreaker((breaker) => seen.push(breaker.name));
  expect(registry.get("first").name).toBe("first");
  registry.get("second");
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(["first", "second"]);
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    "a listener of a registry failed; the error was ignored: RangeError",
  ]);
  warn.mockRestore();
});

test("a full registry inside an operation is ignored by its breaker", async () => {
  const registry = createRegistry({ maxBreakers: 1 });
  registry.get("busy").acquire();
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const call = breaker.execute(() => registry.get("new").execute(() => "value"));
  await expect(call).rejects.toSatisfy(isRegistryFullError);
  expect(breaker.state).toBe("closed");
});

test("a deleted breaker is forgotten, and its name starts anew", () => {
  const registry = createRegistry();
  const breaker = registry.get("api");
  expect(registry.delete("api")).toBe(true);
  expect(registry.delete("api")).toBe(false);
  expect(registry.get("api")).not.toBe(breaker);
});

test("resetAll closes open circuits and keeps isolation", () => {
  const registry = createRegistry({ defaults: { failureThreshold: 1 } });
  const open = registry.get("open");
  open.acquire().failure();
  const isolated = registry.get("isolated");
  isolated.isolate("maintenance");
  registry.resetAll();
  expect([open.state, isolated.state]).toEqual(["closed", "open"]);
  expect(isolated.getMetrics().control).toBe("isolated");
});

test.each([
  [{ maxBreakers: 0 }, 'createRegistry option "maxBreakers" is 0, expected a whole number from 1'],
  [{ maxBreakers: Number.NaN }, '"maxBreakers" is NaN'],
  [{ idleTtlMs: -1 }, '"idleTtlMs" is -1, expected a number of milliseconds above 0'],
  [{ idleTtlMs: "60" }, '"idleTtlMs" is "60"'],
  [{ defaults: { resetTimeoutMs: "x" } }, 'CircuitBreaker option "resetTimeoutMs" is "x"'],
  [{ maximum: 3 }, 'createRegistry option "maximum" is not known'],
  ["many", 'the options of createRegistry are "many", expected an object'],
])("wrong options throw: %j", (options, message) => {
  expect(() => createRegistry(options as never)).toThrow(message);
});

test("a name that is not a text throws", () => {
  expect(() => createRegistry().get("")).toThrow('CircuitBreaker option "name" is ""');
  expect(() => createRegistry().get(5 as never)).toThrow('CircuitBreaker option "name" is 5');
});

test("the registry of the process returns, lists and resets its breakers", () => {
  const breaker = getCircuitBreaker("default-registry-test", { failureThreshold: 1 });
  expect(getCircuitBreaker("default-registry-test")).toBe(breaker);
  expect(getAllCircuitBreakers().get("default-registry-test")).toBe(breaker);
  breaker.acquire().failure();
  expect(breaker.state).toBe("open");
  resetAllCircuitBreakers();
  expect(breaker.state).toBe("closed");
});

test("a bounded registry never exceeds its limit, and never loses a breaker that is in use", () => {
  const names = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const step = fc.record({ name: names, action: fc.constantFrom("nothing", "hold", "settle") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, max) => {
      const registry = createRegistry({ maxBreakers: max });
      const held = new Map<string, { breaker: unknown; settle: () => void }>();
      for (const { name, action } of steps) {
        if (action === "settle") {
          held.get(name)?.settle();
          held.delete(name);
          continue;
        }
        try {
          const breaker = registry.get(name);
          const holder = held.get(name);
          if (holder !== undefined) expect(breaker).toBe(holder.breaker);
          else if (action === "hold") {
            const permit = breaker.acquire();
            held.set(name, { breaker, settle: () => permit.success() });
          }
        } catch (error) {
          expect(isRegistryFullError(error)).toBe(true);
          expect(held.size).toBe(max);
        }
        expect(registry.getAll().size).toBeLessThanOrEqual(max);
        for (const [other, { breaker }] of held) expect(registry.getAll().get(other)).toBe(breaker);
      }
    }),
  );
});
