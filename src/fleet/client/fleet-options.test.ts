import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { newBreaker, ScriptedStore } from "../../../tests/fleet/scripted-store.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { createRegistry } from "../../registry/registry.js";
import { sharedFailureOf } from "./circuit/shared-failure.js";
import { createFleet } from "./fleet.js";
import { hostOf, readReporter, runOf } from "./reporter.js";

const store = new ScriptedStore();
const noPushes = Object.assign(new ScriptedStore(), { pushes: false });

describe("wrong options throw an error that names what was expected", () => {
  test.each<[object | undefined, string]>([
    [undefined, 'createFleet option "store" is undefined, expected a store or the URL of a store'],
    [{ store: 5 }, 'option "store" is 5, expected an object with "open", "run"'],
    [
      { store: Object.assign(new ScriptedStore(), { kind: undefined }) },
      '"kind" of createFleet option "store" is undefined, expected a text',
    ],
    [
      { store: Object.assign(new ScriptedStore(), { minimumReporters: undefined }) },
      '"minimumReporters" of createFleet option "store" is undefined, expected a whole number',
    ],
    [
      { store: "ftp://u:secret@h" },
      'option "store" is not the URL of a store, expected a URL that begins',
    ],
    [{ store, scope: "a b" }, 'option "scope" is "a b", expected 1 to 100 of the characters'],
    [{ store, scope: "" }, 'option "scope" is ""'],
    [{ store, mode: "fast" }, 'option "mode" is "fast", expected "strict" or "cached"'],
    [{ store, timeoutMs: 0 }, 'option "timeoutMs" is 0, expected a number of milliseconds'],
    [{ store, minimumReporters: 9 }, 'option "minimumReporters" is 9, expected a whole number'],
    [{ store, reporter: 5 }, 'option "reporter" is 5, expected an object'],
    [{ store, reporter: { host: "" } }, 'option "host" is ""'],
    [{ store, token: 5 }, 'option "token" is of type number, expected a text'],
    [{ store, size: 5 }, 'option "size" is not known'],
    [{ store: noPushes, mode: "cached" }, 'option "mode" is "cached", expected "strict"'],
    [{ store: "sqlite:/tmp/x.db", mode: "cached" }, 'of the kind "sqlite" does not push'],
  ])("%#", (options, message) => {
    expect(() => createFleet(options as never)).toThrow(message);
    expect(() => createFleet(options as never)).not.toThrow("secret");
  });

  test.each<[string, unknown, string]>([
    ["no breaker", {}, "breaker is not a CircuitBreaker of this package"],
    [
      "another policy",
      new CircuitBreaker({ name: "api" }),
      '"api" has the trip policy "consecutive", expected "badSeconds"',
    ],
    [
      "too many bad seconds",
      newBreaker({ trip: { badSeconds: 61, windowMs: 61_000 } }),
      'option "badSeconds" of the shared circuit breaker "registry:docker.io" is 61',
    ],
    [
      "too many probes",
      newBreaker({ halfOpenMaxCalls: 1_001 }),
      'option "halfOpenMaxCalls" of the',
    ],
  ])("share: %s", (_what, breaker, message) => {
    expect(() => createFleet({ store }).share(breaker as never)).toThrow(message);
  });

  test("listeners and events are checked", () => {
    const fleet = createFleet({ store });
    const shared = fleet.share(newBreaker());
    expect(() => fleet.on("open" as never, () => {})).toThrow('event is "open"');
    expect(() => shared.on("storeDown" as never, () => {})).toThrow('event is "storeDown"');
    expect(() => shared.on("change", 5 as never)).toThrow("listener is 5");
    expect(() => shared.execute(5 as never)).toThrow("operation is 5");
  });
});

test("the kind of store behind a URL is known before it is opened", async () => {
  const kinds = ["redis://h", "rediss://h", "http://h", "https://h", "memory:", "sqlite:/x"].map(
    (url) => createFleet({ store: url }).store,
  );
  expect(kinds).toEqual(["redis", "redis", "http", "http", "memory", "sqlite"]);
  const fleet = createFleet({ store: "memory:" });
  expect(await fleet.open()).toBe(true);
  expect(await fleet.share(newBreaker()).execute(() => 5)).toBe(5);
  await fleet.close();
});

