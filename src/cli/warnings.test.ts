import { expect, test, vi } from "vitest";
import { holdWarnings, OF_ANYTHING, OF_TRACES } from "./warnings.js";

test("keeps warnings about traces for the end, and emits all others after it", async () => {
  const heard = vi.fn();
  process.on("warning", heard);
  const before = process.listeners("warning");
  const held = holdWarnings(OF_TRACES);
  const type = "CircuitBreakerWarning";
  process.emitWarning("traces are lost", { type, code: "traces-dropped" });
  process.emitWarning("something else", { type, code: "other" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).not.toHaveBeenCalled();
  await held.release();
  process.off("warning", heard);
  expect(held.notes).toEqual([{ code: "traces-dropped", text: "traces are lost." }]);
  expect(heard.mock.calls.map(([warning]) => warning.message)).toEqual(["something else"]);
  expect([...process.listeners("warning"), heard].sort()).toEqual([...before].sort());
});

test("can keep all warnings of this package, and emits those of others", async () => {
  const heard = vi.fn();
  process.on("warning", heard);
  const held = holdWarnings(OF_ANYTHING);
  const type = "CircuitBreakerWarning";
  process.emitWarning("an image was pinned", { type, code: "digest-used" });
  process.emitWarning("old", "DeprecationWarning", "DEP0001");
  await held.release();
  process.off("warning", heard);
  expect(held.notes).toEqual([{ code: "digest-used", text: "an image was pinned." }]);
  expect(heard.mock.calls.map(([warning]) => warning.message)).toEqual(["old"]);
});

test("releasing twice changes nothing", async () => {
  const before = process.listeners("warning");
  const held = holdWarnings(OF_TRACES);
  await held.release();
  await held.release();
  expect(process.listeners("warning")).toEqual(before);
});
