import fc from "fast-check";
import { expect, test } from "vitest";
import { classifyFailure } from "../../src/attribution/classify/classify-failure.js";
import { classifyResponse } from "../../src/attribution/classify/classify-response.js";
import type { Failure } from "../../src/attribution/failure.js";
import { upstreamsOfQuery } from "../../src/attribution/query/query-upstreams.js";
import { ATTRIBUTION_RULES } from "../../src/attribution/rules/index.js";

const FAULTS = [
  "engine",
  "registry",
  "git",
  "http",
  "service",
  "user",
  "cancelled",
  "cloud",
  "unknown",
];

function isSound(failure: Failure): boolean {
  return (
    FAULTS.includes(failure.fault) &&
    !(failure.counts && ["user", "cancelled", "unknown"].includes(failure.fault)) &&
    (failure.upstream === null || /^[a-z0-9*_.:[\]-]{1,262}$/.test(failure.upstream)) &&
    (failure.retryAfterMs === null || failure.retryAfterMs >= 0)
  );
}

/** Words that rules look for, which the tests combine in ways that no engine would. */
const words = ATTRIBUTION_RULES.flatMap((rule) => {
  const conditions = [rule.when].flat();
  return conditions.flatMap((one) =>
    typeof one === "function" ? [] : [...(one.any ?? []), ...(one.all ?? [])],
  );
});
const piece = fc.oneof(
  fc.constantFrom(
    ...words,
    "https://",
    "git@",
    "Error: ",
    "\n",
    "exit code: ",
    "503",
    "dial tcp ",
    "1   : ",
  ),
  fc.string({ maxLength: 12 }),
);
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));

test("any text gives a sound classification", () => {
  fc.assert(
    fc.property(soup, fc.option(fc.string(), { nil: undefined }), (text, operation) =>
      isSound(classifyFailure(text, { operation, query: text })),
    ),
    { numRuns: 2_000 },
  );
});

test("any JSON as the body of an answer gives sound classifications", () => {
  const error = fc.record(
    {
      message: fc.oneof(soup, fc.jsonValue()),
      path: fc.oneof(fc.array(fc.oneof(fc.string(), fc.integer())), fc.jsonValue()),
      extensions: fc.oneof(
        fc.record({ _type: fc.constantFrom("EXEC_ERROR", "X", 5) }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({
      data: fc.jsonValue(),
      errors: fc.array(fc.oneof(error, fc.jsonValue()), { maxLength: 4 }),
    }),
  );
  fc.assert(
    fc.property(body, fc.integer({ min: -1, max: 999 }), soup, (value, status, query) =>
      [JSON.stringify(value), value, query].every((given) =>
        classifyResponse({ status, body: given }, { query }).every(isSound),
      ),
    ),
    { numRuns: 1_000 },
  );
});

test("any object as an error gives a sound classification", () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true }),
      (value) => {
        const error = Object.assign(new Error("x"), {
          cause: value,
          response: value,
          extensions: value,
        });
        return (
          isSound(classifyFailure(value)) &&
          isSound(classifyFailure(error)) &&
          isSound(classifyFailure({ errors: value, code: value, name: value, message: value }))
        );
      },
    ),
    { numRuns: 1_000 },
  );
});

test("any text as a query names only sound hosts", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom("from(address", "git(url", "http(url"),
      (text, field) => {
        const found = upstreamsOfQuery(
          `{ container { ${field}: ${JSON.stringify(text)}) } ${field}: ${JSON.stringify(text)}) }`,
        );
        return found.every(({ host }) => /^[a-z0-9*_.:[\]-]{1,262}$/.test(host));
      },
    ),
    { numRuns: 1_000 },
  );
});

function refuses(): never {
  throw new Error("no");
}

/** An object that throws on every access. */
const hostile = new Proxy({}, { get: refuses, has: refuses, ownKeys: refuses });

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function withGetter(property: string, target: object = {}): object {
  return Object.defineProperty(target, property, { get: refuses, configurable: true });
}

const MISSING = { operation: "http", source: "cli" };

test.each<[string, unknown]>([
  ["null", null],
  ["a number", 5],
  ["one that throws", hostile],
  ["a revoked proxy", revoked({})],
  ["one whose operation throws", withGetter("operation")],
  ["one whose query throws", withGetter("query", { ...MISSING })],
  ["one with a query that throws", { ...MISSING, query: hostile }],
  ["one with a query that is a revoked proxy", { ...MISSING, query: revoked({}) }],
  ["one whose exit code throws", withGetter("exitCode")],
  ["an exit code that is a symbol", { exitCode: Symbol("x") }],
  ["an exit code that throws when it is made a number", { exitCode: { valueOf: refuses } }],
  ["words that are none", { operation: {}, source: [], query: 5, exitCode: "9" }],
])("a context that is %s harms nothing", (_what, context) => {
  const text = "invalid response status 503 Service Unavailable";
  expect(classifyFailure(text, context as never)).toMatchObject({ fault: "http", upstream: null });
  expect(classifyFailure("", context as never).fault).toBe("unknown");
  const [failure] = classifyResponse({ status: 502, body: "" }, context as never);
  expect(failure?.fault).toBe("engine");
});

test.each<[string, unknown]>([
  ["a list whose entries throw", withGetter("0", [1, 2])],
  ["a list whose methods throw", Object.assign([1], { slice: refuses, map: refuses })],
  ["a list that is a revoked proxy", revoked([])],
  ["a list with nothing but a length", Object.assign([], { length: 4_000_000_000 })],
  ["entries that throw", [hostile, revoked({}), null, Symbol("x")]],
  [
    "a list that holds itself",
    (() => {
      const list: unknown[] = [];
      list.push(list);
      return list;
    })(),
  ],
])("an answer whose errors are %s gives sound classifications", (_what, errors) => {
  const failures = classifyResponse({ status: 200, body: { errors } });
  expect(failures.length).toBeLessThanOrEqual(1_000);
  expect(failures.every((failure) => isSound(failure))).toBe(true);
  expect(isSound(classifyFailure({ errors, path: errors, cause: { errors } }))).toBe(true);
});

test.each<[string, unknown]>([
  ["undefined", undefined],
  ["a number", 502],
  ["one that throws", hostile],
  ["a revoked proxy", revoked({})],
  ["a status that is no number", { status: "502", body: "" }],
  ["a status that is not finite", { status: Number.NaN, body: "" }],
])("an answer that is %s has an unknown fault and does not count", (_what, response) => {
  expect(classifyResponse(response as never)).toMatchObject([{ fault: "unknown", counts: false }]);
});

test("a function, a class or a number as an error does not count as a failure", () => {
  for (const value of [() => 503, class Timeout {}, 503, 503n, true, new Date(Number.NaN)]) {
    expect(classifyFailure(value)).toMatchObject({ counts: false, upstream: null });
  }
});

test("the first known error in an AggregateError decides", () => {
  const eof = new Error('failed to do request: Head "https://ghcr.io/v2/a/manifests/1": EOF');
  const failure = classifyFailure(new AggregateError([new Error("x"), eof], "all of them failed"));
  expect(failure).toMatchObject({ fault: "registry", upstream: "ghcr.io" });
  const endless = new AggregateError([], "x");
  endless.errors.push(new Error("y"), endless);
  expect(classifyFailure(endless).fault).toBe("unknown");
});
