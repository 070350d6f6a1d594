import { expect, test, vi } from "vitest";
import { revokedProxy } from "../../tests/breaker/harness.js";
import { announceOnce, kindOf } from "./announce.js";

test("announces once for each owner and function", () => {
  const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
  const [first, second] = [{}, {}];
  announceOnce(first, "one", "a listener", new Error("down"));
  announceOnce(first, "one", "a listener", new Error("down"));
  announceOnce(first, "one", "retryAfter", new Error("down"));
  announceOnce(second, "two", "a listener", undefined);
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    "a listener of one failed; the error was ignored: Error",
    "retryAfter of one failed; the error was ignored: Error",
    "a listener of two failed; the error was ignored: undefined",
  ]);
  warn.mockRestore();
});

test("the kind of an error is its name, and of another value its type", () => {
  const nameless = Object.assign(Object.create(null), { name: Object.create(null) });
  const cases = [new RangeError("secret"), { name: "GraphQLError" }, {}, "secret", null, undefined];
  expect(cases.map(kindOf)).toEqual([
    "RangeError",
    "GraphQLError",
    "object",
    "string",
    "object",
    "undefined",
  ]);
  expect([nameless, revokedProxy()].map(kindOf)).toEqual(["object", "object"]);
});
