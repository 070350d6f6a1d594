import { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TokenGate } from "./token-gate.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate"] }));
afterEach(() => void vi.useRealTimers());

/** Creates a gate, and connections that have not sent a token. */
function gateWith({ members = 10, unverified = 0 } = {}) {
  const gate = new TokenGate(members);
  const enter = () => {
    const socket = new Socket();
    gate.enter(socket);
    return socket;
  };
  return { gate, enter, sockets: Array.from({ length: unverified }, enter) };
}

test("cuts a connection without a token after 5 s, and not before", () => {
  const { sockets } = gateWith({ unverified: 1 });
  vi.advanceTimersByTime(4999);
  expect(sockets[0]?.destroyed).toBe(false);
  vi.advanceTimersByTime(2);
  expect(sockets[0]?.destroyed).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("does not time a connection with its token", () => {
  const { gate, enter } = gateWith();
  const socket = enter();
  expect(gate.isMember(socket)).toBe(false);
  expect(gate.admit(socket)).toBe(true);
  expect(gate.isMember(socket)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(3_600_000);
  expect(socket.destroyed).toBe(false);
  expect(gate.admit(socket)).toBe(true);
});

test("accepts a token that a busy machine reads late", () => {
  const { gate, enter } = gateWith();
  const socket = enter();
  // The timer has fired. Next, the sockets are read. After that, the gate checks the connection again.
  vi.advanceTimersToNextTimer();
  expect(gate.admit(socket)).toBe(true);
  vi.runAllTimers();
  expect(socket.destroyed).toBe(false);
});

test("with more than 1,000 connections without a token, cuts the oldest and no member", () => {
  const { gate, enter } = gateWith();
  const member = enter();
  gate.admit(member);
  const unverified = Array.from({ length: 1001 }, enter);
  expect(unverified.map(({ destroyed }) => destroyed).indexOf(false)).toBe(1);
  expect(unverified.filter(({ destroyed }) => destroyed).length).toBe(1);
  expect(member.destroyed).toBe(false);
});

test("bounds members separately, and one that leaves frees its place", async () => {
  const { gate, enter, sockets } = gateWith({ members: 2, unverified: 500 });
  const [one, two, three] = [enter(), enter(), enter()];
  expect([gate.admit(one), gate.admit(two), gate.admit(three)]).toEqual([true, true, false]);
  const left = new Promise((resolve) => one.once("close", resolve));
  one.destroy();
  await left;
  expect(gate.admit(three)).toBe(true);
  expect(sockets.every(({ destroyed }) => !destroyed)).toBe(true);
});

test("a connection that fails or closes leaves no timer, and its error ends nothing", async () => {
  const { gate, enter } = gateWith();
  const socket = enter();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy(new Error("reset"));
  await closed;
  expect(vi.getTimerCount()).toBe(0);
  expect(gate.admit(socket)).toBe(false);
});
