import { expect, test, vi } from "vitest";
import { holdWarnings, OF_ANYTHING, OF_TRACES } from "./warnings.js";

test("what is said of traces is kept for the end, all else told after it", async () => {
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

test("all that this package says can be kept, and what others say is still told", async () => {
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

test("to let warnings through twice changes nothing", async () => {
  const before = process.listeners("warning");
  const held = holdWarnings(OF_TRACES);
  await held.release();
  await held.release();
  expect(process.listeners("warning")).toEqual(before);
});