test("an invalid URL is the reason why the store is down", async () => {
  const fleet = createFleet({ store: "sqlite:" });
  const reasons: string[] = [];
  fleet.on("storeDown", ({ reason }) => reasons.push(reason));
  expect(await fleet.open()).toBe(false);
  expect(reasons).toEqual([expect.stringContaining("names no path")]);
});

test("a registry is shared by the names of its breakers", () => {
  const trip = { badSeconds: 3, windowMs: 60_000 };
  const registry = createFleet({ store }).registry(createRegistry({ defaults: { trip } }));
  const shared = registry.get("api");
  expect(registry.get("api")).toBe(shared);
  expect(registry.find("api")).toBe(shared);
  expect(registry.find("other")).toBeUndefined();
  expect([...registry.getAll()]).toEqual([["api", shared]]);
  expect(registry.local.get("api")).toBe(shared.local);
});

test.each<[Record<string, string>, string | null]>([
  [{}, null],
  [
    { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "a/b", GITHUB_RUN_ID: "5" },
    "https://github.com/a/b/actions/runs/5",
  ],
  [{ CI_JOB_URL: "https://user:token@gitlab.com/a/-/jobs/5" }, "https://gitlab.com/a/-/jobs/5"],
  [{ BUILD_URL: "http://jenkins/job/a/5/" }, "http://jenkins/job/a/5/"],
  [{ BUILD_URL: "no address" }, null],
  [
    {
      SYSTEM_COLLECTIONURI: "https://dev.azure.com/o/",
      SYSTEM_TEAMPROJECT: "p",
      BUILD_BUILDID: "5",
    },
    "https://dev.azure.com/o/p/_build/results?buildId=5",
  ],
  [
    { BITBUCKET_GIT_HTTP_ORIGIN: "http://bitbucket.org/a/b", BITBUCKET_BUILD_NUMBER: "5" },
    "http://bitbucket.org/a/b/pipelines/results/5",
  ],
  [
    { BUILD_URL: "https://u:secret@ci.example/job/1/?token=secret#secret" },
    "https://ci.example/job/1/",
  ],
])("finds the run of a CI system and shows it without secrets: %j", (environment, run) => {
  expect(runOf(environment)).toBe(run);
});

test("each reporter has a unique id that a store accepts", () => {
  const [one, other] = [readReporter({}, "reporter"), readReporter({ run: "r" }, "reporter")];
  expect(one.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(one.id).not.toBe(other.id);
  expect(one.host).not.toBe("");
  expect(other.run).toBe("r");
});

test.each<[unknown, object]>([
  [
    { fault: "registry", rule: "a.b", limited: true },
    { fault: "registry", rule: "a.b", limited: true },
  ],
  [
    { fault: "registry", rule: "with spaces", limited: true },
    { fault: null, rule: "error", limited: false },
  ],
  [
    Object.assign(new Error("secret"), { code: "ECONNRESET" }),
    { fault: null, rule: "ECONNRESET", limited: false },
  ],
  [new TypeError("secret"), { fault: null, rule: "TypeError", limited: false }],
  ["secret", { fault: null, rule: "string", limited: false }],
  [undefined, { fault: null, rule: "undefined", limited: false }],
])("shares only the parts of a failure without secrets: %#", (error, failure) => {
  expect(sharedFailureOf(error)).toEqual(failure);
});

test("an error that throws on any access is shared as an error", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(sharedFailureOf(proxy).rule).toBe("error");
});

test("processes of one machine are one reporter if counted by machine", () => {
  const reporterOf = (host: string) => readReporter({ host, countedBy: "machine" }, "reporter");
  expect(reporterOf("runner-1").id).toBe(reporterOf("runner-1").id);
  expect(reporterOf("runner-1").id).not.toBe(reporterOf("runner-2").id);
  expect(reporterOf("a machine, by any name").id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
});

test.each([
  [{ RUNNER_NAME: "ubuntu-7" }, "ubuntu-7"],
  [{ CI_RUNNER_DESCRIPTION: "shared-3" }, "shared-3"],
  [{ BUILDKITE_AGENT_NAME: "agent-1" }, "agent-1"],
  [{ AGENT_NAME: "pool-9" }, "pool-9"],
  [{ RUNNER_NAME: "" }, hostname()],
  [{}, hostname()],
  [{ RUNNER_NAME: "x".repeat(300) }, "x".repeat(200)],
])("names the machine of %j as its CI system or the machine itself does", (environment, host) => {
  expect(hostOf(environment)).toBe(host);
});
