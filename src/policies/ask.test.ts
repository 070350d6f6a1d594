import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { ask, readYesOrNo } from "./ask.js";

const warn = vi.spyOn(process, "emitWarning");
beforeEach(() => void warn.mockReset().mockImplementation(() => undefined));
afterAll(() => void warn.mockRestore());

test("passes on a valid answer", () => {
  expect(ask("a policy", "fine", () => true, readYesOrNo)).toBe(true);
  expect(ask("a policy", "fine", () => null, String)).toBe("null");
  expect(warn).not.toHaveBeenCalled();
});

test("a function that throws has no answer and is announced once, without its message", () => {
  const boom = () => {
    throw new RangeError("secret");
  };
  for (let time = 1; time <= 3; time += 1) {
    expect(ask("a policy", "boom", boom, readYesOrNo)).toBeUndefined();
  }
  expect(warn.mock.calls).toEqual([
    [
      "boom of a policy failed; the error was ignored: RangeError",
      { type: "CircuitBreakerWarning" },
    ],
  ]);
});

test("rejects a promise as a boolean, and its rejection is not left unhandled", async () => {
  const answer = () => Promise.reject(new TypeError("secret"));
  expect(ask("a policy", "later", answer, readYesOrNo)).toBeUndefined();
  await new Promise((resolve) => setImmediate(resolve));
  expect(warn.mock.calls).toHaveLength(1);
});

test("reads only true or false", () => {
  expect([readYesOrNo(true), readYesOrNo(false)]).toEqual([true, false]);
  expect(() => readYesOrNo("yes")).toThrow('the answer is "yes", expected true or false');
});
