import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { onAbort } from "./abort.js";

test("every listener hears an abort once, in order, with its reason", () => {
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

test("a listener that was taken off hears nothing, and taking it off twice harms nobody", () => {
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

test("a listener that another takes off while the abort is told hears nothing", () => {
  const controller = new AbortController();
  const second = vi.fn();
  onAbort(controller.signal, () => forget());
  const forget = onAbort(controller.signal, second);
  controller.abort();
  expect(second).not.toHaveBeenCalled();
});

test("a signal carries one listener for all, and none once nobody listens", () => {
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

test("without a signal there is nothing to hear", () => {
  const listener = vi.fn();
  onAbort(undefined, listener)();
  expect(listener).not.toHaveBeenCalled();
});
