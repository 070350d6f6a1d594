import { expect, test } from "vitest";
import { checkFault } from "../faults/fault-rules.js";
import { readSessionDoubleOptions } from "./session-options.js";

test("the defaults are an engine of 0.21 without faults", () => {
  expect(readSessionDoubleOptions(undefined)).toMatchObject({
    engineVersion: "v0.21.8",
    faults: [],
    workdir: process.cwd(),
    publishTo: undefined,
    lostSessionDelayMs: 10_000,
  });
});

test.each([
  [{ engineVersion: "v0.18.0" }, RangeError, 'option "engineVersion" is "v0.18.0"'],
  [{ faults: {} }, TypeError, 'option "faults" is an object'],
  [{ seed: -1 }, RangeError, 'option "seed" is -1'],
  [{ seed: 1, random: Math.random }, TypeError, 'options "seed" and "random" exclude each other'],
  [{ random: 1 }, TypeError, 'option "random" is 1'],
  [{ workdir: "" }, RangeError, 'option "workdir" is ""'],
  [{ lostSessionDelayMs: Number.NaN }, RangeError, 'option "lostSessionDelayMs" is NaN'],
  [{ traces: "http://a/" }, TypeError, 'option "traces" is "http://a/"'],
  [{ traces: {} }, TypeError, '"endpoint" is undefined'],
  [{ traces: { endpoint: "otel:4317" } }, RangeError, "expected one with http or https"],
  [
    { traces: { endpoint: "http://a/", scheduleDelayMs: -1 } },
    RangeError,
    '"scheduleDelayMs" is -1',
  ],
  [{ traces: { endpoint: "http://a/", header: "b" } }, TypeError, '"header" is not known'],
  [{ port: 1 }, TypeError, 'option "port" is not known'],
  [{ modules: [] }, TypeError, 'option "modules"'],
  [{ modules: { "my-ci": { functions: {} } } }, RangeError, '"my-ci" is not a name'],
  [
    { modules: { container: { functions: {} } } },
    RangeError,
    '"container" has a name that the API',
  ],
  [{ modules: { file: { functions: {} } } }, RangeError, "expected another"],
  [{ modules: { ci: {} } }, TypeError, '"functions"'],
  [{ modules: { ci: { functions: { Build: String } } } }, RangeError, '"Build" is not a name'],
  [{ modules: { ci: { functions: { id: String } } } }, RangeError, "every object has"],
  [{ modules: { ci: { functions: { run: {} } } } }, TypeError, '"run" is undefined'],
  [{ modules: { ci: { functions: { run: { run: [] } } } } }, TypeError, '"run"'],
  [{ modules: { ci: { functions: { run: { run: { command: [] } } } } } }, TypeError, '"command"'],
  [
    { modules: { ci: { functions: { run: { run: { command: ["a", 1] } } } } } },
    TypeError,
    "has 1, expected texts",
  ],
  [
    { modules: { ci: { functions: { run: { run: String, args: { a: "Nope" } } } } } },
    RangeError,
    'Unknown type "Nope"',
  ],
  [
    {
      modules: {
        ci: { functions: { run: { run: String, returns: "String! } type X { a: Int" } } },
      },
    },
    RangeError,
    "expected one of GraphQL",
  ],
  [
    { modules: { ci: { functions: { run: { run: String, returns: "Query!" } } } } },
    RangeError,
    "expected a type with an id",
  ],
  [3, TypeError, "the options of startSessionDouble are 3"],
])("rejects the options %j", (options, kind, message) => {
  const read = () => readSessionDoubleOptions(options as never);
  expect(read).toThrow(kind);
  expect(read).toThrow(message);
});

test.each([
  [undefined, "kind"],
  [{ kind: "boom" }, 'option "kind" is "boom"'],
  [{ kind: "toString" }, 'option "kind" is "toString"'],
  [{ kind: "hang", latencyMs: 1 }, 'option "latencyMs" is not known'],
  [{ kind: "latency" }, 'option "latencyMs" is undefined'],
  [{ kind: "latency", latencyMs: -1 }, 'option "latencyMs" is -1'],
  [{ kind: "message", message: "" }, 'option "message" is ""'],
  [{ kind: "status", host: "a", status: 200 }, 'option "status" is 200'],
  [{ kind: "status", host: "a", status: 503, at: "x" }, 'option "at" is "x"'],
  [{ kind: "status", host: "a", status: 503, body: 1 }, 'option "body" is 1'],
  [{ kind: "status", status: 503 }, "has operation undefined, expected a host"],
  [{ kind: "eof", operation: "withExec" }, 'has operation "withExec"'],
  [{ kind: "hang", operation: "pull" }, 'option "operation" is "pull"'],
  [{ kind: "hang", probability: 2 }, 'option "probability" is 2'],
  [{ kind: "hang", calls: 0 }, 'option "calls" is 0'],
  [{ kind: "hang", calls: [1.5] }, 'option "calls" is 1.5'],
  [{ kind: "hang", calls: { from: "1" } }, '"from" is "1"'],
  [{ kind: "hang", calls: { first: 1 } }, '"first" is not known'],
  [{ kind: "hang", calls: { from: 3, to: 2 } }, "ends at 2, before its start at 3"],
  [{ kind: "hang", host: "a", operation: "withExec" }, "which asks none"],
  [{ kind: "hang", operation: "request", contains: "a" }, "which has no text"],
  [{ kind: "status", status: 503, at: "layer", operation: "http" }, "only images have layers"],
  [{ kind: "hang", host: "" }, 'option "host" is ""'],
])("rejects the fault %j: %s", (fault, message) => {
  expect(() => checkFault(fault, "fail")).toThrow(message);
});
