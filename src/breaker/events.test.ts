import { expect, test } from "vitest";
import { Emitter, type OutcomeEvent } from "./events.js";

const event: OutcomeEvent = {
  breakerName: "api",
  outcome: "success",
  generation: 1,
  durationMs: 5,
  error: undefined,
};

test("nothing is delivered before deliver, then everything in order", () => {
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

test("what a listener enqueues is delivered after the rest, without another deliver", () => {
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

test("it hears outcomes while a listener for them is there, taken off once or twice", () => {
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

test("a listener that another has taken off hears nothing more, not even what was in the queue", () => {
  const emitter = new Emitter("api");
  const heard: string[] = [];
  emitter.on("success", () => takeOff());
  const takeOff = emitter.on("success", () => heard.push("taken off"));
  emitter.enqueue("success", event);
  emitter.enqueue("success", event);
  emitter.deliver();
  expect(heard).toEqual([]);
});

test("it hears an event while somebody listens to that very one", () => {
  const emitter = new Emitter("api");
  expect(emitter.hears("rejected")).toBe(false);
  const takeOff = emitter.on("rejected", () => {});
  expect([emitter.hears("rejected"), emitter.hears("late")]).toEqual([true, false]);
  takeOff();
  expect(emitter.hears("rejected")).toBe(false);
});
