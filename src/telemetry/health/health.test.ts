import fc from "fast-check";
import { expect, test } from "vitest";
import { createFleet } from "../../fleet/client/fleet.js";
import { memoryStore } from "../../fleet/memory/memory-store.js";
import { noteGuarded } from "../../guard/guarded-clients.js";
import { createRegistry } from "../../registry/registry.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { health } from "./health.js";
import { circuitsReply, type HealthCircuit } from "./health-reply.js";

const down = new Error("secret");

function scene() {
  const clock = new VirtualClock();
  const registry = createRegistry({
    defaults: { clock, failureThreshold: 1, resetTimeoutMs: 60_000, openTimeJitter: 0 },
  });
  const open = (name: string) => registry.get(name).acquire().failure(down);
  return { clock, registry, open, ...health(registry) };
}

test("a process with an open circuit is live and ready, and its page of circuits is 200", () => {
  const { registry, open, live, ready, circuits, clock } = scene();
  open("git");
  registry.get("api");
  registry.get("hand").isolate("secret reason");
  clock.advance(1000);
  expect(live()).toEqual({ status: 200, body: { status: "ok" } });
  expect(ready()).toEqual({ status: 200, body: { status: "ok" } });
  const reply = circuits();
  expect(reply).toEqual({
    status: 200,
    body: {
      status: "ok",
      failed: [],
      unknown: [],
      counts: { closed: 1, open: 1, "half-open": 0, isolated: 1 },
      circuits: [
        { name: "hand", state: "isolated", stateAgeMs: 1000, retryAfterMs: null, rejects: true },
        { name: "git", state: "open", stateAgeMs: 1000, retryAfterMs: 59_000, rejects: true },
        { name: "api", state: "closed", stateAgeMs: 1000, retryAfterMs: 0, rejects: false },
      ],
      omittedCount: 0,
    },
  });
  expect(JSON.stringify(reply)).not.toContain("secret");
});

test.each([
  ["git", 503, ["git"]],
  ["api", 200, []],
  ["api, git", 503, ["git"]],
  [["api", "git,hand"], 503, ["git", "hand"]],
  [["git", "git"], 503, ["git"]],
  ["gti", 200, []],
])("fail=%j gives %i", (fail, status, failed) => {
  const { registry, open, circuits } = scene();
  open("git");
  registry.get("api");
  registry.get("hand").isolate("by hand");
  expect(circuits({ fail })).toMatchObject({
    status,
    body: { failed, status: status === 200 ? "ok" : "failed" },
  });
});

test("a name without a circuit is shown, because it may be a typo", () => {
  const { open, circuits } = scene();
  open("git");
  expect(circuits({ fail: "git,gti" }).body).toMatchObject({ failed: ["git"], unknown: ["gti"] });
});

test.each([
  ["", /^invalid "fail": a name has 0 characters, expected 1 to 200, such as/],
  ["git,", /a name has 0 characters/],
  ["x".repeat(201), /a name has 201 characters/],
  [[{ name: "git" }], /^invalid "fail": expected names of circuits as text$/],
  [{ name: "git" }, /expected names of circuits as text/],
  [null, /expected names of circuits as text/],
  [Array.from({ length: 101 }, (_, index) => `c${index}`), /101 names, expected at most 100/],
])("the wrong query of case %# gets 400 and the reason", (fail, error) => {
  const reply = scene().circuits({ fail });
  expect(reply).toEqual({ status: 400, body: { error: expect.stringMatching(error) } });
});

test("a circuit whose probe is due fails no check, since only a caller can make the probe", () => {
  const { open, circuits, clock } = scene();
  open("git");
  clock.advance(59_999);
  expect(circuits({ fail: "git" }).status).toBe(503);
  clock.advance(1);
  expect(circuits({ fail: "git" })).toMatchObject({
    status: 200,
    body: { circuits: [{ state: "open", retryAfterMs: 0, rejects: false }] },
  });
});

