import { expect, test } from "vitest";
import { Emitter, type OutcomeEvent } from "./events.js";

const event: OutcomeEvent = {
  breakerName: "api",
  outcome: "success",
  generation: 1,
  durationMs: 5,
  error: undefined,
};

test("delivers nothing before deliver, then everything in order", () => {
  const emitter = new Emitter("api");
  const heard: string[] = [];
  emitter.on("success", () => heard.push("success"));
  emitter.on("late", () => heard.push("late"));
  emitter.enqueue("late", event);
  emitter.enqueue("success", event);
  expect(heard).toEqual([]);
  emitter.deliver();
  emitter.deliver();
  expect(heard).toEqual(["late", "success"]);
});

test("delivers events that a listener enqueues last, without another deliver", () => {
  const emitter = new Emitter("api");
  const heard: string[] = [];
  emitter.on("success", () => {
    emitter.enqueue("late", event);
    emitter.deliver();
    heard.push("first");
  });
  emitter.on("success", () => heard.push("second"));
  emitter.on("late", () => heard.push("caused"));
  emitter.enqueue("success", event);
  emitter.deliver();
  expect(heard).toEqual(["first", "second", "caused"]);
});

test("hearsOutcomes is true while a listener for outcomes is present, removed once or twice", () => {
  const emitter = new Emitter("api");
  emitter.on("stateChange", () => {});
  emitter.on("rejected", () => {});
  expect(emitter.hearsOutcomes).toBe(false);
  for (const name of ["success", "failure", "ignored", "late"] as const) {
    const takeOff = emitter.on(name, () => {});
    const takeOther = emitter.on(name, () => {});
    takeOff();
    takeOff();
    expect(emitter.hearsOutcomes).toBe(true);
    takeOther();
    expect(emitter.hearsOutcomes).toBe(false);
  }
});

test("a listener that another has removed receives nothing more, not even queued events", () => {
  const emitter = new Emitter("api");
  const heard: string[] = [];
  emitter.on("success", () => takeOff());
  const takeOff = emitter.on("success", () => heard.push("taken off"));
  emitter.enqueue("success", event);
  emitter.enqueue("success", event);
  emitter.deliver();
  expect(heard).toEqual([]);
});

test("hears is true only for an event that has a listener", () => {
  const emitter = new Emitter("api");
  expect(emitter.hears("rejected")).toBe(false);
  const takeOff = emitter.on("rejected", () => {});
  expect([emitter.hears("rejected"), emitter.hears("late")]).toEqual([true, false]);
  takeOff();
  expect(emitter.hears("rejected")).toBe(false);
});
