import { expect, test, vi } from "vitest";
import { holdWarnings } from "./warnings.js";

test("what is said of traces is kept for the end, all else told after it", async () => {
  const heard = vi.fn();
  process.on("warning", heard);
  const before = process.listeners("warning");
  const held = holdWarnings();
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
