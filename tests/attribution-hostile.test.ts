import fc from "fast-check";
import { expect, test } from "vitest";
import { classifyFailure } from "../src/attribution/classify-failure.js";
import { classifyResponse } from "../src/attribution/classify-response.js";
import type { Failure } from "../src/attribution/failure.js";
import { upstreamsOfQuery } from "../src/attribution/query-upstreams.js";
import { ATTRIBUTION_RULES } from "../src/attribution/rules/index.js";

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

/** Words that rules look for, thrown together as no engine would. */
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

test("any text gives a sound verdict", () => {
  fc.assert(
    fc.property(soup, fc.option(fc.string(), { nil: undefined }), (text, operation) =>
      isSound(classifyFailure(text, { operation, query: text })),
    ),
    { numRuns: 2_000 },
  );
});

test("any JSON as the body of an answer gives sound verdicts", () => {
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

test("any object as an error gives a sound verdict", () => {
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

/** Stretches that make a pattern with a repetition inside a repetition take for ever. */
const STRETCHES = [
  "a",
  " ",
  "\n",
  "  \n",
  "-\n  a",
  "://",
  'get "https://a',
  "https://a@",
  "fetch remote a@b:",
  "Error: x\n",
  "1   : ! x\n",
  "#1 1.1 ",
  "│ ┃ ",
  "image a/b:c ",
  "from a.b/c ",
  "status code ",
  "503 ",
  "dial tcp a.b.c:1->",
  "lookup a.b ",
  "retry-after: 1m",
  "exit code: -",
  "session 0123456789 ",
  "snapshot aaaaaaaaa ",
  "container registry a.a.a.a",
  "\u001b[1;1m",
  "[traceparent:0",
  "did not complete successfully: ",
  "token bucket key x not set for ",
  "host='a.a.a",
  'unable to start container process: exec: "a',
  "oci runtime: exec a/a:",
  "oci runtime: chdir to cwd (a",
  `dial unix ${"/docker".repeat(60)} `,
  "/var/lib/dagger/a: ",
  "failed to prepare aaaa as ",
  "snapshot aaaa sha256:0a0a0a ",
  "unknown a",
  "could not be ",
  "start engine: context a.a-",
  "docker://a.b/c",
  "a.b/c: not found",
  '\\\\"',
  "/",
  "a/",
  "a=b/",
  "tag a-",
  "from from ",
  'function "a',
  "remote ref a",
  "proxyconnect tcp: dial tcp lookup a",
  "socks connect tcp a.a:1->a.a:1",
  "resolve proxy: a.a",
  "connect to a.a port 1 via ",
  "request to aaaa",
  "response status 503 a ",
  ": 503 a",
  "503 a, ",
  "404 Not Found: https://a.b/c ",
  "url=URL('https://a.b/c') ",
  "to a.a.a/a",
  "9   : ┆ [0.1s] | 1   : connect\n",
  "9   : ┆ exec a\n",
  "#9 [a] RUN a\n#9 0.1 a\n",
  "------\n > a:\n0.1 a\n",
  "2025-11-25T01:02:03.1Z ",
  "2025-11-25T01:02:03.1Z\n",
  "::error a",
  "\u001b]8;;a",
  "go: a@v",
  "e: unable to\n",
];

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least of some runs: what else the machine does only ever adds. */
function leastMs(text: string): number {
  return Math.min(...[1, 2, 3].map(() => cpuMs(() => classifyFailure(text, { query: text }))));
}

test.each(STRETCHES)("a megabyte of %j takes no longer than 128 KiB of it", (stretch) => {
  const fill = (size: number) => stretch.repeat(Math.ceil(size / stretch.length)).slice(0, size);
  classifyFailure(fill(128 * 1024));
  const small = leastMs(fill(128 * 1024));
  const large = leastMs(fill(1024 * 1024));
  expect(large).toBeLessThan(3 * small + 50);
  expect(small).toBeLessThan(1_500);
});

function refuses(): never {
  throw new Error("no");
}

/** An object that throws whatever it is asked. */
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
])("an answer whose errors are %s gives sound verdicts", (_what, errors) => {
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
])("an answer that is %s is nobody's fault", (_what, response) => {
  expect(classifyResponse(response as never)).toMatchObject([{ fault: "unknown", counts: false }]);
});

test("a function's, a class's and a number's own words are no failure of anybody", () => {
  for (const value of [() => 503, class Timeout {}, 503, 503n, true, new Date(Number.NaN)]) {
    expect(classifyFailure(value)).toMatchObject({ counts: false, upstream: null });
  }
});

test("of an error of errors the first that tells decides", () => {
  const eof = new Error('failed to do request: Head "https://ghcr.io/v2/a/manifests/1": EOF');
  const failure = classifyFailure(new AggregateError([new Error("x"), eof], "all of them failed"));
  expect(failure).toMatchObject({ fault: "registry", upstream: "ghcr.io" });
  const endless = new AggregateError([], "x");
  endless.errors.push(new Error("y"), endless);
  expect(classifyFailure(endless).fault).toBe("unknown");
});

const TEN_MEGABYTES = "Error: https://a.example timed out 503\n".repeat(270_000);

test.each<[string, () => unknown]>([
  ["a text", () => classifyFailure(TEN_MEGABYTES)],
  ["a message", () => classifyFailure(new Error(TEN_MEGABYTES))],
  ["a message without a line break", () => classifyFailure("a".repeat(10_000_000))],
  ["a name and a code", () => classifyFailure({ name: TEN_MEGABYTES, code: TEN_MEGABYTES })],
  [
    "what a command printed",
    () => classifyFailure({ name: "ExecError", exitCode: 1, stdout: TEN_MEGABYTES }),
  ],
  ["an answer", () => classifyResponse({ status: 502, body: TEN_MEGABYTES })],
  ["a cut answer", () => classifyResponse({ status: 200, body: "{".repeat(10_000_000) })],
  ["a query", () => classifyFailure("invalid response status 503", { query: TEN_MEGABYTES })],
  ["an operation", () => classifyFailure("x", { operation: TEN_MEGABYTES, source: TEN_MEGABYTES })],
])("%s of 10 MB takes less than a second", (_what, classify) => {
  expect(Math.min(...[1, 2, 3].map(() => cpuMs(classify)))).toBeLessThan(1_000);
});
