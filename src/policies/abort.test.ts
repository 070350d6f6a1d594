import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { onAbort } from "./abort.js";

test("calls every listener once for an abort, in order, with its reason", () => {
  const controller = new AbortController();
  const heard: unknown[] = [];
  const listener = (reason: unknown) => heard.push(["same", reason]);
  onAbort(controller.signal, listener);
  onAbort(controller.signal, listener);
  onAbort(controller.signal, (reason) => heard.push(["other", reason]));
  controller.abort("gone");
  expect(heard).toEqual([
    ["same", "gone"],
    ["same", "gone"],
    ["other", "gone"],
  ]);
});

test("does not call a removed listener, and removing it twice is fine", () => {
  const controller = new AbortController();
  const listener = vi.fn();
  const other = vi.fn();
  const forget = onAbort(controller.signal, listener);
  onAbort(controller.signal, other);
  forget();
  forget();
  controller.abort();
  expect(listener).not.toHaveBeenCalled();
  expect(other).toHaveBeenCalledTimes(1);
});

test("does not call a listener that another removes during the abort", () => {
  const controller = new AbortController();
  const second = vi.fn();
  onAbort(controller.signal, () => forget());
  const forget = onAbort(controller.signal, second);
  controller.abort();
  expect(second).not.toHaveBeenCalled();
});

test("adds one listener to a signal for all, and removes it with the last one", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const count = () => getEventListeners(signal, "abort").length;
  const forgets = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
  expect(count()).toBe(1);
  for (const forget of forgets) forget();
  expect(count()).toBe(0);
  const listener = vi.fn();
  onAbort(signal, listener);
  expect(count()).toBe(1);
  controller.abort();
  expect(count()).toBe(0);
  expect(listener).toHaveBeenCalledTimes(1);
});

test("does nothing without a signal", () => {
  const listener = vi.fn();
  onAbort(undefined, listener)();
  expect(listener).not.toHaveBeenCalled();
});