test("a breaker that is observed or disabled rejects nothing, so it fails no check", () => {
  const { registry, open, circuits } = scene();
  registry.get("seen").observe();
  open("seen");
  registry.get("off").disable();
  expect(registry.get("seen").state).toBe("open");
  expect(circuits({ fail: "seen,off" }).status).toBe(200);
});

test("a fleet shows the circuits that it shares and its store, and asks the store for neither", async () => {
  const store = memoryStore();
  let asked = 0;
  const counted = Object.assign(Object.create(store), {
    run: (...given: Parameters<typeof store.run>) => {
      asked += 1;
      return store.run(...given);
    },
    list: () => expect.unreachable("the store was asked for a list"),
  });
  const fleet = createFleet({ store: counted, scope: "egress" });
  const defaults = { trip: { badSeconds: 5, windowMs: 60_000 } };
  const shared = fleet.registry(createRegistry({ defaults }));
  await fleet.isolate("git", { reason: "secret", expiresInMs: 60_000 });
  await shared.get("git").refresh();
  shared.get("unheard");
  const before = asked;
  const { ready, circuits } = health(fleet);
  expect(ready()).toEqual({
    status: 200,
    body: { status: "ok", store: { kind: "memory", up: true, droppedCount: 0 } },
  });
  const reply = circuits({ fail: "git" });
  expect(reply).toMatchObject({
    status: 503,
    body: { failed: ["git"], circuits: [{ name: "git", scope: "egress", state: "isolated" }] },
  });
  expect(JSON.stringify(reply)).not.toContain("secret");
  expect(asked).toBe(before);
  await fleet.close();
  expect(ready()).toMatchObject({ status: 200, body: { store: { up: false } } });
});

test("a guarded client of Dagger has the circuits of its guard", () => {
  const { registry, open } = scene();
  open("registry:docker.io");
  const client = { container: () => ({}) };
  noteGuarded(client, registry);
  expect(health(client).circuits({ fail: "registry:docker.io" }).status).toBe(503);
});

test.each([[undefined], [{}], [{ getAll: () => new Map() }]])(
  "the wrong source of case %# is told by name",
  (source) => {
    expect(() => health(source as never)).toThrow(
      /source is .+, expected a registry, a guarded client of Dagger or a fleet/,
    );
  },
);

test("any value of a query gets a reply", () => {
  const { open, circuits } = scene();
  open("git");
  const fail = fc.oneof(fc.anything(), fc.array(fc.string()), fc.constantFrom("git", ["git"]));
  fc.assert(
    fc.property(fail, (value) => {
      expect([200, 400, 503]).toContain(circuits({ fail: value }).status);
    }),
  );
});

test("an unknown option of circuits is told by name", () => {
  expect(() => scene().circuits({ fial: "git" } as never)).toThrow('did you mean "fail"?');
});

test("the page lists 300 circuits at most, counts all, and always lists those that were named", () => {
  const state = fc.constantFrom<HealthCircuit["state"]>("closed", "open", "half-open", "isolated");
  const circuit = fc.record({ state, rejects: fc.boolean(), named: fc.boolean() });
  fc.assert(
    fc.property(fc.array(circuit, { maxLength: 400 }), (drawn) => {
      const all = drawn.map(({ state, rejects }, index): HealthCircuit => {
        return { name: `c${index}`, state, rejects, stateAgeMs: 0, retryAfterMs: 0 };
      });
      const named = all.filter((_, index) => drawn[index]?.named).slice(0, 100);
      const fail = named.length === 0 ? undefined : named.map(({ name }) => name);
      const { status, body } = circuitsReply(all, fail);
      if ("error" in body) return expect.unreachable(body.error);
      const failed = named.filter(({ rejects }) => rejects).map(({ name }) => name);
      expect(body.failed).toEqual(failed);
      expect(status).toBe(failed.length === 0 ? 200 : 503);
      expect(body.circuits.length).toBe(Math.min(300, all.length));
      expect(body.circuits.length + body.omittedCount).toBe(all.length);
      expect(Object.values(body.counts).reduce((sum, count) => sum + count, 0)).toBe(all.length);
      for (const one of named) expect(body.circuits).toContain(one);
    }),
    { numRuns: 50 },
  );
});
