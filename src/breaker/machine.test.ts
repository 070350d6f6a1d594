import { expect, test } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Permit } from "./calls/permit.js";
import { Machine } from "./machine.js";
import { type CircuitBreakerOptions, readSettings } from "./options.js";

function newMachine(options: CircuitBreakerOptions = {}) {
  const clock = new VirtualClock();
  const { name, settings } = readSettings({
    clock,
    failureThreshold: 1,
    resetTimeoutMs: 1_000,
    ...options,
  });
  return { machine: new Machine(name, settings), clock };
}

const failure = { outcome: "failure", error: undefined } as const;
const success = { outcome: "success", error: undefined } as const;

test("an admission after the open time passes through half-open in one step", () => {
  const { machine, clock } = newMachine();
  machine.account(1, failure);
  clock.advance(1_000);
  expect(machine.admit()).toBeInstanceOf(Permit);
  expect([machine.state.kind, machine.generation]).toEqual(["half-open", 3]);
});

test("a permit is counted in flight from admission to its first settlement", () => {
  const { machine } = newMachine();
  const permits = [machine.admit(), machine.admit()] as Permit[];
  expect(machine.inFlight).toBe(2);
  permits[0]?.success();
  permits[0]?.success();
  permits[1]?.release();
  expect(machine.inFlight).toBe(0);
});

test("an open time below the clock's resolution leads to a probe", () => {
  const { machine, clock } = newMachine({
    failureThreshold: undefined,
    resetTimeoutMs: Number.MIN_VALUE,
    trip: { badSeconds: 1, windowMs: 9_000 },
  });
  machine.account(1, failure);
  clock.advance(1_000);
  expect(machine.admit()).toBeInstanceOf(Permit);
  expect(machine.state.kind).toBe("half-open");
});

test("machines may share settings: each counts for itself", () => {
  const { settings } = readSettings({ failureThreshold: 1 });
  const [first, second] = [new Machine("a", settings), new Machine("b", settings)];
  first.account(1, failure);
  second.account(1, success);
  expect([first.state.kind, second.state.kind]).toEqual(["open", "closed"]);
});

test("disabled, it counts a failure and stays closed, whatever the policy", () => {
  const { machine } = newMachine({
    failureThreshold: undefined,
    trip: { failures: 1, windowMs: 9 },
  });
  machine.steer("disabled", "disable");
  machine.account(machine.generation, failure);
  expect(machine.state.kind).toBe("closed");
  expect(machine.failureCount).toBe(1);
});

test("admits freely while it is closed and no failure can open it at an admission", () => {
  const { machine } = newMachine({
    failureThreshold: undefined,
    trip: { badSeconds: 1, windowMs: 9_000 },
  });
  expect(machine.admitsFreely).toBe(true);
  machine.account(machine.generation, failure);
  expect(machine.admitsFreely).toBe(false);
  machine.reset();
  expect(machine.admitsFreely).toBe(true);
  machine.steer("isolated", "isolate", "maintenance");
  expect(machine.admitsFreely).toBe(false);
  const { machine: consecutive } = newMachine({ failureThreshold: 2 });
  consecutive.account(consecutive.generation, failure);
  expect(consecutive.admitsFreely).toBe(true);
  consecutive.account(consecutive.generation, failure);
  expect(consecutive.admitsFreely).toBe(false);
});

test("a success after a failure resets the count of consecutive failures, through a permit too", () => {
  const { machine } = newMachine({ failureThreshold: 2 });
  for (const one of [success, failure, success, failure]) machine.account(machine.generation, one);
  expect(machine.state.kind).toBe("closed");
});
